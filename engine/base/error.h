// The one error type for faults of the user or the environment: a bad shape, a missing file, a device
// without memory. The message is one line that names the op or file, the shapes, and what to do.
// Broken invariants of the engine itself are asserts, not Errors.
#pragma once

#include <stdexcept>
#include <string>

#include "base/text.h"

namespace tuff {

class Error : public std::runtime_error {
 public:
  // Control characters, which names in files may have, become '?'.
  explicit Error(const std::string& message) : std::runtime_error(printable(message)) {}
};

// The device stopped answering. Every executable on it is dead; make a new Device and resume from the
// last checkpoint.
class DeviceLost : public Error {
 public:
  using Error::Error;
};

// The device or a budget has no room for what was asked.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

}  // namespace tuff
