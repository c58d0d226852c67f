#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/star_distances_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("star_distances") {
  for (const OpCase& op_case : star_distances_cases()) check(op_case);
}

TEST_CASE("star_distances of a square: to the border halfway between pixels") {
  OpCase op_case = star_distances_case("square", {1, 5, 5}, {.rays = 8});
  Array square(Shape{1, 5, 5});
  for (const std::int64_t y : {1, 2, 3})
    for (const std::int64_t x : {1, 2, 3}) square.at({0, y, x}) = 9;
  op_case.inputs[0].values = square;
  op_case.reference = [](std::span<const Array>) {
    Array result(Shape{1, 8, 5, 5});
    for (std::int64_t y = 1; y < 4; ++y)
      for (std::int64_t x = 1; x < 4; ++x) {
        const auto row = static_cast<double>(y), column = static_cast<double>(x), half = std::numbers::sqrt2 / 2;
        const double right = 3 - column, down = 3 - row, left = column - 1, up = row - 1;
        // Along a diagonal a step is 0.71 pixels to each side: the first leads to the next pixel, the second to the
        // one after 1.41 (rounded 1), the third to 2.12.
        const auto diagonal = [&](double a, double b) {
          const double reach = std::min(a, b);
          return (reach == 0 ? 0.0 : reach == 1 ? 2.0 : 3.0) + half;
        };
        const double expected[] = {right + 0.5, diagonal(right, down), down + 0.5, diagonal(left, down),
                                   left + 0.5,  diagonal(left, up),    up + 0.5,   diagonal(right, up)};
        for (std::int64_t k = 0; k < 8; ++k) result.at({0, k, y, x}) = expected[k];
      }
    return std::vector<Array>{result};
  };
  check(op_case);
}

TEST_CASE("star_distances: negative ids are objects, those of neighbours don't count") {
  OpCase op_case = star_distances_case("ids", {1, 1, 6}, {.rays = 4});
  Array ids(Shape{1, 1, 6});
  ids.data = {-7, -7, 70000, 70000, 70000, 0};
  op_case.inputs[0].values = ids;
  op_case.reference = [](std::span<const Array>) {
    Array result(Shape{1, 4, 1, 6});
    result.data = {1.5, 0.5, 2.5, 1.5, 0.5, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 0,
                   0.5, 1.5, 0.5, 1.5, 2.5, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 0};
    return std::vector<Array>{result};
  };
  check(op_case);
}

TEST_CASE("star_distances refuses what isn't an image of ids, and bad attributes") {
  Graph graph;
  const Value labels = graph.input("labels", {1, 8, 8}, DType::i32);
  CHECK_THROWS_WITH_AS(star_distances(graph.input("floats", {1, 8, 8})),
                       "star_distances: labels are f32 1x8x8, must be i32 ids (N, H, W), (N, 1, H, W) or "
                       "(N, 1, D, H, W)",
                       Error);
  CHECK_THROWS_AS(star_distances(graph.input("two", {1, 2, 8, 8}, DType::i32)), Error);
  CHECK_THROWS_AS(star_distances(graph.input("flat", {8, 8}, DType::i32)), Error);
  CHECK_THROWS_WITH_AS(star_distances(labels, {.rays = 2}), "star_distances: rays is 2, must be 3 to 4096", Error);
  CHECK_THROWS_AS(star_distances(graph.input("volume", {1, 1, 4, 4, 4}, DType::i32), {.rays = 3}), Error);
  CHECK_THROWS_WITH_AS(star_distances(labels, {.grid = 0}), "star_distances: grid is 0, must be at least 1", Error);
}

}  // namespace tuff::test
