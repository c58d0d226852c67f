// Sizes of variables that are assigned: one, below, at and above a vector of four, several groups.
#pragma once

#include "graph/graph.h"

namespace tuff::test {

inline std::vector<Shape> assign_cases() { return {{1}, {3}, {4}, {5}, {257}, {2, 3, 5, 7}}; }

}  // namespace tuff::test
