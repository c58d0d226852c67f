#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ops/slice.h"
#include "support/indexing.h"
#include "support/op_check.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase slice_case(std::string name, const Shape& shape, const Index& starts, const Index& ends,
                         Layout layout = Layout::channels_last) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape, layout}}}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{slice(x[0], starts, ends)}; };
  result.reference = [=](std::span<const Array> x) {
    Index extents = ends;
    for (std::size_t axis = 0; axis < extents.size(); ++axis) extents[axis] -= starts[axis];
    return std::vector<Array>{generate(Shape(extents), [&](Index index) {
      for (std::size_t axis = 0; axis < index.size(); ++axis) index[axis] += starts[axis];
      return x[0].data[offset_of(shape, index)];
    })};
  };
  return result;
}

inline void add_random_slice_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("slice");
  for (int i = 0; i < 6; ++i) {
    const Shape shape = draws.shape();
    Index starts, ends;
    for (const std::int64_t extent : shape.extents()) {
      starts.push_back(draws.between(0, extent - 1));
      ends.push_back(draws.between(starts.back() + 1, extent));
    }
    const std::string name = fmt::format("{} from {} to {}", to_string(shape), fmt::join(starts, "x"), fmt::join(ends, "x"));
    cases.push_back(slice_case(draws.name(name), shape, starts, ends, draws.layout()));
  }
}

inline std::vector<OpCase> slice_cases() {
  std::vector<OpCase> cases = {
      slice_case("crop", {2, 8, 9, 11}, {0, 0, 2, 3}, {2, 8, 7, 8}),
      slice_case("crop of odd channels", {2, 3, 9, 11}, {0, 0, 1, 0}, {2, 3, 9, 10}),
      slice_case("channels", {2, 12, 5, 5}, {0, 4, 0, 0}, {2, 12, 5, 5}),
      slice_case("odd channels", {2, 12, 5, 5}, {0, 3, 0, 0}, {2, 8, 5, 5}),
      slice_case("one element", {2, 3, 4, 5}, {1, 2, 3, 4}, {2, 3, 4, 5}),
      slice_case("everything", {2, 3, 4, 5}, {0, 0, 0, 0}, {2, 3, 4, 5}),
      slice_case("all axes of a volume", {3, 6, 5, 7, 9}, {1, 1, 1, 1, 1}, {2, 4, 3, 6, 8}),
      slice_case("line", {2, 4, 65}, {0, 0, 1}, {2, 4, 64}),
      slice_case("vector", {130}, {1}, {129}),
      slice_case("weights", {6, 4, 3, 3}, {1, 0, 0, 1}, {5, 3, 3, 3}, Layout::weight),
  };
  add_random_slice_cases(cases);
  return cases;
}

}  // namespace tuff::test
