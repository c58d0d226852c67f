// Loss scaling: good and bad steps, before, at and beyond the end of the growth interval, at the scale's bounds, with
// the first and later steps of the optimizer. The reference is GradScaler's rules in double precision.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "ops/loss_scale.h"
#include "ops/optimizer.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

struct LossScaleState {
  double scale = kFirstLossScale;
  double good_steps = 0, steps = 0, left_out = 0;
  double norm = 1;
};

inline std::vector<Array> loss_scale_reference(std::span<const Array> x, const LossScaleAttributes& attributes) {
  const double scale = x[0].data[0], norm = x[2].data[0], t = x[1].data[1] + 1;
  Array next_scale({1}), counts({kLossScaleCounts}), gradient_scale({1}), skip({1}), state({kStepStateElements});
  counts.data = x[1].data;
  next_scale.data[0] = scale;
  if (std::isfinite(norm)) {
    counts.data[1] = std::min(t, 0x1p24);
    if (++counts.data[0] >= static_cast<double>(attributes.growth_interval)) {
      counts.data[0] = 0;
      if (scale * attributes.growth_factor <= 0x1p126) next_scale.data[0] = scale * attributes.growth_factor;
    }
  } else {
    counts.data[0] = 0;
    counts.data[2] = std::min(counts.data[2] + 1, 0x1p24);
    next_scale.data[0] = std::max(scale * attributes.backoff_factor, 0x1p-126);
    skip.data[0] = 1;
  }
  gradient_scale.data[0] = 1 / scale;
  state.data = {x[3].data[0], 1 / (1 - std::pow(attributes.beta1, t)), 1 / std::sqrt(1 - std::pow(attributes.beta2, t)),
                t == 1 ? 1.0 : 0.0, t - 1};
  return {next_scale, counts, gradient_scale, skip, state};
}

inline OpCase loss_scale_case(std::string name, const LossScaleState& state, LossScaleAttributes attributes = {}) {
  const auto input = [](std::vector<double> values) {
    Array array(Shape{static_cast<std::int64_t>(values.size())});
    array.data = std::move(values);
    return OpInput{.type = {DType::f32, array.shape}, .differentiable = false, .values = array};
  };
  OpCase result{.name = std::move(name)};
  result.inputs = {input({state.scale}), input({state.good_steps, state.steps, state.left_out}), input({state.norm}),
                   input({0.125, 7, 7, 7, 7})};
  result.build = [=](Graph&, std::span<const Value> x) {
    const LossScale next = loss_scale(x[0], x[1], x[2], x[3], attributes);
    return std::vector<Value>{next.scale, next.counts, next.gradient_scale, next.skip, next.step_state};
  };
  result.reference = [=](std::span<const Array> x) { return loss_scale_reference(x, attributes); };
  result.tolerance = 1e-6;
  result.check_gradient = false;
  return result;
}

inline std::vector<OpCase> loss_scale_cases() {
  constexpr double kInfinite = std::numeric_limits<double>::infinity(),
                   kNoNumber = std::numeric_limits<double>::quiet_NaN();
  constexpr double kLargest = std::numeric_limits<float>::max();
  std::vector<OpCase> cases = {
      loss_scale_case("the first step, good", {}),
      loss_scale_case("the first step, infinite", {.norm = kInfinite}),
      loss_scale_case("no number", {.good_steps = 1999, .steps = 5000, .left_out = 3, .norm = kNoNumber}),
      loss_scale_case("minus infinity", {.good_steps = 5, .steps = 5, .norm = -kInfinite}),
      loss_scale_case("the largest number is good", {.good_steps = 5, .steps = 9, .norm = kLargest}),
      loss_scale_case("0 is good", {.norm = 0}),
      loss_scale_case("before growth", {.good_steps = 1998, .steps = 2100}),
      loss_scale_case("growth", {.good_steps = 1999, .steps = 2101, .left_out = 2}),
      loss_scale_case("growth in every step", {.scale = 3}, {.growth_factor = 1.5, .growth_interval = 1}),
      loss_scale_case("other factors, bad", {.scale = 12, .norm = kNoNumber}, {.backoff_factor = 0.25}),
      loss_scale_case("the largest scale", {.scale = 0x1p126, .good_steps = 1999, .steps = 1999}),
      loss_scale_case("the least scale", {.scale = 0x1p-126, .norm = kInfinite}),
      loss_scale_case("counts that floats can't raise", {.steps = 0x1p24, .left_out = 0x1p24}),
      loss_scale_case("the same, bad", {.steps = 0x1p24, .left_out = 0x1p24, .norm = kNoNumber}),
      loss_scale_case("no momentum", {.steps = 3}, {.beta1 = 0}),
  };
  ShapeDraws draws("loss_scale");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const LossScaleState state{.scale = std::ldexp(1.0, static_cast<int>(draws.between(-14, 24))),
                               .good_steps = static_cast<double>(draws.between(0, 9)),
                               .steps = static_cast<double>(draws.between(0, 100'000)),
                               .left_out = static_cast<double>(draws.between(0, 100)),
                               .norm = draws.coin() ? 1 : kNoNumber};
    cases.push_back(loss_scale_case("random " + std::to_string(i + 1), state, {.growth_interval = 10, .beta1 = 0.5}));
  }
  return cases;
}

}  // namespace tuff::test
