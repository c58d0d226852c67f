// Losses by element: every reduction, with and without weight maps of several shapes.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "cases/pointwise_cases.h"
#include "ops/elementwise_loss.h"

namespace tuff::test {

// What a LossOptions makes of a loss's elements, for references.
inline Array reduce_reference(const Array& loss, LossReduction reduction, const Array* weight, bool over_weights) {
  Array weighted = loss;
  double weights = static_cast<double>(loss.data.size());
  if (weight) {
    const Array operands[] = {loss, *weight};
    weighted = elementwise(operands, [](double a, double w, double) { return a * w; });
    const Array shaped[] = {Array(loss.shape, 0), *weight};
    const Array all = elementwise(shaped, [](double, double w, double) { return w; });
    if (over_weights) weights = std::accumulate(all.data.begin(), all.data.end(), 0.0);
  }
  const double sum = std::accumulate(weighted.data.begin(), weighted.data.end(), 0.0);
  switch (reduction) {
    case LossReduction::none: return weighted;
    case LossReduction::sum: return Array(Shape{}, sum);
    case LossReduction::batch_mean: return Array(Shape{}, sum / static_cast<double>(loss.shape.batch()));
    case LossReduction::mean: break;
  }
  return Array(Shape{}, sum / weights);
}

struct ElementwiseLoss {
  const char* name;
  std::function<Value(Value, Value, const LossOptions&)> build;
  std::function<double(double, double)> reference;
  bool over_weights;
  Fill x = Fill::uniform, target = Fill::uniform;
};

inline double huber_of(double d, double delta) {
  return d <= delta ? d * d / 2 : delta * (d - delta / 2);
}

inline std::vector<ElementwiseLoss> elementwise_losses() {
  return {
      {"l1", [](Value x, Value t, const LossOptions& o) { return l1_loss(x, t, o); },
       [](double x, double t) { return std::fabs(x - t); }, true},
      {"mse", [](Value x, Value t, const LossOptions& o) { return mse_loss(x, t, o); },
       [](double x, double t) { return (x - t) * (x - t); }, true},
      {"huber", [](Value x, Value t, const LossOptions& o) { return huber_loss(x, t, 0.4f, o); },
       [](double x, double t) { return huber_of(std::fabs(x - t), 0.4f); }, false},
      {"smooth l1", [](Value x, Value t, const LossOptions& o) { return smooth_l1_loss(x, t, 0.7f, o); },
       [](double x, double t) { return huber_of(std::fabs(x - t), 0.7f) / 0.7f; }, true},
      {"smooth l1, beta 0", [](Value x, Value t, const LossOptions& o) { return smooth_l1_loss(x, t, 0, o); },
       [](double x, double t) { return std::fabs(x - t); }, true},
      {"bce",
       [](Value x, Value t, const LossOptions& o) { return bce_loss(mul_scalar(x, 0.45f), mul_scalar(t, 0.5f), o); },
       [](double x, double t) { return -(0.5 * t * std::log(0.45f * x) + (1 - 0.5 * t) * std::log(1 - 0.45f * x)); },
       false, Fill::positive, Fill::positive},
      {"kl", [](Value x, Value t, const LossOptions& o) { return kl_div(x, t, false, o); },
       [](double x, double t) { return t * (std::log(t) - x); }, false, Fill::uniform, Fill::positive},
      {"kl, log target", [](Value x, Value t, const LossOptions& o) { return kl_div(x, t, true, o); },
       [](double x, double t) { return std::exp(t) * (t - x); }, false},
      {"gaussian kl", [](Value x, Value t, const LossOptions& o) { return gaussian_kl(x, t, o); },
       [](double m, double v) { return (m * m + std::exp(v) - 1 - v) / 2; }, true},
  };
}

// `weight`: rank 0 where there is none.
inline OpCase elementwise_loss_case(const ElementwiseLoss& loss, const Shape& shape, LossReduction reduction,
                                    const Shape& weight) {
  OpCase result{.name = fmt::format("{}, {}, reduction {}, weight {}", loss.name, to_string(shape),
                                    static_cast<int>(reduction), to_string(weight))};
  result.inputs = {{.type = {DType::f32, shape}, .fill = loss.x}, {.type = {DType::f32, shape}, .fill = loss.target}};
  const bool weighted = weight.rank() > 0;
  // A mean over one weight doesn't depend on it: its gradient is what rounding leaves of 0.
  if (weighted)
    result.inputs.push_back(
        {.type = {DType::f32, weight}, .fill = Fill::positive, .differentiable = weight.elements() > 1});
  result.build = [=](Graph&, Inputs x) {
    return std::vector<Value>{loss.build(x[0], x[1], {.reduction = reduction, .weight = weighted ? x[2] : Value{}})};
  };
  result.reference = [=](std::span<const Array> x) {
    const Array losses = elementwise(x.first(2), [&](double a, double b, double) { return loss.reference(a, b); });
    return std::vector<Array>{reduce_reference(losses, reduction, weighted ? &x[2] : nullptr, loss.over_weights)};
  };
  result.tolerance = 3e-6;
  return result;
}

inline std::vector<OpCase> elementwise_loss_cases() {
  using enum LossReduction;
  std::vector<OpCase> cases;
  const auto losses = elementwise_losses();
  for (const ElementwiseLoss& loss : losses)
    cases.push_back(elementwise_loss_case(loss, {2, 3, 5, 7}, mean, {2, 1, 5, 7}));
  cases.push_back(elementwise_loss_case(losses[0], {2, 3, 9, 7}, mean, {}));
  cases.push_back(elementwise_loss_case(losses[5], {2, 4, 9}, none, {2, 4, 9}));
  cases.push_back(elementwise_loss_case(losses[1], {65}, sum, {}));
  cases.push_back(elementwise_loss_case(losses[6], {5, 9}, batch_mean, {}));
  cases.push_back(elementwise_loss_case(losses[2], {1, 1}, none, {}));
  ShapeDraws draws("elementwise_loss");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape();
    const Shape weight = draws.coin() ? random_operand(draws, shape) : Shape{};
    const auto which = static_cast<std::size_t>(draws.between(0, static_cast<std::int64_t>(losses.size()) - 1));
    cases.push_back(elementwise_loss_case(losses[which], shape, draws.pick({mean, sum, none, batch_mean}), weight));
    cases.back().name = draws.name(cases.back().name);
  }
  return cases;
}

}  // namespace tuff::test
