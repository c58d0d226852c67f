#include "embedded.h"

#include <zlib.h>

#include <cassert>

namespace tuff {
namespace {

struct Block {
  const unsigned char* data;
  std::uint32_t bytes;     // deflated
  std::uint32_t inflated;  // bytes
};

// kBlocks, kShaders, kHash: pack.cpp writes them.
#include "embedded_table.inc"

}  // namespace

std::vector<std::uint32_t> EmbeddedShader::spirv() const {
  const Block& from = kBlocks[block];
  std::vector<unsigned char> all(from.inflated);
  uLongf bytes = from.inflated;
  [[maybe_unused]] const int result = uncompress(all.data(), &bytes, from.data, from.bytes);
  assert(result == Z_OK && bytes == from.inflated);
  // Planes of bytes: all words' lowest, then the next (pack.cpp).
  const std::size_t plane = all.size() / 4, first = offset / 4;
  std::vector<std::uint32_t> code(words);
  for (std::size_t i = 0; i < code.size(); ++i)
    for (std::size_t byte = 4; byte-- > 0;) code[i] = code[i] << 8 | all[byte * plane + first + i];
  return code;
}

std::span<const EmbeddedShader> embedded_shaders() {
  return kShaders;
}

std::uint64_t embedded_hash() {
  return kHash;
}

}  // namespace tuff
