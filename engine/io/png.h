// What stb_image doesn't do for PNG: refuse a damaged file, give palette indices, write 16 bits.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "io/image.h"

namespace tuff {

struct PngHeader {
  std::int64_t width = 0;
  std::int64_t height = 0;
  int bits = 8;
  bool palette = false;
};

bool is_png(std::span<const std::byte> bytes);

// Size and depth from the first 33 bytes.
PngHeader parse_png_header(std::span<const std::byte> bytes, const std::string& source);

// Error unless every chunk is there with its right checksum up to IEND: stb_image skips checksums.
void check_png(std::span<const std::byte> bytes, const std::string& source);

// Palette indices, or grey values as stored (a 1-bit file gives 0 and 1); only for those two kinds.
Image decode_png_indices(std::span<const std::byte> bytes, const std::string& source);

// 8 or 16 bits (info.bits above 8), 1 or 3 channels, one plane; values are rounded and clamped.
std::vector<std::byte> serialize_png(const Image& image);

}  // namespace tuff
