#include "instances/centers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "instances/regions.h"

namespace tuff {

std::vector<std::int32_t> center_classes(const Labels& labels, std::int64_t radius, std::int32_t between) {
  std::vector<std::int32_t> classes(labels.ids.size(), 0);
  const std::array<std::int64_t, 3> size = {labels.depth, labels.height, labels.width};
  const auto reach = static_cast<double>(radius);
  for (const Region& region : measure_regions(labels)) {
    std::array<std::int64_t, 3> first{}, last{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      first[axis] = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(region.centroid[axis] - 2 * reach)));
      last[axis] = std::min(size[axis] - 1, static_cast<std::int64_t>(std::floor(region.centroid[axis] + 2 * reach)));
    }
    const auto away = [&](std::int64_t place, std::size_t axis) {
      const double distance = static_cast<double>(place) - region.centroid[axis];
      return distance * distance;
    };
    for (std::int64_t z = first[0]; z <= last[0]; ++z)
      for (std::int64_t y = first[1]; y <= last[1]; ++y)
        for (std::int64_t x = first[2]; x <= last[2]; ++x) {
          std::int32_t& here = classes[static_cast<std::size_t>((z * labels.height + y) * labels.width + x)];
          const double distance = away(z, 0) + away(y, 1) + away(x, 2);
          if (distance <= reach * reach)
            here = 1;
          else if (distance <= 4 * reach * reach && here != 1)
            here = between;
        }
  }
  return classes;
}

}  // namespace tuff
