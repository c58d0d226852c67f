// Connected components of a mask: touching foreground pixels get one id.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tuff {

enum class Connectivity : std::uint8_t { four, eight };

struct Components {
  std::vector<std::int32_t> ids;  // height * width; 0 is background, others 1..count in order of their first pixel
  std::int32_t count = 0;
};

// `mask` has height * width values, not 0 where foreground. Components below `smallest` pixels become background.
Components label_components(std::span<const std::int32_t> mask, std::int64_t height, std::int64_t width,
                            Connectivity connectivity = Connectivity::eight, std::int64_t smallest = 1);

}  // namespace tuff
