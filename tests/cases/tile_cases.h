#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ops/tile.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase tile_case(const Shape& shape, const Index& repeats, Layout layout = Layout::channels_last) {
  OpCase result{.name = fmt::format("tile {} by {}", to_string(shape), fmt::join(repeats, ",")),
                .inputs = {{.type = {DType::f32, shape, layout}}}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{tile(x[0], repeats)}; };
  result.reference = [=](std::span<const Array> x) {
    Index extents = shape.extents(), times = repeats;
    while (extents.size() < times.size()) extents.insert(extents.begin(), 1);
    while (times.size() < extents.size()) times.insert(times.begin(), 1);
    const Shape widened(extents);
    for (std::size_t axis = 0; axis < extents.size(); ++axis) extents[axis] *= times[axis];
    return std::vector<Array>{generate(Shape(extents), [&](Index index) {
      for (std::size_t axis = 0; axis < index.size(); ++axis) index[axis] %= widened.extents()[axis];
      return x[0].data[offset_of(widened, index)];
    })};
  };
  result.tolerance = 0;
  return result;
}

inline OpCase interleave_case(const Shape& shape, std::int64_t repeats, int axis) {
  OpCase result{.name = fmt::format("each of {} {} times along {}", to_string(shape), repeats, axis),
                .inputs = {{.type = {DType::f32, shape}}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{repeat_interleave(x[0], repeats, axis)};
  };
  result.reference = [=](std::span<const Array> x) {
    const auto a = static_cast<std::size_t>(axis < 0 ? axis + shape.rank() : axis);
    Index extents = shape.extents();
    extents[a] *= repeats;
    return std::vector<Array>{generate(Shape(extents), [&](Index index) {
      index[a] /= repeats;
      return x[0].data[offset_of(shape, index)];
    })};
  };
  result.tolerance = 0;
  return result;
}

inline std::vector<OpCase> tile_cases() {
  std::vector<OpCase> cases = {
      tile_case({}, {3}),
      tile_case({5}, {4}),
      tile_case({3, 4}, {2, 3}),
      tile_case({2, 4, 3, 5}, {1, 1, 2, 2}),
      tile_case({2, 3, 3, 5}, {3, 2}),  // the last axes
      tile_case({4, 5}, {2, 1, 3}),     // a new axis in front
      tile_case({2, 3, 4}, {2, 2, 2, 2}),
      tile_case({2, 3, 2, 1, 2, 3}, {2, 1, 2, 3, 1, 2}),
      tile_case({4, 6, 3, 3}, {2, 1, 1, 2}, Layout::weight),
      interleave_case({7}, 3, 0),
      interleave_case({2, 4, 3, 5}, 2, 1),
      interleave_case({2, 3, 3, 5}, 3, -1),
      interleave_case({2, 3, 4}, 2, 0),
  };
  ShapeDraws draws("tile");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape(static_cast<int>(draws.between(1, 5)), 300);
    cases.push_back(tile_case(shape, draws.per_axis(shape.rank(), 1, 3), draws.layout()));
    cases.back().name = draws.name(cases.back().name);
  }
  return cases;
}

}  // namespace tuff::test
