#include "instances/assignment.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

namespace tuff {
namespace {

std::size_t at(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

// Costs are negated weights. A row may also stay alone, at cost 0; this is like a column of its own, which no other row
// can reach, so it needs no potential.
class Assignment {
 public:
  Assignment(std::int64_t rows, std::int64_t columns, std::span<const Candidate> candidates)
      : first_(at(rows) + 1, 0),
        candidates_(candidates.begin(), candidates.end()),
        row_price_(at(rows), 0),
        column_price_(at(columns), 0),
        row_of_(at(columns), kUnassigned),
        column_of_(at(rows), kUnassigned),
        columns_(at(columns)) {
    std::ranges::stable_sort(candidates_, {}, &Candidate::row);
    for (const Candidate& candidate : candidates_) ++first_[at(candidate.row) + 1];
    for (std::size_t row = 1; row < first_.size(); ++row) first_[row] += first_[row - 1];
  }

  std::vector<std::int32_t> solve() {
    for (std::int32_t row = 0; row < static_cast<std::int32_t>(column_of_.size()); ++row) insert(row);
    return column_of_;
  }

 private:
  struct Column {
    double distance = 0;
    std::int32_t from = kUnassigned;  // the row before it on the shortest path
    std::int32_t search = kUnassigned;
    bool final = false;
  };

  std::span<const Candidate> of(std::int32_t row) const {
    return std::span(candidates_).subspan(first_[at(row)], first_[at(row) + 1] - first_[at(row)]);
  }

  void start_price(std::int32_t row) {
    double& price = row_price_[at(row)];
    for (const Candidate& candidate : of(row))
      price = std::min(price, -candidate.weight - column_price_[at(candidate.column)]);
  }

  // Reduced costs of the row's candidates, behind `distance`.
  void relax(std::int32_t row, double distance, std::int32_t search) {
    for (const Candidate& candidate : of(row)) {
      Column& column = columns_[at(candidate.column)];
      const double reduced = -candidate.weight - row_price_[at(row)] - column_price_[at(candidate.column)];
      const double through = distance + std::max(0.0, reduced);
      if (column.search == search && (column.final || column.distance <= through)) continue;
      column = {through, row, search, false};
      open_.emplace(through, candidate.column);
    }
    const double alone = distance - row_price_[at(row)];
    if (alone < alone_distance_) {
      alone_distance_ = alone;
      alone_ = row;
    }
  }

  // Dijkstra from the new row to the nearest end: a free column, or a row that is left alone.
  void insert(std::int32_t row) {
    start_price(row);
    open_ = {};
    alone_distance_ = std::numeric_limits<double>::infinity();
    std::vector<std::int32_t> passed;
    relax(row, 0, row);
    std::int32_t end = kUnassigned;
    while (!open_.empty() && open_.top().first < alone_distance_) {
      const auto [distance, index] = open_.top();
      open_.pop();
      Column& column = columns_[at(index)];
      if (column.final || distance > column.distance) continue;  // an entry that a shorter path replaced
      if (row_of_[at(index)] == kUnassigned) {
        end = index;
        break;
      }
      column.final = true;
      passed.push_back(index);
      relax(row_of_[at(index)], distance, row);
    }
    const double shortest = end == kUnassigned ? alone_distance_ : columns_[at(end)].distance;
    row_price_[at(row)] += shortest;
    for (const std::int32_t index : passed) {
      const double shift = shortest - columns_[at(index)].distance;
      row_price_[at(row_of_[at(index)])] += shift;
      column_price_[at(index)] -= shift;
    }
    augment(row, end);
  }

  // Turns the path round: each row on it takes the column behind it.
  void augment(std::int32_t start, std::int32_t end) {
    if (end == kUnassigned) end = std::exchange(column_of_[at(alone_)], kUnassigned);
    if (end == kUnassigned) return;  // the new row itself stays alone
    std::int32_t row = alone_;
    do {
      row = columns_[at(end)].from;
      row_of_[at(end)] = row;
      std::swap(end, column_of_[at(row)]);
    } while (row != start);
  }

  std::vector<std::size_t> first_;  // of each row in candidates_, which are sorted by row
  std::vector<Candidate> candidates_;
  std::vector<double> row_price_;
  std::vector<double> column_price_;
  std::vector<std::int32_t> row_of_;
  std::vector<std::int32_t> column_of_;
  std::vector<Column> columns_;
  using Entry = std::pair<double, std::int32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open_;
  double alone_distance_ = 0;
  std::int32_t alone_ = kUnassigned;
};

}  // namespace

std::vector<std::int32_t> assign(std::int64_t rows, std::int64_t columns, std::span<const Candidate> candidates) {
  for ([[maybe_unused]] const Candidate& candidate : candidates)
    assert(candidate.row >= 0 && candidate.row < rows && candidate.column >= 0 && candidate.column < columns &&
           candidate.weight > 0);
  return Assignment(rows, columns, candidates).solve();
}

}  // namespace tuff
