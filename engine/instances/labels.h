// Images of ids: 0 is background, each other number one object (an instance), in two or three dimensions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tuff {

struct Labels {
  std::int64_t depth = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::int32_t> ids;  // z, y, x; x runs fastest

  Labels() = default;
  Labels(std::int64_t label_depth, std::int64_t label_height, std::int64_t label_width)  // background
      : depth(label_depth),
        height(label_height),
        width(label_width),
        ids(static_cast<std::size_t>(label_depth * label_height * label_width)) {}

  std::int64_t pixels() const { return depth * height * width; }
  bool operator==(const Labels&) const = default;
};

}  // namespace tuff
