// Centers of objects as what networks learn from.
#pragma once

#include <cstdint>
#include <vector>

#include "instances/labels.h"

namespace tuff {

// 1: within `radius` pixels of the centroid of an object, 0: background, `rest`: what else belongs to an object.
std::vector<std::int32_t> center_classes(const Labels& labels, std::int64_t radius, std::int32_t rest);

}  // namespace tuff
