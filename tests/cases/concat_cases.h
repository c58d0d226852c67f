#pragma once

#include <fmt/format.h>

#include "ops/concat.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase concat_case(std::string name, const std::vector<Shape>& shapes, int axis,
                          Layout layout = Layout::channels_last) {
  OpCase result{.name = std::move(name)};
  for (const Shape& shape : shapes) result.inputs.push_back({.type = {DType::f32, shape, layout}});
  result.build = [axis](Graph&, std::span<const Value> x) {
    return std::vector<Value>{concat({x.begin(), x.end()}, axis)};
  };
  result.reference = [axis](std::span<const Array> x) {
    const auto a = static_cast<std::size_t>(axis < 0 ? axis + x[0].shape.rank() : axis);
    std::vector<std::int64_t> extents = x[0].shape.extents();
    for (const Array& array : x.subspan(1)) extents[a] += array.shape.extents()[a];
    return std::vector<Array>{generate(Shape(extents), [&](Index index) {
      std::size_t from = 0;
      while (index[a] >= x[from].shape.extents()[a]) index[a] -= x[from++].shape.extents()[a];
      return x[from].data[offset_of(x[from].shape, index)];
    })};
  };
  return result;
}

inline OpCase stack_case(const Shape& shape, int count, int axis) {
  OpCase result{.name = fmt::format("stack {} of {} along {}", count, to_string(shape), axis)};
  result.inputs.assign(static_cast<std::size_t>(count), {.type = {DType::f32, shape}});
  result.build = [axis](Graph&, std::span<const Value> x) {
    return std::vector<Value>{stack({x.begin(), x.end()}, axis)};
  };
  result.reference = [=](std::span<const Array> x) {
    const std::int64_t at = axis < 0 ? axis + shape.rank() + 1 : axis;
    std::vector<std::int64_t> extents = shape.extents();
    extents.insert(extents.begin() + at, count);
    return std::vector<Array>{generate(Shape(extents), [&](Index index) {
      const auto from = static_cast<std::size_t>(index[static_cast<std::size_t>(at)]);
      index.erase(index.begin() + at);
      return x[from].data[offset_of(shape, index)];
    })};
  };
  result.tolerance = 0;
  return result;
}

inline std::vector<OpCase> stack_cases() {
  return {stack_case({}, 3, 0),           stack_case({5}, 2, 1),          stack_case({2, 3}, 2, 0),
          stack_case({2, 4, 3, 5}, 3, 1), stack_case({2, 4, 3, 5}, 2, 2), stack_case({2, 3, 4}, 1, -1)};
}

inline void add_random_concat_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("concat");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape(static_cast<int>(draws.between(1, 5)), ShapeDraws::kMostElements / 8);
    const auto axis = static_cast<int>(draws.between(0, shape.rank() - 1));
    std::vector<Shape> shapes(static_cast<std::size_t>(draws.between(2, 5)), shape);
    for (Shape& part : shapes) {
      std::vector<std::int64_t> extents = part.extents();
      extents[static_cast<std::size_t>(axis)] = draws.extent(2 * shape[axis] + 1);
      part = Shape(extents);
    }
    const std::string name = fmt::format("{} of about {} along {}", shapes.size(), to_string(shape), axis);
    cases.push_back(concat_case(draws.name(name), shapes, axis, draws.layout()));
  }
}

inline std::vector<OpCase> concat_cases() {
  std::vector<OpCase> cases = {
      concat_case("skip connection", {{2, 8, 5, 7}, {2, 12, 5, 7}}, 1),
      concat_case("odd channels", {{2, 3, 5, 7}, {2, 5, 5, 7}}, 1),
      concat_case("single pixels", {{1, 1, 1, 1}, {1, 1, 1, 1}}, 1),
      concat_case("three along height", {{1, 4, 2, 3}, {1, 4, 1, 3}, {1, 4, 5, 3}}, 2),
      concat_case("batch, volumes", {{1, 2, 3, 3, 2}, {2, 2, 3, 3, 2}}, 0),
      concat_case("last axis", {{2, 3, 9}, {2, 3, 8}, {2, 3, 1}}, -1),
      concat_case("vectors", {{65}, {63}}, 0),
      concat_case("weights", {{3, 4, 3, 3}, {5, 4, 3, 3}}, 0, Layout::weight),
      concat_case("six axes", {{2, 3, 2, 1, 2, 3}, {2, 3, 2, 4, 2, 3}}, 3),
      concat_case("single rows", {{1, 1}, {1, 1}, {1, 1}}, 1),
      concat_case("larger than a group", {{3, 16, 33, 31}, {3, 16, 33, 31}}, 1),
  };
  add_random_concat_cases(cases);
  return cases;
}

}  // namespace tuff::test
