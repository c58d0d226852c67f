// What the pages of a TIFF are, from its description or the user's `axes`. Pure text and numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tuff {

// Pages as time, channels, slices: page = t * t_stride + c * c_stride + z * z_stride.
struct PageOrder {
  std::int64_t frames = 1;
  std::int64_t channels = 1;  // of pages; samples of a pixel multiply it
  std::int64_t depth = 1;
  std::int64_t frame_stride = 1;
  std::int64_t channel_stride = 1;
  std::int64_t depth_stride = 1;
};

struct TiffDescription {
  enum class Writer { unknown, imagej, ome, tifffile };
  Writer writer = Writer::unknown;
  std::string order;  // page axes it names, slowest first, of "TCZ"; empty: it doesn't say
  std::int64_t frames = 1;
  std::int64_t channels = 1;  // OME: counts samples of a pixel too
  std::int64_t depth = 1;
  std::int64_t images = 0;  // ImageJ's number of pages, 0: unknown
  double pixel_width = 0;
  double pixel_height = 0;
  double pixel_depth = 0;
  std::string unit;
};

// Understands ImageJ's key=value lines, OME-XML, tifffile's JSON; anything else gives Writer::unknown.
TiffDescription parse_description(std::string_view text);

// Error (naming `source`) where pages, description and `axes` don't fit each other.
PageOrder order_pages(const std::string& source, std::int64_t pages, std::int64_t samples,
                      const TiffDescription& description, std::string_view axes);

}  // namespace tuff
