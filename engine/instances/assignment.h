// Who goes with whom so that the sum of weights is the largest: linear sum assignment on sparse candidates.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tuff {

struct Candidate {
  std::int32_t row = 0;
  std::int32_t column = 0;
  double weight = 0;  // above 0
};

inline constexpr std::int32_t kUnassigned = -1;

// The column of each row, or kUnassigned; each column goes to one row at most, and only candidates (at most one of a
// row and column) are taken. The same optimum as linear_sum_assignment of SciPy on the dense matrix with 0 elsewhere.
// Shortest augmenting paths with potentials (Jonker and Volgenant, Computing 38, 1987), on the sparse graph: each row
// costs a Dijkstra search that ends where a column is free, in images of objects after a few neighbours.
std::vector<std::int32_t> assign(std::int64_t rows, std::int64_t columns, std::span<const Candidate> candidates);

}  // namespace tuff
