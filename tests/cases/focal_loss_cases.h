#pragma once

#include "cases/bce_with_logits_cases.h"
#include "cases/cross_entropy_cases.h"
#include "ops/focal_loss.h"

namespace tuff::test {

inline OpCase focal_loss_case(std::string name, const Shape& shape, const TensorType& target,
                              const FocalAttributes& attributes, ClassWeights weights) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  add_class_inputs(result, shape, target, weights);
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{focal_loss(x[0], x[1], attributes, class_weight(x, weights), pixel_weight(x, weights))};
  };
  result.reference = [=](std::span<const Array> x) {
    const Array logs = softmax_reference(x[0], 1, true);
    const ClassLossReference rule{.dense = target.dtype == DType::f32,
                                  .ignore_index = attributes.ignore_index,
                                  .weight = weights.classes ? &x[2] : nullptr,
                                  .pixel_weight = weights.pixels ? &x.back() : nullptr,
                                  .mean_over_weights = false};
    const auto term = [&](const Index& at) {
      const double log_p = logs.data[offset_of(shape, at)];
      return log_p * std::pow(1 - std::exp(log_p), attributes.gamma);
    };
    return std::vector<Array>{reduced(class_loss(shape, x[1], rule, term), attributes.reduction)};
  };
  return result;
}

inline OpCase sigmoid_focal_loss_case(const Shape& shape, float alpha, float gamma, LossReduction reduction,
                                      const Shape& weight) {
  OpCase result{.name = fmt::format("sigmoid, {}, alpha {}, gamma {}, weight {}", to_string(shape), alpha, gamma,
                                    to_string(weight))};
  result.inputs = {{.type = {DType::f32, shape}},
                   {.type = {DType::f32, shape}, .fill = Fill::labels, .differentiable = false}};
  const bool weighted = weight.rank() > 0;
  if (weighted) result.inputs.push_back({.type = {DType::f32, weight}, .fill = Fill::positive});
  result.build = [=](Graph&, Inputs x) {
    return std::vector<Value>{
        sigmoid_focal_loss(x[0], x[1], alpha, gamma, {.reduction = reduction, .weight = weighted ? x[2] : Value{}})};
  };
  result.reference = [=](std::span<const Array> x) {
    const Array losses = elementwise(x.first(2), [&](double a, double t, double) {
      const double p = 1 / (1 + std::exp(-a)), p_t = t == 1 ? p : 1 - p;
      return -std::log(p_t) * std::pow(1 - p_t, gamma) * (alpha < 0 ? 1 : t == 1 ? alpha : 1 - alpha);
    });
    return std::vector<Array>{reduce_reference(losses, reduction, weighted ? &x[2] : nullptr, false)};
  };
  return result;
}

inline std::vector<OpCase> focal_loss_cases() {
  using enum LossReduction;
  constexpr DType i32 = DType::i32;
  std::vector<OpCase> cases = {
      sigmoid_focal_loss_case({2, 1, 9, 7}, 0.25f, 2, mean, {}),
      sigmoid_focal_loss_case({2, 3, 5, 7}, -1, 1.5f, sum, {2, 1, 5, 7}),
      sigmoid_focal_loss_case({2, 4, 9}, 0.6f, 0, none, {}),
      focal_loss_case("classes", {2, 3, 9, 7}, {i32, {2, 9, 7}}, {}, {}),
      focal_loss_case("a class ignored, all weights", {2, 3, 9, 7}, {i32, {2, 1, 9, 7}},
                      {.gamma = 1.5f, .ignore_index = 1}, {true, true}),
      focal_loss_case("each pixel", {2, 4, 9}, {i32, {2, 9}}, {.gamma = 0.5f, .reduction = none}, {true, false}),
      focal_loss_case("probabilities", {1, 3, 3, 4, 5}, {DType::f32, {1, 3, 3, 4, 5}}, {.gamma = 3}, {false, true}),
      focal_loss_case("without focus", {9, 5}, {i32, {9}}, {.gamma = 0, .reduction = sum}, {}),
  };
  ShapeDraws draws("focal_loss");
  for (int i = 0; i < draws.rounds(6); ++i) {
    Shape shape = draws.image(draws.spatial_axes(), 1500);
    if (shape.channels() == 1) shape = {3, 2, 5};  // one class is certain: no loss, no gradient
    const FocalAttributes attributes{.gamma = draws.pick({2.0f, 1.0f, 2.5f}),
                                     .reduction = draws.pick({mean, sum, none, batch_mean})};
    const ClassWeights weights{draws.coin(), draws.coin() && pixels_may_be_weighted(shape)};
    cases.push_back(focal_loss_case(draws.name(shape), shape, random_target(draws, shape), attributes, weights));
  }
  return cases;
}

}  // namespace tuff::test
