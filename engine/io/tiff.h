// TIFF as Fiji and microscopes write it, through libtiff: any number of pages and channels, 1 to 64 bits,
// strips and tiles, both planar configurations, LZW, Deflate and what else libtiff decodes, BigTIFF.
// What pages are (z, time, channel) comes from ImageJ's, OME's or tifffile's description, else from `axes`.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace tuff {

// What stored numbers mean where a file has a palette or calls its smallest value white.
enum class TiffValues : std::uint8_t {
  pixels,  // palettes become colours and MinIsWhite is inverted; ImageJ's colour tables are for display only
  labels,  // palette indices; ImageJ's masks with inverting table keep 255 as foreground
};

// `axes` names the axes in the file's order, slowest first, ending in YX: "ZYX", "CYX", "TYX"; with several page axes a
// number behind a letter gives its extent ("T10ZYX") where the file doesn't. Samples of a pixel (RGB) are channels too.
// It goes before what the file says. `plane` reads only that one (Image::plane's number). Error where a file with
// several pages doesn't say and `axes` is empty: it lists the choices.
Image read_tiff(const std::filesystem::path& path, std::string_view axes = {}, TiffValues values = TiffValues::pixels,
                std::int64_t plane = kAllPlanes);
Image probe_tiff(const std::filesystem::path& path, std::string_view axes = {});  // without pixels

// From memory; `source` names it in errors.
Image parse_tiff(std::span<const std::byte> bytes, const std::string& source, std::string_view axes = {},
                 TiffValues values = TiffValues::pixels, std::int64_t plane = kAllPlanes);

// Deflate-compressed, with pixel size; 8 or 16 bits, 32-bit integers or floats by image.info. More than one page
// is written with ImageJ's description.
void write_tiff(const std::filesystem::path& path, const Image& image);
std::vector<std::byte> serialize_tiff(const Image& image);

}  // namespace tuff
