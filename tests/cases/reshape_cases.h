// Reshapes between all ranks: views, those that strides can say, and those where extents don't divide each other.
#pragma once

#include <fmt/format.h>

#include <numeric>

#include "ops/reshape.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase reshape_case(const Shape& from, const Shape& to, Layout layout = Layout::channels_last,
                           Layout result_layout = Layout::channels_last) {
  OpCase result{.name = fmt::format("reshape {} to {}", to_string(from), to_string(to)),
                .inputs = {{.type = {DType::f32, from, layout}}}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{reshape(x[0], to, result_layout)}; };
  result.reference = [=](std::span<const Array> x) {
    Array same(to);
    same.data = x[0].data;
    return std::vector<Array>{same};
  };
  result.tolerance = 0;
  return result;
}

// The prime factors of x's extents, dealt out anew.
inline void add_random_reshape_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("reshape");
  for (int i = 0; i < draws.rounds(10); ++i) {
    const int rank = static_cast<int>(draws.between(1, 6));
    const Shape from = draws.shape(rank);
    std::vector<std::int64_t> to(static_cast<std::size_t>(draws.between(1, 6)), 1);
    std::int64_t rest = from.elements();
    for (std::int64_t factor = 2; rest > 1; ++factor)
      for (; rest % factor == 0; rest /= factor)
        to[static_cast<std::size_t>(draws.between(0, static_cast<std::int64_t>(to.size()) - 1))] *= factor;
    cases.push_back(reshape_case(from, Shape(to), draws.layout(), draws.layout()));
    cases.back().name = draws.name(cases.back().name);
  }
}

inline std::vector<OpCase> reshape_cases() {
  std::vector<OpCase> cases = {
      reshape_case({}, {1, 1, 1}),
      reshape_case({6}, {2, 3}),               // a view, as all below rank 3
      reshape_case({2, 3, 4, 5}, {2, 3, 20}),  // a view
      reshape_case({2, 3, 4, 5}, {1, 2, 3, 4, 5}),
      reshape_case({2, 8, 4, 5}, {2, 160}),  // what stands before a linear layer, and its gradient
      reshape_case({3, 64, 9, 8}, {3, 64 * 72}),
      reshape_case({3, 36, 5, 4}, {3, 720}),  // beside the tiles of the transposing kernel
      reshape_case({2, 3, 5, 7}, {2, 105}),
      reshape_case({2, 105}, {2, 3, 5, 7}),
      reshape_case({2, 160}, {2, 8, 4, 5}),
      reshape_case({2, 12, 3, 5}, {2, 3, 4, 3, 5}),  // groups of channels
      reshape_case({2, 12, 4, 4}, {24, 16}),
      reshape_case({2, 3, 2}, {3, 2, 2}),  // no common axes: 2 and 3 don't divide each other
      reshape_case({4, 9, 10}, {6, 4, 15}),
      reshape_case({4, 9, 10, 1, 3}, {6, 180}),
      reshape_case({2, 3, 2, 3, 2, 3}, {3, 2, 6, 3, 2}),
      reshape_case({2, 1, 3, 1, 2, 3}, {2, 3, 2, 3, 1, 1}),
      reshape_case({8, 4, 3, 3}, {8, 36}, Layout::weight),
      reshape_case({8, 36}, {8, 4, 3, 3}, Layout::channels_last, Layout::weight),
      reshape_case({8, 6, 2, 2, 2}, {8, 6, 2, 2, 2}, Layout::transposed_weight),  // from one layout to the other
      reshape_case({5, 130, 7}, {5, 7, 130}),
  };
  add_random_reshape_cases(cases);
  return cases;
}

}  // namespace tuff::test
