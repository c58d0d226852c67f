#include "instances/assignment.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "base/philox.h"

namespace tuff {
namespace {

// The largest sum of weights that some assignment has: every choice for a row, then the rows behind it.
double best_sum(const std::vector<std::vector<double>>& weights, std::size_t row, std::uint32_t taken) {
  if (row == weights.size()) return 0;
  double best = best_sum(weights, row + 1, taken);
  for (std::size_t column = 0; column < weights[row].size(); ++column)
    if (weights[row][column] > 0 && (taken >> column & 1u) == 0)
      best = std::max(best, weights[row][column] + best_sum(weights, row + 1, taken | 1u << column));
  return best;
}

// The sum of an assignment's weights; fails where it takes a column twice or a pair that is no candidate.
double sum_of(const std::vector<std::vector<double>>& weights, const std::vector<std::int32_t>& columns) {
  double sum = 0;
  std::uint32_t taken = 0;
  for (std::size_t row = 0; row < columns.size(); ++row) {
    if (columns[row] == kUnassigned) continue;
    const auto column = static_cast<std::size_t>(columns[row]);
    CHECK((taken >> column & 1u) == 0);
    CHECK(weights[row][column] > 0);
    taken |= 1u << column;
    sum += weights[row][column];
  }
  return sum;
}

}  // namespace

TEST_CASE("assignment: a row gives way where that is worth more") {
  const std::vector<Candidate> candidates = {{0, 0, 5}, {0, 1, 4}, {1, 0, 4}};
  CHECK(assign(2, 2, candidates) == std::vector<std::int32_t>{1, 0});
  const std::vector<Candidate> greedy = {{0, 0, 5}, {0, 1, 1}, {1, 0, 2}};
  CHECK(assign(2, 2, greedy) == std::vector<std::int32_t>{0, kUnassigned});
}

TEST_CASE("assignment: rows and columns without candidates") {
  CHECK(assign(0, 3, {}).empty());
  CHECK(assign(3, 0, {}) == std::vector<std::int32_t>(3, kUnassigned));
  const std::vector<Candidate> one = {{2, 1, 0.5}};
  CHECK(assign(3, 2, one) == std::vector<std::int32_t>{kUnassigned, kUnassigned, 1});
}

TEST_CASE("assignment: as good as the best of all, over random graphs") {
  PhiloxStream random(7);
  for (int i = 0; i < 500; ++i) {
    const std::size_t rows = 1 + random.below(6), columns = 1 + random.below(6);
    const std::uint32_t density = 20 + random.below(80), levels = random.below(2) == 0 ? 3 : 1000;  // few: many ties
    std::vector<std::vector<double>> weights(rows, std::vector<double>(columns, 0));
    std::vector<Candidate> candidates;
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t column = 0; column < columns; ++column)
        if (random.below(100) < density) {
          weights[row][column] = 0.125 * (1 + random.below(levels));
          candidates.push_back(
              {static_cast<std::int32_t>(row), static_cast<std::int32_t>(column), weights[row][column]});
        }
    std::ranges::reverse(candidates);  // in whatever order
    const auto found = assign(static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), candidates);
    CHECK(sum_of(weights, found) == best_sum(weights, 0, 0));  // eighths: sums are exact
  }
}

}  // namespace tuff
