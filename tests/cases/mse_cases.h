#pragma once

#include "ops/mse.h"
#include "support/op_check.h"

namespace tuff::test {

inline std::vector<OpCase> mse_cases() {
  std::vector<OpCase> cases;
  for (const Shape& shape : {Shape{2, 3, 9, 7}, Shape{65}, Shape{1, 1}}) {
    OpCase result{.name = "mse " + to_string(shape), .inputs = {{.type = {DType::f32, shape}}, {.type = {DType::f32, shape}}}};
    result.build = [](Graph&, std::span<const Value> x) { return std::vector<Value>{mse(x[0], x[1])}; };
    result.reference = [](std::span<const Array> x) {
      double sum = 0;
      for (std::size_t i = 0; i < x[0].data.size(); ++i) sum += (x[0].data[i] - x[1].data[i]) * (x[0].data[i] - x[1].data[i]);
      return std::vector<Array>{Array(Shape{}, sum / static_cast<double>(x[0].data.size()))};
    };
    cases.push_back(std::move(result));
  }
  return cases;
}

}  // namespace tuff::test
