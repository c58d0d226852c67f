// Reductions: every kind over runs of axes that are outer, inner, both, all and none in memory.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/reduce.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Combines the elements that share all coordinates but `axes`, which stay as extents of 1 if `keepdim`.
inline Array reduced(const Array& x, const std::vector<int>& axes, bool keepdim, double start,
                     const std::function<double(double, double)>& combine) {
  std::vector<std::int64_t> extents, strides(static_cast<std::size_t>(x.shape.rank()), 0);
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    const bool gone = axes.empty() || std::ranges::find(axes, axis) != axes.end();
    if (!gone || keepdim) extents.push_back(gone ? 1 : x.shape[axis]);
  }
  std::int64_t stride = 1;
  for (int axis = x.shape.rank() - 1; axis >= 0; --axis) {
    if (axes.empty() || std::ranges::find(axes, axis) != axes.end()) continue;
    strides[static_cast<std::size_t>(axis)] = stride;
    stride *= x.shape[axis];
  }
  Array result(Shape(std::move(extents)), start);
  for (std::int64_t i = 0; i < x.shape.elements(); ++i) {
    std::int64_t rest = i, at = 0;
    for (int axis = x.shape.rank() - 1; axis >= 0; --axis) {
      at += rest % x.shape[axis] * strides[static_cast<std::size_t>(axis)];
      rest /= x.shape[axis];
    }
    double& into = result.data[static_cast<std::size_t>(at)];
    into = combine(into, x.data[static_cast<std::size_t>(i)]);
  }
  return result;
}

inline OpCase reduce_case(Shape shape, std::vector<int> axes, bool keepdim, Layout layout = Layout::channels_last) {
  OpCase op_case;
  op_case.name = "reduce " + to_string(shape) + " over";
  for (const int axis : axes) op_case.name += " " + std::to_string(axis);
  op_case.inputs = {{{DType::f32, shape, layout}, Fill::positive}};
  op_case.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{
        sum(x[0], axes, keepdim),      mean(x[0], axes, keepdim), sum_of_squares(x[0], axes, keepdim),
        max(x[0], axes, keepdim),      min(x[0], axes, keepdim),  l1_norm(x[0], axes, keepdim),
        logsumexp(x[0], axes, keepdim)};
  };
  op_case.reference = [=](std::span<const Array> x) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const auto add = [](double a, double b) { return a + b; };
    Array total = reduced(x[0], axes, keepdim, 0, add);
    Array average = total;
    for (double& value : average.data)
      value *= static_cast<double>(total.shape.elements()) / static_cast<double>(x[0].shape.elements());
    Array exponentials = reduced(x[0], axes, keepdim, 0, [](double a, double b) { return a + std::exp(b); });
    for (double& value : exponentials.data) value = std::log(value);
    return std::vector<Array>{
        total,
        average,
        reduced(x[0], axes, keepdim, 0, [](double a, double b) { return a + b * b; }),
        reduced(x[0], axes, keepdim, -kInfinity, [](double a, double b) { return std::max(a, b); }),
        reduced(x[0], axes, keepdim, kInfinity, [](double a, double b) { return std::min(a, b); }),
        reduced(x[0], axes, keepdim, 0, [](double a, double b) { return a + std::fabs(b); }),
        exponentials};
  };
  op_case.gradient_tolerance = 2e-4;
  return op_case;
}

// Apart from the others, as products of many grow or shrink beyond f32.
inline OpCase prod_case(Shape shape, std::vector<int> axes, bool keepdim) {
  OpCase op_case;
  op_case.name = "prod " + to_string(shape) + " over";
  for (const int axis : axes) op_case.name += " " + std::to_string(axis);
  op_case.inputs = {{{DType::f32, shape}, Fill::positive}};
  op_case.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{prod(x[0], axes, keepdim)}; };
  op_case.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{reduced(x[0], axes, keepdim, 1, [](double a, double b) { return a * b; })};
  };
  return op_case;
}

inline void add_random_reduce_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("reduce");
  for (int i = 0; i < draws.rounds(8); ++i) {
    const Shape shape = draws.shape();
    const std::vector<int> axes = draws.some_axes(shape.rank());
    const bool keepdim = draws.coin();
    cases.push_back(reduce_case(shape, axes, keepdim, draws.layout()));
    cases.back().name = draws.name(cases.back().name);
  }
}

inline std::vector<OpCase> reduce_cases() {
  std::vector<OpCase> cases = {
      reduce_case({}, {}, false),
      reduce_case({1}, {0}, true),
      reduce_case({37}, {}, false),
      reduce_case({64}, {0}, true),
      reduce_case({4099}, {}, false),
      reduce_case({2, 3, 17, 19}, {0, 2, 3}, false),  // of each channel, odd
      reduce_case({2, 8, 16, 15}, {0, 2, 3}, true),   // of each channel, vec4
      reduce_case({3, 70, 5, 5}, {0, 2, 3}, false),   // more channels than columns
      reduce_case({2, 4, 9, 9}, {2, 3}, false),       // pooling
      reduce_case({2, 36, 4, 3}, {1}, true),          // over channels
      reduce_case({2, 5, 4, 3}, {1}, false),          // the same, without keepdim the layout changes
      reduce_case({2, 5, 4, 3}, {0}, false),          // over samples, the layout changes
      reduce_case({2, 5, 4, 3}, {3}, false),
      reduce_case({2, 5, 4, 3}, {2}, true),
      reduce_case({3, 6, 4, 3}, {0, 1}, false),  // two runs
      reduce_case({3, 6, 4, 3}, {1, 3}, false),
      reduce_case({3, 40, 35}, {1, 2}, false),  // each row
      reduce_case({65, 33}, {1}, false),
      reduce_case({65, 33}, {0}, false),
      reduce_case({2, 4, 2, 3, 3}, {2, 3, 4}, true),
      reduce_case({6, 4, 3, 3}, {1, 2, 3}, false, Layout::weight),
      reduce_case({6, 4, 3, 3}, {0}, true, Layout::weight),
  };
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{37}, Shape{5, 33}, Shape{2, 3, 5, 4}})
    cases.push_back(prod_case(shape, {}, false));
  cases.push_back(prod_case({2, 5, 4, 3}, {1}, false));
  cases.push_back(prod_case({2, 8, 4, 5}, {0, 2}, true));
  add_random_reduce_cases(cases);
  return cases;
}

}  // namespace tuff::test
