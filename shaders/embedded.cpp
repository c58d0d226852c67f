#include "embedded.h"

#include "embedded_includes.inc"

namespace tuff {

std::span<const EmbeddedShader> embedded_shaders() {
#define SHADER(name, symbol) EmbeddedShader{name, symbol},
  static const EmbeddedShader table[] = {
#include "embedded_entries.inc"
      EmbeddedShader{"", {}}};
#undef SHADER
  return {table, std::size(table) - 1};
}

}  // namespace tuff
