// FNV-1a, 64 bits: names of cache files and checksums. Not for data that someone wants to collide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tuff {

class Hash {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) value_ = (value_ ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3ull;
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ull;
};

}  // namespace tuff
