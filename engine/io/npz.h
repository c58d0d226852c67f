// NumPy's .npz: a zip of .npy files, as np.savez (members stored) and np.savez_compressed (deflated) write them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/array.h"

namespace tuff {

struct NamedArray {
  std::string name;
  Array array;
};

// In the file's order, names without ".npy". Members' lengths and checksums are held against the archive's directory;
// encrypted members, other compressions and two members of one name are Errors that name the file.
std::vector<NamedArray> read_npz(const std::filesystem::path& path);
std::vector<NamedArray> parse_npz(std::span<const std::byte> bytes, const std::string& source);

// Whole or not at all, members stored. Files of 4 GiB and more are an Error (no zip64).
void write_npz(const std::filesystem::path& path, std::span<const NamedArray> arrays);

}  // namespace tuff
