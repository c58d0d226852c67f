#include "instances/centers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "instances/regions.h"

namespace tuff {

std::vector<std::int32_t> center_classes(const Labels& labels, std::int64_t radius, std::int32_t rest) {
  std::vector<std::int32_t> classes(labels.ids.size());
  std::ranges::transform(labels.ids, classes.begin(), [&](std::int32_t id) { return id == 0 ? 0 : rest; });
  const std::array<std::int64_t, 3> size = {labels.depth, labels.height, labels.width};
  const auto reach = static_cast<double>(radius);
  for (const Region& region : measure_regions(labels)) {
    std::array<std::int64_t, 3> first{}, last{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      first[axis] = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(region.centroid[axis] - reach)));
      last[axis] = std::min(size[axis] - 1, static_cast<std::int64_t>(std::floor(region.centroid[axis] + reach)));
    }
    const auto away = [&](std::int64_t place, std::size_t axis) {
      const double distance = static_cast<double>(place) - region.centroid[axis];
      return distance * distance;
    };
    for (std::int64_t z = first[0]; z <= last[0]; ++z)
      for (std::int64_t y = first[1]; y <= last[1]; ++y)
        for (std::int64_t x = first[2]; x <= last[2]; ++x)
          if (away(z, 0) + away(y, 1) + away(x, 2) <= reach * reach)
            classes[static_cast<std::size_t>((z * labels.height + y) * labels.width + x)] = 1;
  }
  return classes;
}

}  // namespace tuff
