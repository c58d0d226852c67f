#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "ops/star_distances.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// The rays' directions by the formulas of ops/star_distances.h.
inline std::vector<std::array<float, 3>> star_directions(const StarDistancesAttributes& attributes, bool flat) {
  const auto clean = [](double value) { return static_cast<float>(std::abs(value) < 1e-12 ? 0 : value); };
  std::vector<std::array<float, 3>> result;
  for (std::int64_t k = 0; k < attributes.rays; ++k) {
    const auto number = static_cast<double>(k), rays = static_cast<double>(attributes.rays);
    const double angle = (flat ? 2 / rays : 3 - std::sqrt(5.0)) * std::numbers::pi * number;
    const double z = flat ? 0 : -1 + 2 * number / (rays - 1), around = std::sqrt(std::max(0.0, 1 - z * z));
    const double parts[] = {z / attributes.anisotropy, around * std::sin(angle), around * std::cos(angle)};
    const double length = std::sqrt(parts[0] * parts[0] + parts[1] * parts[1] + parts[2] * parts[2]);
    result.push_back({clean(parts[0] / length), clean(parts[1] / length), clean(parts[2] / length)});
  }
  return result;
}

// Places are rounded as float products are: which pixel a step near the middle of two belongs to is part of the
// definition.
inline Array star_distances_reference(const Array& labels, const StarDistancesAttributes& attributes) {
  const Shape& of = labels.shape;
  const int rank = of.rank();
  const bool flat = rank < 5;
  const std::array<std::int64_t, 3> extent{flat ? 1 : of[2], of[rank - 2], of[rank - 1]};
  const std::array<std::int64_t, 3> grid{flat ? 1 : attributes.depth_grid, attributes.grid, attributes.grid};
  std::vector<std::int64_t> extents = {of[0], attributes.rays};
  for (std::size_t axis = flat ? 1 : 0; axis < 3; ++axis) extents.push_back((extent[axis] - 1) / grid[axis] + 1);
  const auto id = [&](std::int64_t n, const std::array<std::int64_t, 3>& at) {
    return labels.data[static_cast<std::size_t>(((n * extent[0] + at[0]) * extent[1] + at[1]) * extent[2] + at[2])];
  };
  const auto nearest = [](double steps, float direction) {
    const auto product = static_cast<float>(steps * static_cast<double>(direction));
    return static_cast<std::int64_t>(std::floor(static_cast<float>(static_cast<double>(product) + 0.5)));
  };
  const std::vector<std::array<float, 3>> directions = star_directions(attributes, flat);
  return generate(Shape(extents), [&](const Index& at) {
    std::array<std::int64_t, 3> start{};
    for (std::size_t axis = flat ? 1 : 0; axis < 3; ++axis) start[axis] = at[axis + (flat ? 1 : 2)] * grid[axis];
    if (id(at[0], start) == 0) return 0.0;
    const std::array<float, 3>& direction = directions[static_cast<std::size_t>(at[1])];
    const float largest = std::max({std::abs(direction[0]), std::abs(direction[1]), std::abs(direction[2])});
    for (double steps = 1;; ++steps) {
      std::array<std::int64_t, 3> place{};
      bool within = true;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        place[axis] = start[axis] + nearest(steps, direction[axis]);
        within = within && place[axis] >= 0 && place[axis] < extent[axis];
      }
      if (!within || id(at[0], place) != id(at[0], start)) return steps - 1 + 0.5 / static_cast<double>(largest);
    }
  });
}

// Rectangles of some pixels with ids 0 to 3; neighbours may have one id.
inline Array rectangles(const Shape& shape, std::int64_t size) {
  const int rank = shape.rank();
  return generate(shape, [&](const Index& at) {
    const std::int64_t y = at[static_cast<std::size_t>(rank - 2)], x = at[static_cast<std::size_t>(rank - 1)];
    const std::int64_t z = rank < 5 ? 0 : at[2];
    const std::int64_t place = at[0] * 7 + z / size * 13 + (y + 2) / size * 31 + (x + 1) / (size + 1) * 17;
    return static_cast<double>(place * place % 11 % 4);
  });
}

inline OpCase star_distances_case(std::string name, const Shape& shape, const StarDistancesAttributes& attributes,
                                  std::int64_t size = 6) {
  OpCase result{.name = std::move(name)};
  result.inputs = {{.type = {DType::i32, shape}, .values = rectangles(shape, size)}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{star_distances(x[0], attributes)}; };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{star_distances_reference(x[0], attributes)};
  };
  result.tolerance = 1e-6;
  result.check_gradient = false;
  return result;
}

inline std::vector<OpCase> star_distances_cases() {
  std::vector<OpCase> cases = {
      star_distances_case("rectangles", {2, 21, 17}, {}),
      star_distances_case("rectangles with a channel axis", {2, 1, 21, 17}, {.rays = 7}),
      star_distances_case("steps that end between two pixels", {1, 33, 29}, {.rays = 12}, 11),
      star_distances_case("large objects", {1, 40, 70}, {.rays = 32}, 30),
      star_distances_case("every second pixel", {2, 21, 18}, {.rays = 8, .grid = 2}),
      star_distances_case("every fourth pixel", {1, 1, 16, 17}, {.rays = 5, .grid = 4}),
      star_distances_case("one row", {1, 1, 40}, {.rays = 16}, 9),
      star_distances_case("one column", {1, 40, 1}, {.rays = 16}, 9),
      star_distances_case("volumes", {2, 1, 7, 9, 11}, {.rays = 12}, 4),
      star_distances_case("large objects of a volume", {1, 1, 16, 20, 18}, {.rays = 6}, 14),
      star_distances_case("thick slices", {1, 1, 5, 13, 12}, {.rays = 33, .grid = 2, .anisotropy = 2.5}, 5),
      star_distances_case("every third slice", {1, 1, 8, 9, 7}, {.rays = 4, .grid = 2, .depth_grid = 3}, 5),
      star_distances_case("one pixel", {3, 1, 1, 1}, {.rays = 3}, 1),
  };
  ShapeDraws draws("star_distances");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const std::int64_t rays = draws.between(3, 20);
    const Shape plane = draws.shape(3, ShapeDraws::kMostElements / rays);
    const Shape shape =
        draws.pick({plane, Shape{plane[0], 1, plane[1], plane[2]}, Shape{1, 1, plane[0], plane[1], plane[2]}});
    StarDistancesAttributes attributes{.rays = rays, .grid = draws.pick({1, 1, 2, 3})};
    if (shape.rank() == 5) attributes = {std::max<std::int64_t>(rays, 4), attributes.grid, draws.between(1, 2), 1.5};
    cases.push_back(star_distances_case(draws.name(shape), shape, attributes, draws.between(1, 12)));
  }
  return cases;
}

}  // namespace tuff::test
