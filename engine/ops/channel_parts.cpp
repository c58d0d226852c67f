#include "ops/channel_parts.h"

#include <algorithm>

namespace tuff {

// At least 16 rows a part, and enough invocations to fill the device.
std::uint32_t channel_parts(std::uint64_t rows, std::uint64_t vectors, const DeviceCaps& caps) {
  const std::uint64_t wanted = std::uint64_t{caps.cores} * (caps.is_cpu() ? 128 : 256);
  const std::uint64_t parts = std::min((wanted + vectors - 1) / vectors, rows / 16);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(parts, 1, 1024));
}

}  // namespace tuff
