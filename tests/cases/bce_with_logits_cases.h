#pragma once

#include <cmath>

#include "cases/elementwise_loss_cases.h"
#include "ops/bce_with_logits.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase bce_with_logits_case(std::string name, const Shape& shape, bool weighted, Fill targets = Fill::labels) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}, .tolerance = 2e-6};
  result.inputs.push_back({.type = {DType::f32, shape}, .fill = targets, .differentiable = false});
  if (weighted) result.inputs.push_back({.type = {DType::f32, shape}, .fill = Fill::positive, .differentiable = false});
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{bce_with_logits(x[0], x[1], weighted ? x[2] : Value{})};
  };
  result.reference = [=](std::span<const Array> x) {
    double sum = 0;
    for (std::size_t i = 0; i < x[0].data.size(); ++i) {
      const double logit = x[0].data[i];
      sum += (std::max(logit, 0.0) - logit * x[1].data[i] + std::log1p(std::exp(-std::abs(logit)))) *
             (weighted ? x[2].data[i] : 1);
    }
    return std::vector<Array>{Array(Shape{}, sum / static_cast<double>(x[0].data.size()))};
  };
  return result;
}

// Variants that are composed: reductions, weights that broadcast, pos_weight (rank 0: none).
inline OpCase bce_with_logits_variant(const Shape& shape, LossReduction reduction, const Shape& weight,
                                      const Shape& pos_weight) {
  OpCase result{.name = fmt::format("{}, reduction {}, weight {}, pos_weight {}", to_string(shape),
                                    static_cast<int>(reduction), to_string(weight), to_string(pos_weight))};
  result.inputs = {{.type = {DType::f32, shape}}, {.type = {DType::f32, shape}, .fill = Fill::positive}};
  const bool weighted = weight.rank() > 0, positive = pos_weight.rank() > 0;
  if (weighted) result.inputs.push_back({.type = {DType::f32, weight}, .fill = Fill::positive});
  if (positive) result.inputs.push_back({.type = {DType::f32, pos_weight}, .fill = Fill::positive});
  result.build = [=](Graph&, Inputs x) {
    return std::vector<Value>{
        bce_with_logits(x[0], x[1], weighted ? x[2] : Value{}, positive ? x.back() : Value{}, reduction)};
  };
  result.reference = [=](std::span<const Array> x) {
    const Array operands[] = {x[0], x[1], positive ? x.back() : Array(Shape{}, 1)};
    const Array losses = elementwise(operands, [](double a, double t, double w) {
      const double softplus = std::log1p(std::exp(-std::fabs(a)));
      return w * t * (softplus + std::fmax(-a, 0)) + (1 - t) * (softplus + std::fmax(a, 0));
    });
    return std::vector<Array>{reduce_reference(losses, reduction, weighted ? &x[2] : nullptr, false)};
  };
  result.tolerance = 3e-6;
  return result;
}

inline void add_random_bce_with_logits_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("bce_with_logits");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape();
    const bool weighted = draws.coin();
    cases.push_back(
        bce_with_logits_case(draws.name(shape), shape, weighted, draws.pick({Fill::labels, Fill::positive})));
  }
}

inline std::vector<OpCase> bce_with_logits_cases() {
  std::vector<OpCase> cases = {
      bce_with_logits_case("masks", {2, 1, 33, 31}, false),
      bce_with_logits_case("weighted", {2, 1, 33, 31}, true),
      bce_with_logits_case("several classes", {2, 3, 9, 7}, false),
      bce_with_logits_case("soft targets", {2, 3, 9, 7}, true, Fill::positive),
      bce_with_logits_case("one logit", {1, 1}, false),
      bce_with_logits_case("volume", {1, 2, 3, 4, 5}, false),
  };
  using enum LossReduction;
  cases.push_back(bce_with_logits_variant({2, 3, 5, 7}, mean, {}, {3, 1, 1}));
  cases.push_back(bce_with_logits_variant({2, 3, 5, 7}, mean, {2, 1, 5, 7}, {}));
  cases.push_back(bce_with_logits_variant({2, 4, 9}, none, {2, 4, 9}, {4, 1}));
  cases.push_back(bce_with_logits_variant({65}, sum, {}, {65}));
  cases.push_back(bce_with_logits_variant({2, 1, 3, 4, 5}, none, {}, {}));
  add_random_bce_with_logits_cases(cases);
  return cases;
}

}  // namespace tuff::test
