// Readers of files that may be hostile. A target takes any bytes: what it reads is well formed, or refused by an Error;
// anything else (a crash, another exception, a huge allocation) is a fault.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace tuff::fuzz {

using Bytes = std::span<const std::byte>;

struct Target {
  std::string_view name;  // of its folder of seeds too
  void (*run)(Bytes);
};

std::span<const Target> targets();

// A PNG with the checksums of its chunks made right, so that changed ones are decoded too; other bytes as they are.
std::vector<std::byte> with_right_checksums(Bytes bytes);

}  // namespace tuff::fuzz
