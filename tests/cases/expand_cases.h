// Expand: broadcasting at the right, axes placed anywhere, both memory layouts.
#pragma once

#include <numeric>

#include "ops/expand.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase expand_case(Shape from, Shape to, std::vector<int> axes, Layout layout = Layout::channels_last) {
  OpCase op_case;
  op_case.name = "expand " + to_string(from) + " to " + to_string(to);
  op_case.inputs = {{{DType::f32, from}}};
  op_case.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{expand(x[0], to, axes, layout)}; };
  op_case.reference = [=](std::span<const Array> x) {
    Array result(to);
    for (std::int64_t i = 0; i < to.elements(); ++i) {
      std::int64_t rest = i, at = 0, stride = 1;
      int own = from.rank() - 1;
      for (int axis = to.rank() - 1; axis >= 0; --axis) {
        if (own >= 0 && axes[static_cast<std::size_t>(own)] == axis) {
          at += (from[own] == 1 ? 0 : rest % to[axis]) * stride;
          stride *= from[own--];
        }
        rest /= to[axis];
      }
      result.data[static_cast<std::size_t>(i)] = x[0].data[static_cast<std::size_t>(at)];
    }
    return std::vector<Array>{result};
  };
  op_case.tolerance = 0;
  return op_case;
}

// Axes of the result that x has, stretched or not; the others are new.
inline void add_random_expand_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("expand");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape to = draws.shape();
    const std::vector<int> axes = draws.some_axes(to.rank());
    std::vector<std::int64_t> from;
    for (const int axis : axes) from.push_back(draws.coin() ? to[axis] : 1);
    cases.push_back(expand_case(Shape(from), to, axes, draws.layout()));
    cases.back().name = draws.name(cases.back().name);
  }
}

inline std::vector<OpCase> expand_cases() {
  std::vector<OpCase> cases = {
      expand_case({}, {2, 3, 5, 7}, {}),
      expand_case({1}, {7}, {0}),
      expand_case({5}, {3, 5}, {1}),
      expand_case({8}, {2, 8, 3, 3}, {1}),
      expand_case({3}, {2, 3, 3, 3}, {1}),
      expand_case({2, 3}, {2, 3, 4, 5}, {0, 1}),
      expand_case({2, 4, 5}, {2, 8, 4, 5}, {0, 2, 3}),
      expand_case({4, 5}, {2, 3, 4, 5}, {2, 3}),
      expand_case({4, 1, 5}, {2, 4, 3, 5}, {1, 2, 3}),
      expand_case({2, 4, 1, 1}, {2, 4, 9, 8}, {0, 1, 2, 3}),
      expand_case({2, 1, 4, 1, 3}, {2, 6, 4, 2, 3}, {0, 1, 2, 3, 4}),
      expand_case({6}, {6, 4, 3, 3}, {0}, Layout::weight),
      expand_case({6, 4, 3, 3}, {6, 4, 3, 3}, {0, 1, 2, 3}, Layout::weight),  // from one layout to the other
  };
  add_random_expand_cases(cases);
  return cases;
}

}  // namespace tuff::test
