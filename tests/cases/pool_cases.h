#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ops/pool.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Visits the places of x under the window at `out`, padding excluded. Spatial axes are the last ones.
inline void for_each_in_window(const PoolAttributes& resolved, const Shape& x, const Index& out,
                               const std::function<void(const Index&)>& visit) {
  std::vector<std::int64_t> first, step, window = resolved.kernel;
  for (std::size_t a = 0; a < resolved.kernel.size(); ++a) {
    first.push_back(out[a + 2] * resolved.stride[a] - resolved.padding[a]);
    step.push_back(resolved.dilation[a]);
    if (resolved.output_size.empty()) continue;
    const std::int64_t in = x.extents()[a + 2], size = resolved.output_size[a];
    first[a] = out[a + 2] * in / size;
    window[a] = ((out[a + 2] + 1) * in + size - 1) / size - first[a];
  }
  for_each_index(Shape(window), [&](const Index& k) {
    Index at = out;
    for (std::size_t a = 0; a < k.size(); ++a) at[a + 2] = first[a] + k[a] * step[a];
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
    if (attributes.divisor_override != 0) return sum / static_cast<double>(attributes.divisor_override);
    if (!attributes.count_include_pad || !resolved.output_size.empty()) return sum / counted;
    double divisor = 1;
    for (std::size_t a = 0; a < resolved.kernel.size(); ++a) {
      double elements = 0;
      for (std::int64_t k = 0; k < resolved.kernel[a]; ++k)
        elements += out[a + 2] * resolved.stride[a] - resolved.padding[a] + k * resolved.dilation[a] <
                    x.shape.extents()[a + 2] + resolved.padding_end[a];
      divisor *= std::max(elements, 1.0);
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
      make("ceil_mode drops a window in the padding", {1, 4, 5, 5},
           {.kernel = {2}, .stride = {3}, .padding = {1}, .ceil_mode = true}),
      make("3x2, ceil_mode, mixed", {2, 4, 8, 11},
           {.kernel = {3, 2}, .stride = {2, 3}, .padding = {1, 0}, .ceil_mode = true}),
      make("stride beyond the kernel", {1, 4, 9, 9}, {.kernel = {2}, .stride = {3}}),
      make("one pixel", {1, 1, 1, 1}, {.kernel = {1}}),
      make("whole plane", {2, 4, 5, 3}, {.kernel = {5, 3}}),
      make("line", {2, 4, 67}, {.kernel = {3}, .stride = {2}}),
      make("volume", {1, 4, 4, 5, 6}, {.kernel = {2}}),
      make("volume, padding", {1, 3, 3, 4, 5}, {.kernel = {3}, .stride = {2}, .padding = {1}}),
      make("wider than a group", {1, 32, 3, 70}, {.kernel = {2}}),
  };
}

// Windows of which both kinds of pooling made more lately.
inline std::vector<OpCase> pool_option_cases(OpCase (*make)(std::string, const Shape&, const PoolAttributes&)) {
  return {
      make("asymmetric padding", {2, 4, 6, 9},
           {.kernel = {3}, .stride = {2}, .padding = {0, 2}, .padding_end = {2, 1}}),
      make("asymmetric padding, odd channels, line", {1, 3, 9},
           {.kernel = {4}, .stride = {1}, .padding = {3}, .padding_end = {0}}),
      make("padding beyond half the kernel", {1, 4, 5, 6}, {.kernel = {3}, .stride = {1}, .padding = {2}}),
      make("same_upper", {1, 4, 6, 7}, {.kernel = {2, 3}, .stride = {1, 2}, .auto_pad = AutoPad::same_upper}),
      make("same_lower", {1, 4, 6, 7}, {.kernel = {2, 3}, .stride = {1, 2}, .auto_pad = AutoPad::same_lower}),
      make("dilation, ceil_mode, padding", {1, 5, 9, 10},
           {.kernel = {3}, .stride = {2}, .padding = {1}, .dilation = {2, 3}, .ceil_mode = true}),
      make("dilation, volume", {1, 4, 5, 4, 6}, {.kernel = {2}, .stride = {1}, .dilation = {3, 2, 1}}),
      make("adaptive", {2, 4, 7, 9}, {.output_size = {3, 5}}),
      make("adaptive, larger than the image", {1, 3, 3, 2}, {.output_size = {5, 4}}),
      make("adaptive, line", {1, 4, 67}, {.output_size = {13}}),
      make("adaptive, volume", {1, 4, 3, 4, 5}, {.output_size = {2, 3, 4}}),
      make("adaptive to one", {2, 4, 5, 7}, {.output_size = {1}}),
  };
}

// Fits the image without its padding, so that every window sees a pixel.
inline PoolAttributes random_window(ShapeDraws& draws, const Shape& shape) {
  PoolAttributes attributes{.kernel = {}};
  for (int axis = 2; axis < shape.rank(); ++axis) {
    attributes.kernel.push_back(draws.between(1, std::min<std::int64_t>(shape[axis], 5)));
    attributes.stride.push_back(draws.between(1, 3));
    attributes.padding.push_back(draws.between(0, attributes.kernel.back() / 2));
    attributes.padding_end.push_back(draws.between(0, attributes.kernel.back() - 1));
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

// Of an adaptive pool.
inline std::vector<std::int64_t> random_output_size(ShapeDraws& draws, const Shape& shape) {
  std::vector<std::int64_t> size;
  for (int axis = 2; axis < shape.rank(); ++axis) size.push_back(draws.between(1, shape[axis]));
  return size;
}

inline void add_random_pool_cases(std::vector<OpCase>& cases, bool max) {
  ShapeDraws draws(max ? "max_pool" : "avg_pool");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 1500);
    PoolAttributes attributes = random_window(draws, shape);
    if (i % 4 == 3)
      attributes = {.kernel = {}, .output_size = random_output_size(draws, shape)};
    else if (max)
      dilate(draws, shape, attributes);
    else
      attributes.count_include_pad = draws.coin();
    const std::string name = draws.name(to_string(shape) + ", " + to_string(attributes));
    cases.push_back(max ? max_pool_case(name, shape, attributes) : avg_pool_case(name, shape, attributes));
  }
}

inline std::vector<OpCase> max_pool_cases() {
  std::vector<OpCase> cases = pool_cases(max_pool_case);
  for (OpCase& option : pool_option_cases(max_pool_case)) cases.push_back(std::move(option));
  cases.push_back(max_pool_case("dilation", {1, 4, 9, 11}, {.kernel = {3}, .stride = {1}, .dilation = {2}}));
  cases.push_back(max_pool_case("dilation, stride, padding", {1, 3, 10, 9},
                                {.kernel = {3}, .stride = {2}, .padding = {1}, .dilation = {3, 2}}));
  add_random_pool_cases(cases, true);
  return cases;
}

inline std::vector<OpCase> avg_pool_cases() {
  std::vector<OpCase> cases = pool_cases(avg_pool_case);
  for (OpCase& option : pool_option_cases(avg_pool_case)) cases.push_back(std::move(option));
  cases.push_back(avg_pool_case("divisor_override", {1, 4, 5, 6},
                                {.kernel = {3}, .stride = {2}, .padding = {1}, .divisor_override = 5}));
  cases.push_back(
      avg_pool_case("dilation, padding not counted", {1, 3, 7, 8},
                    {.kernel = {3}, .stride = {2}, .padding = {2}, .dilation = {2}, .count_include_pad = false}));
  cases.push_back(
      avg_pool_case("windows in the padding", {1, 4, 5, 5},
                    {.kernel = {2}, .stride = {3}, .padding = {1}, .ceil_mode = true, .windows_in_padding = true}));
  cases.push_back(
      avg_pool_case("padding not counted", {1, 4, 5, 6},
                    {.kernel = {3}, .stride = {2}, .padding = {1}, .ceil_mode = true, .count_include_pad = false}));
  add_random_pool_cases(cases, false);
  return cases;
}

// (sum of |x|^p, or x^p where torch's rule is asked for)^(1/p); windows that ceil_mode cuts short count as whole in
// torch.
inline OpCase lp_pool_case(std::string name, const Shape& shape, const LpPoolAttributes& attributes) {
  OpCase result{
      .name = std::move(name),
      .inputs = {{.type = {DType::f32, shape}, .fill = attributes.magnitudes ? Fill::uniform : Fill::positive}}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{lp_pool(x[0], attributes)}; };
  result.reference = [=](std::span<const Array> x) {
    const PoolAttributes resolved = resolve(attributes.window, "lp_pool", shape);
    const double p = attributes.norm_type;
    return std::vector<Array>{generate(pooled_shape(resolved, "lp_pool", shape), [&](const Index& out) {
      double sum = 0, counted = 0, whole = 1;
      for (const std::int64_t extent : resolved.kernel) whole *= static_cast<double>(extent);
      for_each_in_window(resolved, shape, out, [&](const Index& at) {
        sum += std::pow(std::abs(x[0].data[offset_of(shape, at)]), p);
        counted += 1;
      });
      return std::pow(attributes.magnitudes ? sum : sum / counted * whole, 1 / p);
    })};
  };
  return result;
}

inline void add_random_lp_pool_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("lp_pool");
  for (int i = 0; i < draws.rounds(3); ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 1500);
    PoolAttributes window = random_window(draws, shape);
    window.padding = window.padding_end = {0};  // torch's rule, which has none
    const LpPoolAttributes attributes{.norm_type = draws.pick({1.0f, 2.0f, 2.5f}), .window = window};
    cases.push_back(
        lp_pool_case(draws.name(fmt::format("{}, {}, {}", to_string(shape), attributes.norm_type, to_string(window))),
                     shape, attributes));
  }
}

inline std::vector<OpCase> lp_pool_cases() {
  std::vector<OpCase> cases = {
      lp_pool_case("2-norm", {1, 4, 6, 7}, {.window = {.kernel = {2}}}),
      lp_pool_case("3-norm, ceil_mode", {1, 3, 7, 7},
                   {.norm_type = 3, .window = {.kernel = {3, 2}, .stride = {2}, .ceil_mode = true}}),
      lp_pool_case("1-norm of magnitudes, padding", {1, 4, 6, 7},
                   {.norm_type = 1, .window = {.kernel = {3}, .padding = {1}}, .magnitudes = true}),
      lp_pool_case("1.5-norm of magnitudes, line", {1, 4, 9},
                   {.norm_type = 1.5f, .window = {.kernel = {3}, .stride = {1}}, .magnitudes = true}),
      lp_pool_case("2-norm of magnitudes, same_upper, volume", {1, 4, 3, 4, 5},
                   {.window = {.kernel = {2}, .stride = {1}, .auto_pad = AutoPad::same_upper}, .magnitudes = true}),
  };
  add_random_lp_pool_cases(cases);
  return cases;
}

// Over whole planes.
inline OpCase global_pool_case(std::string name, const Shape& shape, Value (*pool)(Value),
                               const std::function<double(const std::vector<double>&)>& reduce) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}, .fill = Fill::distinct}}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{pool(x[0])}; };
  result.reference = [=](std::span<const Array> x) {
    std::vector<std::int64_t> extents(static_cast<std::size_t>(shape.rank()), 1);
    extents[0] = shape[0];
    extents[1] = shape[1];
    Array y{Shape(extents)};
    const auto plane = static_cast<std::ptrdiff_t>(shape.spatial());
    for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(y.data.size()); ++i)
      y.data[static_cast<std::size_t>(i)] =
          reduce({x[0].data.begin() + i * plane, x[0].data.begin() + (i + 1) * plane});
    return std::vector<Array>{y};
  };
  return result;
}

inline std::vector<OpCase> global_pool_cases() {
  const auto mean_of = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  const auto max_of = [](const std::vector<double>& values) { return *std::ranges::max_element(values); };
  const auto norm_of = [](double p) {
    return [p](const std::vector<double>& values) {
      double sum = 0;
      for (const double value : values) sum += std::pow(std::abs(value), p);
      return std::pow(sum, 1 / p);
    };
  };
  std::vector<OpCase> cases = {
      global_pool_case("global_avg_pool", {2, 4, 5, 7}, global_avg_pool, mean_of),
      global_pool_case("global_avg_pool, line", {1, 3, 65}, global_avg_pool, mean_of),
      global_pool_case("global_max_pool", {2, 3, 5, 7}, global_max_pool, max_of),
      global_pool_case("global_max_pool, volume", {1, 4, 3, 4, 5}, global_max_pool, max_of),
      global_pool_case(
          "global_lp_pool, 2", {2, 4, 5, 7}, [](Value x) { return global_lp_pool(x); }, norm_of(2)),
      global_pool_case(
          "global_lp_pool, 3", {1, 3, 5}, [](Value x) { return global_lp_pool(x, 3); }, norm_of(3)),
  };
  ShapeDraws draws("global_pool");
  for (int i = 0; i < draws.rounds(2); ++i) {
    const Shape shape = draws.image();
    const bool mean = draws.coin();
    cases.push_back(mean ? global_pool_case(draws.name(shape), shape, global_avg_pool, mean_of)
                         : global_pool_case(draws.name(shape), shape, global_max_pool, max_of));
    if (mean) cases.back().inputs[0].fill = Fill::positive;  // means of distinct values vanish, and all are error
  }
  return cases;
}

}  // namespace tuff::test
