#pragma once

#include "cases/cross_entropy_cases.h"
#include "ops/class_indicator.h"

namespace tuff::test {

inline OpCase class_indicator_case(std::string name, const Shape& shape, const TensorType& target,
                                   std::int32_t ignore_index = -100) {
  OpCase result{.name = std::move(name)};
  result.inputs = {{.type = target, .fill = Fill::labels, .label_count = shape.channels()},
                   {.type = {DType::f32, shape}, .differentiable = false}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{class_indicator(x[0], x[1], ignore_index)};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{generate(shape, [&](const Index& at) {
      const double label = x[0].data[offset_of(x[0].shape, class_index(at, x[0].shape))];
      return label == static_cast<double>(at[1]) && label != ignore_index ? 1.0 : 0.0;
    })};
  };
  result.tolerance = 0;
  return result;
}

inline std::vector<OpCase> class_indicator_cases() {
  constexpr DType i32 = DType::i32;
  std::vector<OpCase> cases = {
      class_indicator_case("classes", {2, 3, 9, 7}, {i32, {2, 9, 7}}),
      class_indicator_case("classes with a channel axis", {2, 3, 9, 7}, {i32, {2, 1, 9, 7}}),
      class_indicator_case("a class ignored", {2, 4, 5}, {i32, {2, 5}}, 2),
      class_indicator_case("vectors", {65, 5}, {i32, {65}}),
      class_indicator_case("volumes", {2, 3, 3, 4, 5}, {i32, {2, 3, 4, 5}}),
      class_indicator_case("one class", {1, 1, 1}, {i32, {1, 1}}),
  };
  ShapeDraws draws("class_indicator");
  for (int i = 0; i < draws.rounds(6);) {
    const Shape shape = draws.image();
    const TensorType target = random_target(draws, shape);
    if (target.dtype != i32) continue;
    cases.push_back(class_indicator_case(draws.name(shape), shape, target, draws.coin() ? 0 : -100));
    ++i;
  }
  return cases;
}

}  // namespace tuff::test
