// The SPIR-V of every kernel, compiled at build time from the list in shaders/CMakeLists.txt.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tuff {

struct EmbeddedShader {
  std::string_view name;  // "pointwise/program.vec4"
  std::span<const std::uint32_t> spirv;
};

std::span<const EmbeddedShader> embedded_shaders();

}  // namespace tuff
