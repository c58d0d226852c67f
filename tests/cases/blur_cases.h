#pragma once

#include <cmath>
#include <cstdlib>

#include "ops/blur.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Step by step into the image: at an edge the direction turns.
inline std::int64_t bounced(std::int64_t at, std::int64_t extent) {
  if (extent == 1) return 0;
  while (at < 0 || at >= extent) at = at < 0 ? -at : 2 * (extent - 1) - at;
  return at;
}

// One axis: y[o] = sum over k of weight(k) signal(o * stride + k), |k| <= radius, of a mirrored signal.
inline Array filtered(const Array& x, std::size_t axis, std::int64_t size, std::int64_t stride, std::int64_t radius,
                      const std::function<double(std::int64_t)>& weight) {
  std::vector<std::int64_t> extents = x.shape.extents();
  extents[axis] = size;
  return generate(Shape(extents), [&](const Index& out) {
    double sum = 0;
    for (std::int64_t k = -radius; k <= radius; ++k) {
      Index at = out;
      at[axis] = bounced(out[axis] * stride + k, x.shape.extents()[axis]);
      sum += weight(k) * x.data[offset_of(x.shape, at)];
    }
    return sum;
  });
}

inline OpCase gaussian_blur_case(std::string name, const Shape& shape, const std::vector<std::int64_t>& kernel_size,
                                 const std::vector<double>& sigma) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{gaussian_blur(x[0], kernel_size, sigma)};
  };
  result.reference = [=](std::span<const Array> x) {
    Array y = x[0];
    for (std::size_t a = 0; a + 2 < shape.extents().size(); ++a) {
      const std::int64_t size = kernel_size[kernel_size.size() == 1 ? 0 : a], radius = size / 2;
      const double width =
          sigma.empty() ? 0.3 * ((static_cast<double>(size) - 1) * 0.5 - 1) + 0.8 : sigma[sigma.size() == 1 ? 0 : a];
      const auto bell = [&](std::int64_t k) { return std::exp(-0.5 * std::pow(static_cast<double>(k) / width, 2)); };
      double sum = 0;
      for (std::int64_t k = -radius; k <= radius; ++k) sum += bell(k);
      y = filtered(y, a + 2, y.shape.extents()[a + 2], 1, radius, [&](std::int64_t k) { return bell(k) / sum; });
    }
    return std::vector<Array>{y};
  };
  return result;
}

inline std::vector<OpCase> gaussian_blur_cases() {
  std::vector<OpCase> cases = {
      gaussian_blur_case("3x3", {2, 4, 5, 7}, {3}, {1.0}),
      gaussian_blur_case("5x3, odd channels", {1, 3, 6, 5}, {5, 3}, {1.5, 0.4}),
      gaussian_blur_case("sigma by the size", {1, 4, 9, 11}, {7}, {}),
      gaussian_blur_case("line", {2, 4, 33}, {9}, {2.0}),
      gaussian_blur_case("volume, one axis alone", {1, 4, 3, 4, 5}, {1, 3, 1}, {0.8}),
      gaussian_blur_case("wider than the image", {1, 4, 2, 3}, {11}, {3.0}),
      gaussian_blur_case("one pixel", {1, 1, 1, 1}, {5}, {1.0}),
  };
  ShapeDraws draws("gaussian_blur");
  for (int i = 0; i < draws.rounds(4); ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 500);
    std::vector<std::int64_t> sizes;
    for (int axis = 2; axis < shape.rank(); ++axis) sizes.push_back(2 * draws.between(0, 4) + 1);
    cases.push_back(
        gaussian_blur_case(draws.name(shape), shape, sizes, {0.25 * static_cast<double>(draws.between(1, 12))}));
  }
  return cases;
}

// Down, or up to `size`.
inline OpCase pyramid_case(std::string name, const Shape& shape, bool down, const std::vector<std::int64_t>& size,
                           double a) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{down ? pyramid_down(x[0], a) : pyramid_up(x[0], size, a)};
  };
  result.reference = [=](std::span<const Array> x) {
    const auto weight = [&](std::int64_t k) { return k == 0 ? a : std::abs(k) == 1 ? 0.25 : 0.25 - a / 2; };
    Array y = x[0];
    for (std::size_t axis = 2; axis < shape.extents().size(); ++axis) {
      const std::int64_t extent = shape.extents()[axis];
      if (down) {
        y = filtered(y, axis, (extent + 1) / 2, 2, 2, weight);
        continue;
      }
      std::vector<std::int64_t> extents = y.shape.extents();
      extents[axis] = size.empty() ? 2 * extent : size[axis - 2];
      const Array spread = generate(Shape(extents), [&](const Index& index) {
        Index at = index;
        at[axis] /= 2;
        return index[axis] % 2 == 0 ? 2 * y.data[offset_of(y.shape, at)] : 0.0;
      });
      y = filtered(spread, axis, extents[axis], 1, 2, weight);
    }
    return std::vector<Array>{y};
  };
  return result;
}

inline std::vector<OpCase> pyramid_cases() {
  std::vector<OpCase> cases = {
      pyramid_case("down", {2, 4, 8, 10}, true, {}, 0.375),
      pyramid_case("down, odd extents, a = 0.4", {1, 3, 7, 9}, true, {}, 0.4),
      pyramid_case("down, line", {1, 4, 33}, true, {}, 0.375),
      pyramid_case("down, volume with extents of 1 and 2", {1, 4, 1, 2, 5}, true, {}, 0.375),
      pyramid_case("up", {2, 4, 4, 5}, false, {}, 0.375),
      pyramid_case("up to odd extents, a = 0.4", {1, 3, 4, 5}, false, {7, 9}, 0.4),
      pyramid_case("up, line", {1, 4, 17}, false, {33}, 0.375),
      pyramid_case("up, volume with an extent of 1", {1, 4, 1, 2, 3}, false, {1, 4, 5}, 0.375),
  };
  ShapeDraws draws("pyramid");
  for (int i = 0; i < draws.rounds(4); ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 300);
    cases.push_back(pyramid_case(draws.name(shape), shape, draws.coin(), {}, draws.pick({0.3, 0.375, 0.4})));
  }
  return cases;
}

}  // namespace tuff::test
