// The idx format of MNIST (yann.lecun.com/exdb/mnist), plain or compressed by gzip: images of one size, 8 bits a pixel,
// and their labels, one byte each.
// Strict: whatever doesn't fit the header is an Error that names the file, before anything large is allocated for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tuff {

struct IdxImages {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> values;  // count, height, width
};

// True where the name ends as such files' do: "-idx3-ubyte", ".idx", ".idx3-ubyte", of labels "idx1-ubyte", perhaps
// with
// ".gz".
bool is_idx_file(const std::filesystem::path& path);

IdxImages read_idx(const std::filesystem::path& path);
// From memory; `source` names it in errors.
IdxImages parse_idx(std::span<const std::byte> bytes, const std::string& source);

std::vector<std::uint8_t> read_idx_labels(const std::filesystem::path& path);
std::vector<std::uint8_t> parse_idx_labels(std::span<const std::byte> bytes, const std::string& source);

}  // namespace tuff
