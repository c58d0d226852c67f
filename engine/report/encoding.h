// How bytes are written and checked in reports: base64 for pictures in pages, CRC-32C for event files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tuff {

// RFC 4648, with padding.
std::string base64(std::span<const std::byte> bytes);

// Castagnoli's polynomial (RFC 3720, appendix B.4).
std::uint32_t crc32c(std::string_view bytes);

}  // namespace tuff
