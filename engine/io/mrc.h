// MRC and CCP4 volumes as electron tomography has them (.mrc, .rec, .map): modes 0, 1, 2, 6 and 12 in either byte
// order, extended headers skipped. Sections are slices (Z), those of image stacks too, unless `axes` say that they are
// points in time or channels; volume stacks (space group 401 and above) are points in time. Rows are kept in the file's
// order, as mrcfile has them. Pixel sizes are in nm, a tenth of the header's angstrom.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace tuff {

// By the first 512 bytes: true where they name the format. Files from before the year 2000 don't.
bool is_mrc(std::span<const std::byte> beginning);

Image read_mrc(const std::filesystem::path& path, std::string_view axes = {}, std::int64_t plane = kAllPlanes);
Image probe_mrc(const std::filesystem::path& path, std::string_view axes = {});  // without pixels
// From memory; `source` names it in errors.
Image parse_mrc(std::span<const std::byte> bytes, const std::string& source, std::string_view axes = {},
                std::int64_t plane = kAllPlanes);

// One channel. Integers of 8 and 16 bits keep their values (unsigned ones become mode 6, as MRC has none of 8 bits),
// all others become float32.
std::vector<std::byte> serialize_mrc(const Image& image, const std::string& target);

}  // namespace tuff
