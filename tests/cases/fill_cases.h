// Fill: one element, below, at and above a vector of four, several groups, both layouts.
#pragma once

#include "ops/fill.h"
#include "support/op_check.h"

namespace tuff::test {

inline std::vector<OpCase> fill_cases() {
  std::vector<OpCase> cases;
  for (const TensorType& type : {TensorType{}, TensorType{DType::f32, {3}}, TensorType{DType::f32, {4}}, TensorType{DType::f32, {2, 3, 11, 13}},
                                 TensorType{DType::f32, {8, 4, 3, 3}, Layout::weight}}) {
    OpCase op_case;
    op_case.name = "fill " + to_string(type);
    op_case.build = [=](Graph& graph, std::span<const Value>) { return std::vector<Value>{full(graph, type, -2.5f), zeros(graph, type)}; };
    op_case.reference = [=](std::span<const Array>) { return std::vector<Array>{Array(type.shape, -2.5), Array(type.shape, 0)}; };
    op_case.tolerance = 0;
    op_case.check_gradient = false;
    cases.push_back(op_case);
  }
  return cases;
}

}  // namespace tuff::test
