#pragma once

#include <cmath>

#include "cases/cross_entropy_cases.h"
#include "cases/softmax_cases.h"
#include "ops/dice_loss.h"
#include "support/indexing.h"
#include "support/op_check.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline Array dice_loss_reference(std::span<const Array> x, bool dense, const DiceAttributes& attributes) {
  using Activation = DiceAttributes::Activation;
  Array p = attributes.activation == Activation::softmax ? softmax_reference(x[0], 1, false) : x[0];
  if (attributes.activation == Activation::sigmoid)
    for (double& value : p.data) value = 1 / (1 + std::exp(-value));
  const auto classes = static_cast<std::size_t>(p.shape[1]);
  std::vector<double> both(classes, 0);
  std::vector<double> either(classes, 0);
  for_each_index(p.shape, [&](const Index& at) {
    const auto c = static_cast<std::size_t>(at[1]);
    const double value = p.data[offset_of(p.shape, at)];
    double t = 0;
    if (dense)
      t = x[1].data[offset_of(p.shape, at)];
    else
      t = x[1].data[offset_of(x[1].shape, class_index(at, x[1].shape))] == static_cast<double>(at[1]) ? 1 : 0;
    both[c] += value * t;
    either[c] += value + t;
  });
  const auto smooth = static_cast<double>(attributes.smooth);
  double dice = 0;
  for (std::size_t c = 0; c < classes; ++c) dice += (2 * both[c] + smooth) / (either[c] + smooth);
  return Array(Shape{}, 1 - dice / static_cast<double>(classes));
}

inline OpCase dice_loss_case(std::string name, const Shape& shape, const TensorType& target, const DiceAttributes& attributes) {
  const bool dense = target.dtype == DType::f32;
  const bool probabilities = attributes.activation == DiceAttributes::Activation::none;
  OpCase result{.name = std::move(name)};
  result.inputs.push_back({.type = {DType::f32, shape}, .fill = probabilities ? Fill::positive : Fill::uniform});
  result.inputs.push_back({.type = target, .fill = Fill::labels, .label_count = dense ? 2 : shape.channels(), .differentiable = false});
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{dice_loss(x[0], x[1], attributes)}; };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{dice_loss_reference(x, dense, attributes)};
  };
  return result;
}

inline void add_random_dice_loss_cases(std::vector<OpCase>& cases) {
  using enum DiceAttributes::Activation;
  ShapeDraws draws("dice_loss");
  for (int i = 0; i < 6; ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 1500);
    const TensorType target = random_target(draws, shape);
    const DiceAttributes attributes{.activation = draws.pick({none, sigmoid, softmax}), .smooth = draws.pick({1.0f, 1e-2f})};
    cases.push_back(dice_loss_case(draws.name(to_string(shape) + " against " + to_string(target)), shape, target, attributes));
  }
}

inline std::vector<OpCase> dice_loss_cases() {
  using enum DiceAttributes::Activation;
  constexpr DType i32 = DType::i32;
  std::vector<OpCase> cases = {
      dice_loss_case("masks", {2, 1, 33, 31}, {DType::f32, {2, 1, 33, 31}}, {}),
      dice_loss_case("several masks", {2, 3, 9, 7}, {DType::f32, {2, 3, 9, 7}}, {.activation = sigmoid, .smooth = 1e-2f}),
      dice_loss_case("classes", {2, 3, 9, 7}, {i32, {2, 1, 9, 7}}, {.activation = softmax}),
      dice_loss_case("classes without a channel axis", {2, 3, 9, 7}, {i32, {2, 9, 7}}, {.activation = softmax}),
      dice_loss_case("classes of volumes", {1, 4, 3, 4, 5}, {i32, {1, 3, 4, 5}}, {.activation = sigmoid}),
      dice_loss_case("probabilities", {2, 2, 5, 5}, {DType::f32, {2, 2, 5, 5}}, {.activation = none}),
      dice_loss_case("one pixel", {1, 1, 1, 1}, {DType::f32, {1, 1, 1, 1}}, {}),
  };
  add_random_dice_loss_cases(cases);
  return cases;
}

}  // namespace tuff::test
