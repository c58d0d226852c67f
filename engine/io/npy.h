// NumPy's .npy arrays, versions 1 to 3. An .npz is a zip of them: npz.h.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "graph/tensor.h"
#include "io/array.h"

namespace tuff {

// f2, f4, f8, i1 to i8, u1 to u8 and b1, either byte order; Fortran order is transposed; V2, as ml_dtypes' bfloat16
// is stored, is bf16. Error names the file, before anything is allocated for it.
Array read_npy_array(const std::filesystem::path& path);
Array parse_npy_array(std::span<const std::byte> bytes, const std::string& source);

// The same as what the engine computes with (to_tensor() of io/array.h).
HostTensor read_npy(const std::filesystem::path& path);
HostTensor parse_npy(std::span<const std::byte> bytes, const std::string& source);

// Version 1, C order; bf16 as f4, for NumPy has no such type. Files are written whole or not at all.
std::string serialize_npy(const Array& array);
void write_npy(const std::filesystem::path& path, const Array& array);
void write_npy(const std::filesystem::path& path, const HostTensor& tensor);

}  // namespace tuff
