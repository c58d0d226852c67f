// NIfTI-1 volumes as MRI and CT programs have them (.nii, .nii.gz): integers of 8 to 64 bits and floats in either byte
// order, scaled by the header's slope and intercept. The axes are x, y, z (slices), t (points in time, unless `axes`
// say that they are channels: "CZYX") and, fifth, channels. Rows, columns and slices are kept in the file's order: the
// orientation in the patient is neither applied nor kept.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace tuff {

// By the first 512 bytes of a file that isn't packed.
bool is_nifti(std::span<const std::byte> beginning);

Image read_nifti(const std::filesystem::path& path, std::string_view axes = {}, std::int64_t plane = kAllPlanes);
Image probe_nifti(const std::filesystem::path& path, std::string_view axes = {});  // without pixels
// From memory, packed or not; `source` names it in errors.
Image parse_nifti(std::span<const std::byte> bytes, const std::string& source, std::string_view axes = {},
                  std::int64_t plane = kAllPlanes);

// 8, 16 or 32-bit integers or float32 by image.info, not packed. `target` names the file in errors.
std::vector<std::byte> serialize_nifti(const Image& image, const std::string& target);

}  // namespace tuff
