#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/star_distances.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// labels (N, H, W) in row-major order. Places are rounded as float products are: which pixel a step near the middle of
// two belongs to is part of the definition.
inline Array star_distances_reference(const Array& labels, std::int64_t batch, std::int64_t height, std::int64_t width,
                                      const StarDistancesAttributes& attributes) {
  const auto id = [&](std::int64_t n, std::int64_t y, std::int64_t x) {
    return labels.data[static_cast<std::size_t>((n * height + y) * width + x)];
  };
  const std::int64_t grid = attributes.grid;
  const Shape shape{batch, attributes.rays, (height - 1) / grid + 1, (width - 1) / grid + 1};
  return generate(shape, [&](const Index& at) {
    const std::int64_t y = at[2] * grid, x = at[3] * grid;
    if (id(at[0], y, x) == 0) return 0.0;
    const double angle = 2 * std::numbers::pi * static_cast<double>(at[1]) / static_cast<double>(attributes.rays);
    const auto clean = [](double value) { return static_cast<float>(std::abs(value) < 1e-12 ? 0 : value); };
    const float dy = clean(std::sin(angle)), dx = clean(std::cos(angle));
    const auto nearest = [](double steps, float direction) {
      const auto product = static_cast<float>(steps * static_cast<double>(direction));
      return static_cast<std::int64_t>(std::floor(static_cast<float>(static_cast<double>(product) + 0.5)));
    };
    for (double steps = 1;; ++steps) {
      const std::int64_t to_y = y + nearest(steps, dy), to_x = x + nearest(steps, dx);
      const bool within = to_y >= 0 && to_y < height && to_x >= 0 && to_x < width;
      if (!within || id(at[0], to_y, to_x) != id(at[0], y, x))
        return steps - 1 + 0.5 / static_cast<double>(std::max(std::abs(dy), std::abs(dx)));
    }
  });
}

// Rectangles of some pixels with ids 0 to 3; neighbours may have one id.
inline Array rectangles(const Shape& shape, std::int64_t size) {
  const int rank = shape.rank();
  return generate(shape, [&](const Index& at) {
    const std::int64_t y = at[static_cast<std::size_t>(rank - 2)], x = at[static_cast<std::size_t>(rank - 1)];
    const std::int64_t place = at[0] * 7 + (y + 2) / size * 31 + (x + 1) / (size + 1) * 17;
    return static_cast<double>(place * place % 11 % 4);
  });
}

inline OpCase star_distances_case(std::string name, const Shape& shape, const StarDistancesAttributes& attributes,
                                  std::int64_t size = 6) {
  OpCase result{.name = std::move(name)};
  result.inputs = {{.type = {DType::i32, shape}, .values = rectangles(shape, size)}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{star_distances(x[0], attributes)}; };
  result.reference = [=](std::span<const Array> x) {
    const int rank = shape.rank();
    return std::vector<Array>{star_distances_reference(x[0], shape[0], shape[rank - 2], shape[rank - 1], attributes)};
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
      star_distances_case("one pixel", {3, 1, 1, 1}, {.rays = 3}, 1),
  };
  ShapeDraws draws("star_distances");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const std::int64_t rays = draws.between(3, 20);
    const Shape plane = draws.shape(3, ShapeDraws::kMostElements / rays);
    const Shape shape = draws.coin() ? plane : Shape{plane[0], 1, plane[1], plane[2]};
    cases.push_back(star_distances_case(draws.name(shape), shape, {.rays = rays, .grid = draws.pick({1, 1, 2, 3})},
                                        draws.between(1, 12)));
  }
  return cases;
}

}  // namespace tuff::test
