// Files for tests: a folder of their own, small images, and the optional real data beside the checkout.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/philox.h"
#include "io/image.h"

namespace tuff::test {

// Removed with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Whole numbers below `limit`, a pure function of the arguments.
Image random_image(std::int64_t channels, std::int64_t height, std::int64_t width, std::uint32_t limit = 256,
                   std::uint64_t seed = 1);

// ../shared/data beside the checkout; nothing where it is absent.
std::optional<std::filesystem::path> real_data();

// The message of the Error that `action` throws; "" where it throws none.
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace tuff::test
