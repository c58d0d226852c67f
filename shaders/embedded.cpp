#include "embedded.h"

#include <zlib.h>

#include <cassert>
#include <cstring>

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
  std::vector<std::uint32_t> code(words);
  std::memcpy(code.data(), all.data() + offset, code.size() * sizeof(std::uint32_t));
  return code;
}

std::span<const EmbeddedShader> embedded_shaders() {
  return kShaders;
}

std::uint64_t embedded_hash() {
  return kHash;
}

}  // namespace tuff
