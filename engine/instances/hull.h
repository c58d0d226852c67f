// The convex hull of an object on the grid.
#pragma once

#include <cstdint>
#include <span>

namespace tuff {

// The first and last pixel of an object in one row.
struct RowSpan {
  std::int64_t y = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
};

// How many pixels' centers lie in or on the convex hull of the middles of the object's pixel edges. `rows` are all rows
// of the object, from top to bottom; rows between may be absent. In whole numbers, so exact.
std::int64_t convex_pixels(std::span<const RowSpan> rows);

}  // namespace tuff
