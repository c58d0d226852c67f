#pragma once

#include <cmath>

#include "ops/cross_entropy.h"
#include "support/indexing.h"
#include "support/op_check.h"
#include "support/random_shapes.h"

namespace tuff::test {

// The pixel of logits index `at` in a class map, with or without a channel axis.
inline Index class_index(Index at, const Shape& target) {
  if (target.rank() == static_cast<int>(at.size()))
    at[1] = 0;
  else
    at.erase(at.begin() + 1);
  return at;
}

inline Array cross_entropy_reference(std::span<const Array> x, bool dense, std::int32_t ignore_index) {
  const Array& logits = x[0];
  const bool weighted = x.size() == 3;
  double sum = 0;
  double divisor = 0;
  for_each_index(logits.shape, [&](const Index& at) {
    if (at[1] != 0) return;
    double largest = -1e300;
    const auto logit = [&](std::int64_t c) {
      Index other = at;
      other[1] = c;
      return logits.data[offset_of(logits.shape, other)];
    };
    for (std::int64_t c = 0; c < logits.shape[1]; ++c) largest = std::max(largest, logit(c));
    double exponentials = 0;
    for (std::int64_t c = 0; c < logits.shape[1]; ++c) exponentials += std::exp(logit(c) - largest);
    if (dense) {
      for (std::int64_t c = 0; c < logits.shape[1]; ++c) {
        Index other = at;
        other[1] = c;
        const double weight = weighted ? x[2].data[static_cast<std::size_t>(c)] : 1;
        sum += weight * x[1].data[offset_of(logits.shape, other)] * (largest + std::log(exponentials) - logit(c));
      }
      divisor += 1;
      return;
    }
    const auto label = static_cast<std::int32_t>(x[1].data[offset_of(x[1].shape, class_index(at, x[1].shape))]);
    if (label == ignore_index) return;
    const double weight = weighted ? x[2].data[static_cast<std::size_t>(label)] : 1;
    sum += weight * (largest + std::log(exponentials) - logit(label));
    divisor += weight;
  });
  return Array(Shape{}, sum / divisor);
}

inline OpCase cross_entropy_case(std::string name, const Shape& shape, const TensorType& target, bool weighted, std::int32_t ignore_index = -100) {
  const bool dense = target.dtype == DType::f32;
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}, .tolerance = 2e-6};
  result.inputs.push_back({.type = target, .fill = dense ? Fill::positive : Fill::labels, .label_count = shape.channels(), .differentiable = false});
  if (weighted) result.inputs.push_back({.type = {DType::f32, Shape{shape.channels()}}, .fill = Fill::positive, .differentiable = false});
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{cross_entropy(x[0], x[1], {.ignore_index = ignore_index}, weighted ? x[2] : Value{})};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{cross_entropy_reference(x, dense, ignore_index)};
  };
  return result;
}

// A map of classes of (N, C, spatial...), with or without a channel axis, or the shape itself for probabilities.
inline TensorType random_target(ShapeDraws& draws, const Shape& shape) {
  std::vector<std::int64_t> extents = shape.extents();
  switch (draws.between(0, 2)) {
    case 0: return {DType::f32, shape};
    case 1: extents[1] = 1; break;
    default: extents.erase(extents.begin() + 1); break;
  }
  return {DType::i32, Shape(extents)};
}

inline void add_random_cross_entropy_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("cross_entropy");
  for (int i = 0; i < 6; ++i) {
    const Shape shape = draws.image();
    const TensorType target = random_target(draws, shape);
    const bool weighted = draws.coin();
    const std::int32_t ignored = draws.coin() && shape.channels() > 2 ? 1 : -100;
    cases.push_back(cross_entropy_case(draws.name(to_string(shape) + " against " + to_string(target)), shape, target, weighted, ignored));
  }
}

inline std::vector<OpCase> cross_entropy_cases() {
  constexpr DType i32 = DType::i32;
  std::vector<OpCase> cases = {
      cross_entropy_case("classes", {2, 3, 9, 7}, {i32, {2, 9, 7}}, false),
      cross_entropy_case("classes with a channel axis", {2, 3, 9, 7}, {i32, {2, 1, 9, 7}}, false),
      cross_entropy_case("weights", {2, 4, 33, 31}, {i32, {2, 33, 31}}, true),
      cross_entropy_case("a class ignored", {2, 4, 9, 7}, {i32, {2, 9, 7}}, true, 2),
      cross_entropy_case("vectors", {9, 5}, {i32, {9}}, false),
      cross_entropy_case("lines", {3, 5, 17}, {i32, {3, 17}}, true),
      cross_entropy_case("volumes", {2, 3, 3, 4, 5}, {i32, {2, 3, 4, 5}}, true),
      cross_entropy_case("probabilities", {2, 3, 9, 7}, {DType::f32, {2, 3, 9, 7}}, false),
      cross_entropy_case("probabilities, weights", {2, 3, 9, 7}, {DType::f32, {2, 3, 9, 7}}, true),
      cross_entropy_case("one class", {1, 1, 3, 3}, {i32, {1, 3, 3}}, false),
  };
  add_random_cross_entropy_cases(cases);
  return cases;
}

}  // namespace tuff::test
