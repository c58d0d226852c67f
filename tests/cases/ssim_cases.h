#pragma once

#include <cmath>

#include "cases/elementwise_loss_cases.h"
#include "ops/ssim.h"
#include "support/indexing.h"

namespace tuff::test {

// By its definition: every window's weighted means, variances and covariance.
inline Array ssim_reference(const Array& x, const Array& y, const SsimAttributes& attributes) {
  const std::int64_t size = attributes.window_size;
  std::vector<std::int64_t> extents = x.shape.extents(), window(extents.size(), 1);
  for (std::size_t axis = 2; axis < extents.size(); ++axis) {
    extents[axis] -= size - 1;
    window[axis] = size;
  }
  const double c1 = std::pow(attributes.k1 * attributes.data_range, 2),
               c2 = std::pow(attributes.k2 * attributes.data_range, 2);
  return generate(Shape(extents), [&](const Index& at) {
    double all = 0, mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for_each_index(Shape(window), [&](const Index& tap) {
      Index from = at;
      double weight = 1;
      for (std::size_t axis = 2; axis < tap.size(); ++axis) {
        from[axis] += tap[axis];
        const auto d = static_cast<double>(tap[axis] - size / 2);
        weight *= std::exp(-d * d / (2 * attributes.sigma * attributes.sigma));
      }
      const double a = x.data[offset_of(x.shape, from)], b = y.data[offset_of(y.shape, from)];
      all += weight;
      mx += weight * a;
      my += weight * b;
      xx += weight * a * a;
      yy += weight * b * b;
      xy += weight * a * b;
    });
    mx /= all;
    my /= all;
    return (2 * mx * my + c1) * (2 * (xy / all - mx * my) + c2) /
           ((mx * mx + my * my + c1) * (xx / all - mx * mx + yy / all - my * my + c2));
  });
}

// `weight`: channels of the weight map, 0: none.
inline OpCase ssim_case(std::string name, const Shape& shape, const SsimAttributes& attributes, LossReduction reduction,
                        std::int64_t weight, bool loss) {
  OpCase result{.name = std::move(name)};
  result.inputs = {{.type = {DType::f32, shape}, .fill = Fill::positive},
                   {.type = {DType::f32, shape}, .fill = Fill::positive}};
  std::vector<std::int64_t> map = shape.extents();
  map[1] = weight;
  if (weight > 0) result.inputs.push_back({.type = {DType::f32, Shape(map)}, .fill = Fill::positive});
  result.build = [=](Graph&, Inputs x) {
    const auto function = loss ? ssim_loss : ssim;
    return std::vector<Value>{
        function(x[0], x[1], attributes, {.reduction = reduction, .weight = weight > 0 ? x[2] : Value{}})};
  };
  result.reference = [=](std::span<const Array> x) {
    Array similar = ssim_reference(x[0], x[1], attributes);
    if (loss)
      for (double& value : similar.data) value = 1 - value;
    Array middle;
    if (weight > 0) {
      std::vector<std::int64_t> inner = similar.shape.extents();
      inner[1] = weight;
      middle = generate(Shape(inner), [&](Index at) {
        for (std::size_t axis = 2; axis < at.size(); ++axis) at[axis] += attributes.window_size / 2;
        return x[2].data[offset_of(x[2].shape, at)];
      });
    }
    return std::vector<Array>{reduce_reference(similar, reduction, weight > 0 ? &middle : nullptr, true)};
  };
  result.tolerance = 2e-5;
  result.gradient_tolerance = 5e-4;
  return result;
}

inline std::vector<OpCase> ssim_cases() {
  using enum LossReduction;
  std::vector<OpCase> cases = {
      ssim_case("images", {2, 1, 13, 17}, {.data_range = 2}, mean, 0, false),
      ssim_case("three channels, the loss", {1, 3, 12, 14}, {.data_range = 2}, mean, 0, true),
      ssim_case("lines", {2, 2, 25}, {.data_range = 2}, none, 0, false),
      ssim_case("volumes, a small window", {1, 2, 5, 6, 7}, {.window_size = 5, .sigma = 1, .data_range = 2}, mean, 0,
                true),
      ssim_case("a weight map", {2, 3, 13, 12}, {.data_range = 2}, mean, 1, true),
      ssim_case("a weight each", {1, 2, 9, 8}, {.window_size = 7, .data_range = 2}, sum, 2, false),
      ssim_case("one window", {1, 4, 11, 11}, {.data_range = 2}, none, 0, true),
  };
  ShapeDraws draws("ssim");
  for (int i = 0; i < draws.rounds(3, 20); ++i) {  // its blurs are convolutions
    const std::int64_t window = 2 * draws.between(1, 3) + 1;
    Index extents = {draws.between(1, 2), draws.between(1, 4)};
    for (int axes = draws.spatial_axes(); axes > 0; --axes) extents.push_back(window + draws.between(0, 5));
    if (Shape(extents).elements() > 1500) continue;
    const Shape shape(extents);
    cases.push_back(ssim_case(draws.name(fmt::format("{}, window {}", to_string(shape), window)), shape,
                              {.window_size = window, .data_range = 2}, draws.pick({mean, sum, none}), 0,
                              draws.coin()));
  }
  return cases;
}

}  // namespace tuff::test
