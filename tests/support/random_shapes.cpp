#include "support/random_shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tuff::test {

namespace {

constexpr std::int64_t kSmall = 5;
constexpr std::int64_t kTiles[] = {4, 8, 16, 25, 64};

// FNV-1a: std::hash may differ from one standard library to the next.
std::uint64_t seed_of(std::string_view op) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : op) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

}  // namespace

Sweep& sweep() {
  static Sweep instance;
  return instance;
}

ShapeDraws::ShapeDraws(std::string_view op) : draws_(seed_of(op) + 0x9E3779B97F4A7C15u * sweep().seed) {}

int ShapeDraws::rounds(int usual, int most) const {
  return sweep().cases == 0 ? usual : std::min(sweep().cases, most);
}

std::int64_t ShapeDraws::between(std::int64_t least, std::int64_t most) {
  return least + draws_.below(static_cast<std::uint32_t>(most - least + 1));
}

std::int64_t ShapeDraws::extent(std::int64_t most) {
  std::int64_t drawn = 0;
  do {
    switch (between(0, 3)) {
      case 0: drawn = 2 * between(0, 32) + 1; break;
      case 1: drawn = kTiles[between(0, static_cast<std::int64_t>(std::size(kTiles)) - 1)] + between(-1, 1); break;
      default: drawn = between(1, kSmall); break;
    }
  } while (drawn > most);
  return drawn;
}

Shape ShapeDraws::shape(int rank, std::int64_t most_elements) {
  const auto drawn = [&](std::int64_t axis) { return axis == 1 ? channels() : extent(); };
  std::vector<std::int64_t> extents;
  for (int axis = 0; axis < rank; ++axis) extents.push_back(drawn(axis));
  while (Shape(extents).elements() > most_elements) {
    const std::int64_t axis = between(0, rank - 1);
    extents[static_cast<std::size_t>(axis)] = drawn(axis);
  }
  return Shape(extents);
}

std::vector<std::int64_t> ShapeDraws::per_axis(int axes, std::int64_t least, std::int64_t most) {
  std::vector<std::int64_t> values;
  for (int axis = 0; axis < axes; ++axis) values.push_back(between(least, most));
  return values;
}

std::vector<int> ShapeDraws::some_axes(int rank) {
  std::vector<int> axes;
  for (int axis = 0; axis < rank; ++axis)
    if (coin()) axes.push_back(axis);
  return axes;
}

std::string ShapeDraws::name(std::string_view text) {
  return fmt::format("random {}: {}", ++named_, text);
}

}  // namespace tuff::test
