// Sizes of what is packed: one element, odd ones, whole vectors.
#pragma once

#include "graph/graph.h"

namespace tuff::test {

inline std::vector<Shape> pack_cases() { return {{1}, {3}, {64}, {65}, {2, 3, 5, 7}, {300}}; }

}  // namespace tuff::test
