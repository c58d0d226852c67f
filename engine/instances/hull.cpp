#include "instances/hull.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tuff {
namespace {

// In halves of a pixel: the middles of edges are whole.
struct Point {
  std::int64_t y = 0;
  std::int64_t x = 0;
};

// Above 0 where a, b, c turn clockwise in an image, whose y points down.
std::int64_t turn(Point a, Point b, Point c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// One side of the hull from top to bottom, the one with larger x. The left side is that of the mirrored object.
std::vector<Point> right_side(std::vector<Point> points) {
  std::ranges::sort(points, [](Point a, Point b) { return a.y != b.y ? a.y < b.y : a.x > b.x; });
  const auto repeated = std::ranges::unique(points, {}, &Point::y);  // the outermost of each y stays
  points.erase(repeated.begin(), repeated.end());
  std::vector<Point> side;
  for (const Point point : points) {
    while (side.size() > 1 && turn(side[side.size() - 2], side.back(), point) <= 0) side.pop_back();
    side.push_back(point);
  }
  return side;
}

// The last pixel whose center lies within that side, for each row of pixels from the first on.
std::vector<std::int64_t> last_pixels(std::span<const Point> side, std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> result;
  std::size_t at = 0;
  for (std::int64_t y = first; y <= last; ++y) {
    while (at + 2 < side.size() && side[at + 1].y < 2 * y) ++at;
    const Point a = side[at], b = side[at + 1];
    // x of the side at this row is a.x + (b.x - a.x) (2 y - a.y) / (b.y - a.y), in halves.
    const std::int64_t numerator = a.x * (b.y - a.y) + (b.x - a.x) * (2 * y - a.y);
    result.push_back(floor_div(numerator, 2 * (b.y - a.y)));
  }
  return result;
}

}  // namespace

std::int64_t convex_pixels(std::span<const RowSpan> rows) {
  const auto side = [&](bool mirrored) {
    std::vector<Point> middles;  // of the edges of each row's outermost pixel
    for (const RowSpan& row : rows) {
      const std::int64_t x = mirrored ? -row.first : row.last;
      middles.insert(middles.end(), {{2 * row.y - 1, 2 * x}, {2 * row.y, 2 * x + 1}, {2 * row.y + 1, 2 * x}});
    }
    return right_side(std::move(middles));
  };
  const std::int64_t top = rows.front().y, bottom = rows.back().y;
  const std::vector<std::int64_t> right = last_pixels(side(false), top, bottom);
  const std::vector<std::int64_t> left = last_pixels(side(true), top, bottom);
  std::int64_t pixels = 0;
  for (std::size_t row = 0; row < right.size(); ++row) pixels += std::max<std::int64_t>(0, right[row] + left[row] + 1);
  return pixels;
}

}  // namespace tuff
