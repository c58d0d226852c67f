#pragma once

#include "ops/mse.h"
#include "support/op_check.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase mse_case(std::string name, const Shape& shape) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}, {.type = {DType::f32, shape}}}};
  result.build = [](Graph&, std::span<const Value> x) { return std::vector<Value>{mse(x[0], x[1])}; };
  result.reference = [](std::span<const Array> x) {
    double sum = 0;
    for (std::size_t i = 0; i < x[0].data.size(); ++i) sum += (x[0].data[i] - x[1].data[i]) * (x[0].data[i] - x[1].data[i]);
    return std::vector<Array>{Array(Shape{}, sum / static_cast<double>(x[0].data.size()))};
  };
  return result;
}

inline std::vector<OpCase> mse_cases() {
  std::vector<OpCase> cases;
  for (const Shape& shape : {Shape{2, 3, 9, 7}, Shape{65}, Shape{1, 1}}) cases.push_back(mse_case("mse " + to_string(shape), shape));
  ShapeDraws draws("mse");
  for (int i = 0; i < 6; ++i) {
    const Shape shape = draws.shape();
    cases.push_back(mse_case(draws.name(shape), shape));
  }
  return cases;
}

}  // namespace tuff::test
