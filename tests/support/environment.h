// Environment variables for the length of a scope; what was there before comes back. Not for tests with threads.
#pragma once

#include <optional>
#include <string>

namespace tuff::test {

class ScopedEnvironment {
 public:
  ScopedEnvironment(std::string name, const std::string& value);
  ~ScopedEnvironment();
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  std::string name_;
  std::optional<std::string> before_;
};

}  // namespace tuff::test
