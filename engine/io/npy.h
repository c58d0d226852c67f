// NumPy's .npy arrays, versions 1 to 3.
#pragma once

#include <filesystem>

#include "graph/tensor.h"

namespace tuff {

// f4, f8 (to f32), f2, i4, i8 (to i32 where values fit), u1, i1, u2, i2, b1 (to i32), either byte order; Fortran order
// is transposed. Error names the file.
HostTensor read_npy(const std::filesystem::path& path);
HostTensor parse_npy(std::span<const std::byte> bytes, const std::string& source);

// Whole or not at all, version 1, C order: f32, f16 or i32.
void write_npy(const std::filesystem::path& path, const HostTensor& tensor);

}  // namespace tuff
