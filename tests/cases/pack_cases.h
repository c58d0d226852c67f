// Sizes of what is packed: one element, odd ones, whole vectors, random ones.
#pragma once

#include "graph/graph.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline std::vector<Shape> pack_cases() {
  std::vector<Shape> shapes = {{1}, {3}, {64}, {65}, {2, 3, 5, 7}, {300}};
  ShapeDraws draws("pack");
  for (int i = 0; i < draws.rounds(8); ++i) shapes.push_back(draws.shape());
  return shapes;
}

}  // namespace tuff::test
