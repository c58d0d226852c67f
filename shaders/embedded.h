// The SPIR-V of every kernel, compiled at build time from the list in shaders/CMakeLists.txt. It lies deflated, a few
// neighbours of the list at a time, which share much.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tuff {

struct EmbeddedShader {
  std::string_view name;  // "pointwise/program.vec4"
  std::uint32_t block = 0, offset = 0, words = 0;

  std::vector<std::uint32_t> spirv() const;
};

std::span<const EmbeddedShader> embedded_shaders();

// Of all names and their SPIR-V.
std::uint64_t embedded_hash();

}  // namespace tuff
