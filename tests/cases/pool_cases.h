#pragma once

#include <algorithm>
#include <limits>

#include "ops/pool.h"
#include "support/indexing.h"
#include "support/op_check.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Visits the places of x under the window at `out`, padding excluded. Spatial axes are the last ones.
inline void for_each_in_window(const PoolAttributes& resolved, const Shape& x, const Index& out,
                               const std::function<void(const Index&)>& visit) {
  for_each_index(Shape(resolved.kernel), [&](const Index& k) {
    Index at = out;
    for (std::size_t a = 0; a < k.size(); ++a)
      at[a + 2] = out[a + 2] * resolved.stride[a] - resolved.padding[a] + k[a] * resolved.dilation[a];
    if (inside(x, at)) visit(at);
  });
}

// Flat index in the spatial plane.
inline double plane_index(const Shape& x, const Index& at) {
  std::int64_t flat = 0;
  for (std::size_t axis = 2; axis < at.size(); ++axis) flat = flat * x.extents()[axis] + at[axis];
  return static_cast<double>(flat);
}

inline std::vector<Array> max_pool_reference(const Array& x, const PoolAttributes& attributes) {
  const PoolAttributes resolved = resolve(attributes, "max_pool", x.shape);
  const Shape shape = pooled_shape(resolved, "max_pool", x.shape);
  Array output(shape);
  Array indices(shape);
  for_each_index(shape, [&](const Index& out) {
    double best = -std::numeric_limits<double>::infinity();
    double index = -1;
    for_each_in_window(resolved, x.shape, out, [&](const Index& at) {
      const double value = x.data[offset_of(x.shape, at)];
      if (index >= 0 && !(value > best) && value == value) return;
      best = value;
      index = plane_index(x.shape, at);
    });
    output.data[offset_of(shape, out)] = best;
    indices.data[offset_of(shape, out)] = index;
  });
  return {output, indices};
}

inline std::vector<Array> avg_pool_reference(const Array& x, const PoolAttributes& attributes) {
  const PoolAttributes resolved = resolve(attributes, "avg_pool", x.shape);
  return {generate(pooled_shape(resolved, "avg_pool", x.shape), [&](const Index& out) {
    double sum = 0;
    double counted = 0;
    for_each_in_window(resolved, x.shape, out, [&](const Index& at) {
      sum += x.data[offset_of(x.shape, at)];
      counted += 1;
    });
    if (!attributes.count_include_pad) return sum / counted;
    double divisor = 1;
    for (std::size_t a = 0; a < resolved.kernel.size(); ++a) {
      const std::int64_t start = out[a + 2] * resolved.stride[a] - resolved.padding[a];
      divisor *= static_cast<double>(std::min(start + resolved.kernel[a], x.shape.extents()[a + 2] + resolved.padding[a]) - start);
    }
    return sum / divisor;
  })};
}

inline OpCase max_pool_case(std::string name, const Shape& shape, const PoolAttributes& attributes) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}, .fill = Fill::distinct}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    const MaxPool pooled = max_pool(x[0], attributes);
    return std::vector<Value>{pooled.output, pooled.indices};
  };
  result.reference = [=](std::span<const Array> x) { return max_pool_reference(x[0], attributes); };
  return result;
}

inline OpCase avg_pool_case(std::string name, const Shape& shape, const PoolAttributes& attributes) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{avg_pool(x[0], attributes)}; };
  result.reference = [=](std::span<const Array> x) { return avg_pool_reference(x[0], attributes); };
  return result;
}

// Shapes and windows that both kinds of pooling share.
inline std::vector<OpCase> pool_cases(OpCase (*make)(std::string, const Shape&, const PoolAttributes&)) {
  return {
      make("2x2", {2, 8, 6, 10}, {.kernel = {2}}),
      make("2x2 of odd sizes", {2, 3, 7, 9}, {.kernel = {2}}),
      make("2x2, ceil_mode", {2, 4, 7, 9}, {.kernel = {2}, .ceil_mode = true}),
      make("3x3, stride 2, padding 1", {1, 8, 9, 8}, {.kernel = {3}, .stride = {2}, .padding = {1}}),
      make("3x3, stride 1, odd channels", {1, 5, 5, 6}, {.kernel = {3}, .stride = {1}, .padding = {1}}),
      make("ceil_mode drops a window in the padding", {1, 4, 5, 5}, {.kernel = {2}, .stride = {3}, .padding = {1}, .ceil_mode = true}),
      make("3x2, ceil_mode, mixed", {2, 4, 8, 11}, {.kernel = {3, 2}, .stride = {2, 3}, .padding = {1, 0}, .ceil_mode = true}),
      make("stride beyond the kernel", {1, 4, 9, 9}, {.kernel = {2}, .stride = {3}}),
      make("one pixel", {1, 1, 1, 1}, {.kernel = {1}}),
      make("whole plane", {2, 4, 5, 3}, {.kernel = {5, 3}}),
      make("line", {2, 4, 67}, {.kernel = {3}, .stride = {2}}),
      make("volume", {1, 4, 4, 5, 6}, {.kernel = {2}}),
      make("volume, padding", {1, 3, 3, 4, 5}, {.kernel = {3}, .stride = {2}, .padding = {1}}),
      make("wider than a group", {1, 32, 3, 70}, {.kernel = {2}}),
  };
}

// Fits the image without its padding, so that every window sees a pixel.
inline PoolAttributes random_window(ShapeDraws& draws, const Shape& shape) {
  PoolAttributes attributes{.kernel = {}};
  for (int axis = 2; axis < shape.rank(); ++axis) {
    attributes.kernel.push_back(draws.between(1, std::min<std::int64_t>(shape[axis], 5)));
    attributes.stride.push_back(draws.between(1, 3));
    attributes.padding.push_back(draws.between(0, attributes.kernel.back() / 2));
  }
  attributes.ceil_mode = draws.coin();
  return attributes;
}

// Spreads the windows' elements on some axes as far as the image allows.
inline void dilate(ShapeDraws& draws, const Shape& shape, PoolAttributes& attributes) {
  for (std::size_t axis = 0; axis < attributes.kernel.size(); ++axis) {
    const bool fits = 2 * (attributes.kernel[axis] - 1) < shape.extents()[axis + 2];
    attributes.dilation.push_back(fits && draws.coin() ? 2 : 1);
  }
}

inline void add_random_pool_cases(std::vector<OpCase>& cases, bool max) {
  ShapeDraws draws(max ? "max_pool" : "avg_pool");
  for (int i = 0; i < 6; ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 1500);
    PoolAttributes attributes = random_window(draws, shape);
    if (max)
      dilate(draws, shape, attributes);
    else
      attributes.count_include_pad = draws.coin();
    const std::string name = draws.name(to_string(shape) + ", " + to_string(attributes));
    cases.push_back(max ? max_pool_case(name, shape, attributes) : avg_pool_case(name, shape, attributes));
  }
}

inline std::vector<OpCase> max_pool_cases() {
  std::vector<OpCase> cases = pool_cases(max_pool_case);
  cases.push_back(max_pool_case("dilation", {1, 4, 9, 11}, {.kernel = {3}, .stride = {1}, .dilation = {2}}));
  cases.push_back(max_pool_case("dilation, stride, padding", {1, 3, 10, 9}, {.kernel = {3}, .stride = {2}, .padding = {1}, .dilation = {3, 2}}));
  add_random_pool_cases(cases, true);
  return cases;
}

inline std::vector<OpCase> avg_pool_cases() {
  std::vector<OpCase> cases = pool_cases(avg_pool_case);
  cases.push_back(avg_pool_case("padding not counted", {1, 4, 5, 6}, {.kernel = {3}, .stride = {2}, .padding = {1}, .ceil_mode = true, .count_include_pad = false}));
  add_random_pool_cases(cases, false);
  return cases;
}

}  // namespace tuff::test
