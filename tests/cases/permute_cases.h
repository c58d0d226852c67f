#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

#include "ops/permute.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase permute_case(const Shape& shape, const std::vector<int>& dims, Layout layout = Layout::channels_last,
                           Layout result_layout = Layout::channels_last) {
  OpCase result{.name = fmt::format("permute {} by {}", to_string(shape), fmt::join(dims, ",")),
                .inputs = {{.type = {DType::f32, shape, layout}}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{permute(x[0], dims, result_layout)};
  };
  result.reference = [=](std::span<const Array> x) {
    Index extents;
    for (const int axis : dims) extents.push_back(shape[axis]);
    return std::vector<Array>{generate(Shape(extents), [&](const Index& index) {
      Index from(index.size());
      for (std::size_t axis = 0; axis < index.size(); ++axis) from[static_cast<std::size_t>(dims[axis])] = index[axis];
      return x[0].data[offset_of(shape, from)];
    })};
  };
  result.tolerance = 0;
  return result;
}

inline void add_random_permute_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("permute");
  for (int i = 0; i < draws.rounds(8); ++i) {
    const Shape shape = draws.shape(static_cast<int>(draws.between(2, 6)));
    std::vector<int> dims(static_cast<std::size_t>(shape.rank()));
    std::iota(dims.begin(), dims.end(), 0);
    for (std::size_t axis = dims.size(); axis > 1; --axis)
      std::swap(dims[axis - 1], dims[static_cast<std::size_t>(draws.between(0, static_cast<std::int64_t>(axis) - 1))]);
    cases.push_back(permute_case(shape, dims, draws.layout(), draws.layout()));
    cases.back().name = draws.name(cases.back().name);
  }
}

inline std::vector<OpCase> permute_cases() {
  std::vector<OpCase> cases = {
      permute_case({}, {}),
      permute_case({7}, {0}),
      permute_case({5, 7}, {1, 0}),
      permute_case({8, 36}, {1, 0}),
      permute_case({65, 64}, {1, 0}),
      permute_case({68, 132}, {1, 0}),  // several tiles, the last ones partly filled
      permute_case({4, 260}, {1, 0}),   // tiles of one row of blocks
      permute_case({260, 4}, {1, 0}),
      permute_case({2, 260, 129}, {2, 0, 1}),  // enough for several rounds
      permute_case({520, 260}, {1, 0}),
      permute_case({2, 8, 4, 12}, {0, 2, 3, 1}),  // N, C, H, W to N, H, W, C
      permute_case({2, 8, 4, 12}, {0, 3, 1, 2}),
      permute_case({2, 3, 5, 7}, {3, 1, 2, 0}),
      permute_case({2, 1, 5, 1}, {1, 0, 3, 2}),  // a view
      permute_case({2, 4, 3, 8, 5}, {0, 1, 3, 4, 2}),
      permute_case({2, 3, 2, 3, 2, 4}, {5, 3, 1, 0, 2, 4}),
      permute_case({2, 3, 2, 3, 2, 2, 3, 2}, {7, 5, 3, 1, 6, 4, 2, 0}),
      permute_case({4, 8, 3, 3}, {1, 0, 2, 3}, Layout::weight),
      permute_case({4, 8, 3, 3}, {0, 1, 2, 3}, Layout::transposed_weight),
      permute_case({4, 8, 12}, {1, 0, 2}, Layout::channels_last, Layout::weight),
  };
  add_random_permute_cases(cases);
  return cases;
}

}  // namespace tuff::test
