// TIFF as Fiji and microscopes write it, through libtiff: any number of pages and channels, 1 to 64 bits,
// strips and tiles, both planar configurations, LZW, Deflate and what else libtiff decodes, BigTIFF.
// What pages are (z, time, channel) comes from ImageJ's or OME's description, else from `axes`.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace tuff {

// `axes` names the axes in the file's order, slowest first, ending in YX: "ZYX", "CYX", "TYX"; with several page axes a
// number behind a letter gives its extent ("T10ZYX") where the file doesn't. Samples of a pixel (RGB) are channels too.
// Error where a file with several pages doesn't say and `axes` is empty: it lists the choices.
Image read_tiff(const std::filesystem::path& path, std::string_view axes = {});
Image probe_tiff(const std::filesystem::path& path, std::string_view axes = {});  // without pixels

// From memory; `source` names it in errors.
Image parse_tiff(std::span<const std::byte> bytes, const std::string& source, std::string_view axes = {});

// Deflate-compressed, with pixel size; 8 or 16 bits, 32-bit integers or floats by image.info. More than one page
// is written with ImageJ's description.
void write_tiff(const std::filesystem::path& path, const Image& image);
std::vector<std::byte> serialize_tiff(const Image& image);

}  // namespace tuff
