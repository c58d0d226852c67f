// Connected components of a mask: touching foreground pixels get one id.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tuff {

// In a volume four means that voxels touch by their faces (6 neighbors), eight that edges and corners do too (26).
enum class Connectivity : std::uint8_t { four, eight };

struct Components {
  std::vector<std::int32_t>
      ids;  // as many as the mask has; 0 is background, others 1..count in order of their first pixel
  std::int32_t count = 0;
};

// `mask` has height * width values, not 0 where foreground. Components below `smallest` pixels become background.
Components label_components(std::span<const std::int32_t> mask, std::int64_t height, std::int64_t width,
                            Connectivity connectivity = Connectivity::eight, std::int64_t smallest = 1);

// The same in three dimensions: `mask` has depth * height * width values, x runs fastest.
Components label_volume(std::span<const std::int32_t> mask, std::int64_t depth, std::int64_t height, std::int64_t width,
                        Connectivity connectivity = Connectivity::eight, std::int64_t smallest = 1);

// Background that the mask's foreground encloses becomes 1: what no path over background pixels' edges joins to the
// image's border.
void fill_holes(std::span<std::int32_t> mask, std::int64_t height, std::int64_t width);

}  // namespace tuff
