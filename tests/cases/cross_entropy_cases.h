#pragma once

#include <cmath>

#include "cases/class_loss_reference.h"
#include "cases/softmax_cases.h"
#include "ops/cross_entropy.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline Array reduced(const ClassLoss& loss, LossReduction reduction) {
  switch (reduction) {
    case LossReduction::none: return loss.pixels;
    case LossReduction::sum: return Array(Shape{}, loss.sum);
    case LossReduction::batch_mean: return Array(Shape{}, loss.sum / static_cast<double>(loss.pixels.shape[0]));
    case LossReduction::mean: break;
  }
  return Array(Shape{}, loss.sum / loss.divisor);
}

struct ClassWeights {
  bool classes = false;
  bool pixels = false;
};

// Inputs that follow x: the target and the weights there are.
inline void add_class_inputs(OpCase& op_case, const Shape& shape, const TensorType& target, ClassWeights weights) {
  const bool dense = target.dtype == DType::f32;
  op_case.inputs.push_back({.type = target,
                            .fill = dense ? Fill::positive : Fill::labels,
                            .label_count = shape.channels(),
                            .differentiable = false});
  std::vector<std::int64_t> map = shape.extents();
  map[1] = 1;
  if (weights.classes)
    op_case.inputs.push_back(
        {.type = {DType::f32, Shape{shape.channels()}}, .fill = Fill::positive, .differentiable = false});
  if (weights.pixels) op_case.inputs.push_back({.type = {DType::f32, Shape(map)}, .fill = Fill::positive});
}

// The mean over one pixel doesn't depend on its weight: what rounding leaves of that gradient is no error.
inline bool pixels_may_be_weighted(const Shape& shape) {
  return shape.elements() / shape.channels() > 8;
}

inline Value class_weight(std::span<const Value> x, ClassWeights weights) {
  return weights.classes ? x[2] : Value{};
}
inline Value pixel_weight(std::span<const Value> x, ClassWeights weights) {
  return weights.pixels ? x.back() : Value{};
}

// `log_probabilities`: of nll_loss, else logits.
inline OpCase class_loss_case(std::string name, const Shape& shape, const TensorType& target,
                              const CrossEntropyAttributes& attributes, ClassWeights weights,
                              bool log_probabilities = false) {
  // Of one sign, as logarithms of probabilities are: sums of both signs may vanish.
  OpCase result{.name = std::move(name),
                .inputs = {{.type = {DType::f32, shape}, .fill = log_probabilities ? Fill::positive : Fill::uniform}},
                .tolerance = 3e-6};
  add_class_inputs(result, shape, target, weights);
  result.build = [=](Graph&, std::span<const Value> x) {
    const auto loss = log_probabilities ? nll_loss : cross_entropy;
    return std::vector<Value>{loss(x[0], x[1], attributes, class_weight(x, weights), pixel_weight(x, weights))};
  };
  result.reference = [=](std::span<const Array> x) {
    const Array logs = log_probabilities ? x[0] : softmax_reference(x[0], 1, true);
    const ClassLossReference rule{.dense = target.dtype == DType::f32,
                                  .ignore_index = attributes.ignore_index,
                                  .label_smoothing = attributes.label_smoothing,
                                  .weight = weights.classes ? &x[2] : nullptr,
                                  .pixel_weight = weights.pixels ? &x.back() : nullptr};
    return std::vector<Array>{
        reduced(class_loss(shape, x[1], rule, [&](const Index& at) { return logs.data[offset_of(shape, at)]; }),
                attributes.reduction)};
  };
  return result;
}

inline OpCase cross_entropy_case(std::string name, const Shape& shape, const TensorType& target, bool weighted,
                                 std::int32_t ignore_index = -100) {
  return class_loss_case(std::move(name), shape, target, {.ignore_index = ignore_index}, {.classes = weighted});
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
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.image();
    const TensorType target = random_target(draws, shape);
    const bool weighted = draws.coin();
    const std::int32_t ignored = draws.coin() && shape.channels() > 2 ? 1 : -100;
    cases.push_back(cross_entropy_case(draws.name(to_string(shape) + " against " + to_string(target)), shape, target,
                                       weighted, ignored));
  }
  using enum LossReduction;
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 1500);
    CrossEntropyAttributes attributes{.ignore_index = draws.pick({-100, 0}),
                                      .label_smoothing = draws.pick({0.0f, 0.2f}),
                                      .reduction = draws.pick({mean, sum, none, batch_mean})};
    if (shape.channels() == 1) attributes.ignore_index = -100;  // nothing would count, and its mean be no number
    const ClassWeights weights{draws.coin(), draws.coin() && pixels_may_be_weighted(shape)};
    const TensorType target = random_target(draws, shape);
    cases.push_back(class_loss_case(draws.name(to_string(shape) + " against " + to_string(target)), shape, target,
                                    attributes, weights, draws.coin()));
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
  using enum LossReduction;
  constexpr ClassWeights kNone{}, kClasses{true, false}, kPixels{false, true}, kBoth{true, true};
  const TensorType map{i32, {2, 9, 7}}, dense{DType::f32, {2, 3, 9, 7}};
  const auto add = [&](const char* name, const TensorType& target, const CrossEntropyAttributes& attributes,
                       ClassWeights weights, bool logs = false) {
    cases.push_back(class_loss_case(name, {2, 3, 9, 7}, target, attributes, weights, logs));
  };
  add("smoothed", map, {.label_smoothing = 0.1f}, kNone);
  add("smoothed, weights, a class ignored", map, {.ignore_index = 1, .label_smoothing = 0.3f}, kClasses);
  add("each pixel", map, {.ignore_index = 0, .reduction = none}, kClasses);
  add("sum", map, {.reduction = sum}, kNone);
  add("a weight map", map, {}, kPixels);
  add("all weights, smoothed", map, {.label_smoothing = 0.2f}, kBoth);
  add("probabilities, smoothed, all weights", dense, {.label_smoothing = 0.2f}, kBoth);
  add("probabilities, each pixel", dense, {.reduction = none}, kNone);
  add("log-probabilities", map, {}, kNone, true);
  add("log-probabilities, weights, a class ignored", map, {.ignore_index = 2}, kClasses, true);
  add("log-probabilities, each pixel", map, {.reduction = none}, kBoth, true);
  add_random_cross_entropy_cases(cases);
  return cases;
}

}  // namespace tuff::test
