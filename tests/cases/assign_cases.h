// Sizes of variables that are assigned: one, below, at and above a vector of four, several groups, random ones.
#pragma once

#include "graph/graph.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline std::vector<Shape> assign_cases() {
  std::vector<Shape> shapes = {{1}, {3}, {4}, {5}, {257}, {2, 3, 5, 7}};
  ShapeDraws draws("assign");
  for (int i = 0; i < draws.rounds(8); ++i) shapes.push_back(draws.shape());
  return shapes;
}

}  // namespace tuff::test
