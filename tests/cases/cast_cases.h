#pragma once

#include <cmath>

#include "ops/cast.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Thousands, so that there is something to truncate.
inline OpCase cast_case(const Shape& shape, DType from, Layout layout = Layout::channels_last) {
  const DType to = from == DType::f32 ? DType::i32 : DType::f32;
  OpCase result{.name = std::string(to_string(from)) + " " + to_string(shape),
                .inputs = {{.type = {from, shape, layout}}}};
  ShapeDraws draws(result.name);
  Array values(shape);
  for (double& value : values.data) {
    value = static_cast<float>(static_cast<double>(draws.between(-4000000, 4000000)) / 1024);
    if (from == DType::i32) value = std::trunc(value);
  }
  result.inputs[0].values = values;
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{cast(x[0], to)}; };
  result.reference = [=](std::span<const Array> x) {
    Array y = x[0];
    if (to == DType::i32)
      for (double& value : y.data) value = std::trunc(value);
    return std::vector<Array>{y};
  };
  result.tolerance = 0;
  result.check_gradient = false;
  return result;
}

inline std::vector<OpCase> cast_cases() {
  std::vector<OpCase> cases;
  for (const DType from : {DType::f32, DType::i32})
    for (const Shape& shape : {Shape{}, Shape{65}, Shape{2, 3, 4, 5}, Shape{3, 63, 65}})
      cases.push_back(cast_case(shape, from, shape.rank() == 4 ? Layout::weight : Layout::channels_last));
  ShapeDraws draws("cast");
  for (int i = 0; i < draws.rounds(4); ++i) {
    cases.push_back(cast_case(draws.shape(), draws.pick({DType::f32, DType::i32}), draws.layout()));
    cases.back().name = draws.name(cases.back().name);
  }
  return cases;
}

}  // namespace tuff::test
