#pragma once

#include <fmt/format.h>

#include <cmath>

#include "cases/reduce_cases.h"
#include "ops/statistics.h"
#include "support/indexing.h"

namespace tuff::test {

inline Array variance_reference(const Array& x, const std::vector<int>& axes, double correction, bool keepdim) {
  const auto add = [](double a, double b) { return a + b; };
  const Array total = reduced(x, axes, true, 0, add);
  const double n = static_cast<double>(x.shape.elements() / total.shape.elements());
  const Array apart = generate(x.shape, [&](Index at) {
    const double value = x.data[offset_of(x.shape, at)];
    for (std::size_t axis = 0; axis < at.size(); ++axis)
      if (total.shape.extents()[axis] == 1) at[axis] = 0;
    return value - total.data[offset_of(total.shape, at)] / n;
  });
  Array result = reduced(apart, axes, keepdim, 0, [](double a, double b) { return a + b * b; });
  for (double& value : result.data) value /= std::max(0.0, n - correction);
  return result;
}

inline OpCase variance_case(const Shape& shape, std::vector<int> axes, float correction, bool keepdim) {
  OpCase result{
      .name = fmt::format("variance of {} over {} axes, correction {}", to_string(shape), axes.size(), correction)};
  result.inputs = {{.type = {DType::f32, shape}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{variance(x[0], axes, correction, keepdim),
                              standard_deviation(x[0], axes, correction, keepdim)};
  };
  result.reference = [=](std::span<const Array> x) {
    const Array variance = variance_reference(x[0], axes, static_cast<double>(correction), keepdim);
    Array root = variance;
    for (double& value : root.data) value = std::sqrt(value);
    return std::vector<Array>{variance, root};
  };
  return result;
}

inline OpCase vector_norm_case(const Shape& shape, float ord, std::vector<int> axes, bool keepdim) {
  OpCase result{.name = fmt::format("vector_norm {} of {} over {} axes", ord, to_string(shape), axes.size())};
  result.inputs = {{.type = {DType::f32, shape}, .fill = Fill::distinct}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{vector_norm(x[0], ord, axes, keepdim)};
  };
  result.reference = [=](std::span<const Array> x) {
    const double p = static_cast<double>(ord);
    if (std::isinf(p))
      return std::vector<Array>{reduced(x[0], axes, keepdim, p > 0 ? 0 : p * p, [=](double a, double b) {
        return p > 0 ? std::max(a, std::fabs(b)) : std::min(a, std::fabs(b));
      })};
    Array total = reduced(x[0], axes, keepdim, 0, [=](double a, double b) {
      return a + (p == 0 ? (b == 0 ? 0 : 1) : std::pow(std::fabs(b), p));
    });
    if (p != 0)
      for (double& value : total.data) value = std::pow(value, 1 / p);
    return std::vector<Array>{total};
  };
  result.check_gradient = ord != 0;  // steps
  return result;
}

inline OpCase lp_normalize_case(const Shape& shape, float p, int axis) {
  OpCase result{.name = fmt::format("lp_normalize {} of {} along {}", p, to_string(shape), axis)};
  result.inputs = {{.type = {DType::f32, shape}, .fill = Fill::distinct}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{lp_normalize(x[0], p, {axis})}; };
  result.reference = [=](std::span<const Array> x) {
    const Array norm = vector_norm_case(shape, p, {axis}, true).reference(x)[0];
    return std::vector<Array>{generate(shape, [&](Index at) {
      const double value = x[0].data[offset_of(shape, at)];
      at[static_cast<std::size_t>(axis)] = 0;
      return value / norm.data[offset_of(norm.shape, at)];
    })};
  };
  return result;
}

inline std::vector<OpCase> statistics_cases() {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<OpCase> cases = {
      variance_case({37}, {}, 1, false),
      variance_case({5, 9}, {1}, 1, false),
      variance_case({5, 9}, {0}, 0, true),
      variance_case({2, 3, 4, 5}, {0, 2, 3}, 1, false),
      variance_case({2, 3, 4, 5}, {1}, 2, false),
      variance_case({2, 4, 3, 2, 3}, {2, 3, 4}, 0, true),
      lp_normalize_case({3, 7}, 2, 1),
      lp_normalize_case({2, 4, 3, 3}, 2, 1),
      lp_normalize_case({2, 4, 3, 3}, 1, 3),
  };
  for (const float ord : {0.0f, 1.0f, 2.0f, 3.0f, 0.5f, kInfinity, -kInfinity}) {
    cases.push_back(vector_norm_case({2, 3, 4, 5}, ord, {1}, false));
    cases.push_back(vector_norm_case({6, 5}, ord, {}, true));
  }
  ShapeDraws draws("statistics");
  for (int i = 0; i < draws.rounds(5);) {
    const Shape shape = draws.shape();
    const std::vector<int> axes = draws.some_axes(shape.rank());
    std::int64_t terms = axes.empty() ? shape.elements() : 1;
    for (const int axis : axes) terms *= shape[axis];
    if (terms < 4) continue;
    cases.push_back(variance_case(shape, axes, draws.pick({0.0f, 1.0f}), draws.coin()));
    cases.back().name = draws.name(cases.back().name);
    ++i;
  }
  return cases;
}

}  // namespace tuff::test
