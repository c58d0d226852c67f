// Centers of objects as what networks learn from.
#pragma once

#include <cstdint>
#include <vector>

#include "instances/labels.h"

namespace tuff {

// 1: within `radius` pixels of the centroid of an object, `between`: farther away, but within twice as many, 0:
// elsewhere, in objects, too. What is so near to several centroids counts as it does for the nearest.
std::vector<std::int32_t> center_classes(const Labels& labels, std::int64_t radius, std::int32_t between);

}  // namespace tuff
