// What is made of constants: one-hot codes and triangles.
#pragma once

#include <fmt/format.h>

#include "ops/constants.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase one_hot_case(const Shape& shape, std::int64_t classes, int axis) {
  OpCase result{.name = fmt::format("one_hot {} of {} along {}", to_string(shape), classes, axis)};
  ShapeDraws draws(result.name);
  Array labels(shape);  // some of them no classes
  for (double& label : labels.data) label = static_cast<double>(draws.between(-classes - 1, classes));
  result.inputs = {{.type = {DType::i32, shape}, .values = labels}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{one_hot(x[0], classes, axis)}; };
  result.reference = [=](std::span<const Array> x) {
    const int at = axis < 0 ? axis + shape.rank() + 1 : axis;
    Index extents = shape.extents();
    extents.insert(extents.begin() + at, classes);
    return std::vector<Array>{generate(Shape(extents), [&](Index index) {
      const std::int64_t number = index[static_cast<std::size_t>(at)];
      index.erase(index.begin() + at);
      const auto label = static_cast<std::int64_t>(x[0].data[offset_of(shape, index)]);
      return number == label || number == label + classes ? 1.0 : 0.0;
    })};
  };
  result.tolerance = 0;
  return result;
}

inline OpCase triangle_case(const Shape& shape, bool lower, std::int64_t diagonal) {
  OpCase result{.name = fmt::format("{} {} from {}", lower ? "tril" : "triu", to_string(shape), diagonal),
                .inputs = {{.type = {DType::f32, shape}}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{lower ? tril(x[0], diagonal) : triu(x[0], diagonal)};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{generate(shape, [&](const Index& index) {
      const std::int64_t beside = index.back() - index[index.size() - 2];
      return (lower ? beside <= diagonal : beside >= diagonal) ? x[0].data[offset_of(shape, index)] : 0.0;
    })};
  };
  result.tolerance = 0;
  return result;
}

inline std::vector<OpCase> constants_cases() {
  std::vector<OpCase> cases = {
      one_hot_case({}, 5, 0),
      one_hot_case({7}, 5, -1),
      one_hot_case({7}, 4, 0),
      one_hot_case({2, 5, 6}, 4, 1),
      one_hot_case({2, 5, 6}, 3, -1),
      one_hot_case({2, 3, 4, 5}, 1, 2),
      one_hot_case({2, 2, 3, 2, 3}, 3, 1),
      triangle_case({5, 5}, true, 0),
      triangle_case({4, 7}, false, 0),
      triangle_case({7, 4}, true, -2),
      triangle_case({2, 5, 6}, true, 1),
      triangle_case({2, 3, 5, 4}, false, -1),
      triangle_case({3, 3}, false, 9),
  };
  ShapeDraws draws("constants");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape(static_cast<int>(draws.between(2, 4)), 600);
    cases.push_back(draws.coin()
                        ? one_hot_case(shape, draws.between(1, 9), static_cast<int>(draws.between(-1, shape.rank())))
                        : triangle_case(shape, draws.coin(), draws.between(-5, 5)));
    cases.back().name = draws.name(cases.back().name);
  }
  return cases;
}

}  // namespace tuff::test
