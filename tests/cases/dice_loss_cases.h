#pragma once

#include <cmath>

#include "cases/cross_entropy_cases.h"
#include "cases/softmax_cases.h"
#include "ops/dice_loss.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// What Dice and Tversky losses sum over a class.
struct Overlap {
  double both = 0, predicted = 0, truth = 0;  // sum(p t), sum(p), sum(t)
};

inline std::vector<Overlap> overlaps(std::span<const Array> x, bool dense, DiceAttributes::Activation activation,
                                     bool weighted, std::int32_t ignore_index) {
  using Activation = DiceAttributes::Activation;
  Array p = activation == Activation::softmax ? softmax_reference(x[0], 1, false) : x[0];
  if (activation == Activation::sigmoid)
    for (double& value : p.data) value = 1 / (1 + std::exp(-value));
  std::vector<Overlap> result(static_cast<std::size_t>(p.shape[1]));
  for_each_index(p.shape, [&](const Index& at) {
    const double value = p.data[offset_of(p.shape, at)];
    double t = 0, weight = 1;
    if (dense) {
      t = x[1].data[offset_of(p.shape, at)];
    } else {
      const double label = x[1].data[offset_of(x[1].shape, class_index(at, x[1].shape))];
      if (label == ignore_index) return;
      t = label == static_cast<double>(at[1]) ? 1 : 0;
    }
    Index pixel = at;
    if (weighted && x[2].shape[1] == 1) pixel[1] = 0;
    if (weighted) weight = x[2].data[offset_of(x[2].shape, pixel)];
    Overlap& overlap = result[static_cast<std::size_t>(at[1])];
    overlap.both += weight * value * t;
    overlap.predicted += weight * value;
    overlap.truth += weight * t;
  });
  return result;
}

inline Array tversky_loss_reference(std::span<const Array> x, bool dense, const TverskyAttributes& attributes,
                                    bool weighted) {
  double sum = 0;
  const auto all = overlaps(x, dense, attributes.activation, weighted, attributes.ignore_index);
  for (const Overlap& overlap : all)
    sum += (overlap.both + attributes.smooth) / (overlap.both + attributes.alpha * (overlap.predicted - overlap.both) +
                                                 attributes.beta * (overlap.truth - overlap.both) + attributes.smooth);
  return Array(Shape{}, 1 - sum / static_cast<double>(all.size()));
}

inline Array dice_loss_reference(std::span<const Array> x, bool dense, const DiceAttributes& attributes,
                                 bool weighted = false) {
  const auto smooth = static_cast<double>(attributes.smooth);
  double dice = 0;
  const auto all = overlaps(x, dense, attributes.activation, weighted, -100);
  for (const Overlap& overlap : all) dice += (2 * overlap.both + smooth) / (overlap.predicted + overlap.truth + smooth);
  return Array(Shape{}, 1 - dice / static_cast<double>(all.size()));
}

// Tversky's loss or, where alpha and beta are 0.5, a weighted Dice loss; weight of rank 0: none.
inline OpCase tversky_loss_case(std::string name, const Shape& shape, const TensorType& target,
                                const TverskyAttributes& attributes, const Shape& weight) {
  const bool dense = target.dtype == DType::f32, weighted = weight.rank() > 0;
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  result.inputs.push_back({.type = target, .fill = Fill::labels, .label_count = dense ? 2 : shape.channels()});
  if (weighted) result.inputs.push_back({.type = {DType::f32, weight}, .fill = Fill::positive});
  const bool dice = weighted && attributes.alpha == 0.5f && attributes.beta == 0.5f;
  const DiceAttributes as_dice{.activation = attributes.activation, .smooth = attributes.smooth};
  result.build = [=](Graph&, std::span<const Value> x) {
    if (dice) return std::vector<Value>{dice_loss(x[0], x[1], as_dice, x[2])};
    return std::vector<Value>{tversky_loss(x[0], x[1], attributes, weighted ? x[2] : Value{})};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{dice ? dice_loss_reference(x, dense, as_dice, true)
                                   : tversky_loss_reference(x, dense, attributes, weighted)};
  };
  return result;
}

inline std::vector<OpCase> tversky_loss_cases() {
  using enum DiceAttributes::Activation;
  constexpr DType i32 = DType::i32, f32 = DType::f32;
  std::vector<OpCase> cases = {
      tversky_loss_case("tversky, masks", {2, 1, 17, 9}, {f32, {2, 1, 17, 9}}, {.alpha = 0.3f, .beta = 0.7f}, {}),
      tversky_loss_case("tversky, classes", {2, 3, 9, 7}, {i32, {2, 9, 7}},
                        {.alpha = 0.7f, .beta = 0.3f, .activation = softmax}, {}),
      tversky_loss_case("tversky, a class ignored, weights", {2, 3, 9, 7}, {i32, {2, 1, 9, 7}},
                        {.alpha = 0.7f, .beta = 0.3f, .activation = softmax, .ignore_index = 1}, {2, 1, 9, 7}),
      tversky_loss_case("dice, a weight each", {2, 3, 5}, {f32, {2, 3, 5}}, {}, {2, 3, 5}),
      tversky_loss_case("dice, weighted pixels of classes", {1, 4, 3, 4, 5}, {i32, {1, 3, 4, 5}},
                        {.activation = softmax}, {1, 1, 3, 4, 5}),
  };
  ShapeDraws draws("tversky_loss");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 1500);
    std::vector<std::int64_t> map = shape.extents();
    map[1] = 1;
    // One class alone is certain: no loss, no gradient. Without activation what is drawn are no probabilities.
    const TverskyAttributes attributes{.alpha = draws.pick({0.2f, 0.5f}),
                                       .beta = 0.5f,
                                       .smooth = draws.pick({1.0f, 0.1f}),
                                       .activation = shape.channels() == 1 || draws.coin() ? sigmoid : softmax};
    const TensorType target = draws.coin() ? TensorType{f32, shape} : TensorType{i32, Shape(map)};
    cases.push_back(
        tversky_loss_case(draws.name(shape), shape, target, attributes, draws.coin() ? Shape(map) : Shape{}));
  }
  return cases;
}

inline OpCase dice_loss_case(std::string name, const Shape& shape, const TensorType& target,
                             const DiceAttributes& attributes) {
  const bool dense = target.dtype == DType::f32;
  const bool probabilities = attributes.activation == DiceAttributes::Activation::none;
  OpCase result{.name = std::move(name)};
  result.inputs.push_back({.type = {DType::f32, shape}, .fill = probabilities ? Fill::positive : Fill::uniform});
  result.inputs.push_back(
      {.type = target, .fill = Fill::labels, .label_count = dense ? 2 : shape.channels(), .differentiable = false});
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{dice_loss(x[0], x[1], attributes)};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{dice_loss_reference(x, dense, attributes)};
  };
  return result;
}

inline void add_random_dice_loss_cases(std::vector<OpCase>& cases) {
  using enum DiceAttributes::Activation;
  ShapeDraws draws("dice_loss");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 1500);
    const TensorType target = random_target(draws, shape);
    const DiceAttributes attributes{.activation = draws.pick({none, sigmoid, softmax}),
                                    .smooth = draws.pick({1.0f, 1e-2f})};
    cases.push_back(
        dice_loss_case(draws.name(to_string(shape) + " against " + to_string(target)), shape, target, attributes));
  }
}

inline std::vector<OpCase> dice_loss_cases() {
  using enum DiceAttributes::Activation;
  constexpr DType i32 = DType::i32;
  std::vector<OpCase> cases = {
      dice_loss_case("masks", {2, 1, 33, 31}, {DType::f32, {2, 1, 33, 31}}, {}),
      dice_loss_case("several masks", {2, 3, 9, 7}, {DType::f32, {2, 3, 9, 7}},
                     {.activation = sigmoid, .smooth = 1e-2f}),
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
