// Fill: one element, below, at and above a vector of four, several groups, both layouts.
#pragma once

#include "ops/fill.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase fill_case(std::string name, const TensorType& type) {
  OpCase op_case;
  op_case.name = std::move(name);
  op_case.build = [=](Graph& graph, std::span<const Value>) {
    return std::vector<Value>{full(graph, type, -2.5f), zeros(graph, type)};
  };
  op_case.reference = [=](std::span<const Array>) {
    return std::vector<Array>{Array(type.shape, -2.5), Array(type.shape, 0)};
  };
  op_case.tolerance = 0;
  op_case.check_gradient = false;
  return op_case;
}

inline std::vector<OpCase> fill_cases() {
  std::vector<OpCase> cases;
  for (const TensorType& type :
       {TensorType{}, TensorType{DType::f32, {3}}, TensorType{DType::f32, {4}}, TensorType{DType::f32, {2, 3, 11, 13}},
        TensorType{DType::f32, {8, 4, 3, 3}, Layout::weight}})
    cases.push_back(fill_case("fill " + to_string(type), type));
  ShapeDraws draws("fill");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const TensorType type{DType::f32, draws.shape(), draws.layout()};
    cases.push_back(fill_case(draws.name(to_string(type)), type));
  }
  return cases;
}

}  // namespace tuff::test
