#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include "ops/slice.h"
#include "support/indexing.h"
#include "support/op_case.h"
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

// Starts within x and ends as in Python after clamping: -1 before the first.
inline OpCase step_case(std::string name, const Shape& shape, const Index& starts, const Index& counts,
                        const Index& steps, Layout layout = Layout::channels_last) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape, layout}}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    Index ends = starts;
    for (std::size_t axis = 0; axis < ends.size(); ++axis) {
      ends[axis] += (counts[axis] - 1) * steps[axis] + (steps[axis] > 0 ? 1 : -1);
      if (ends[axis] < 0) ends[axis] = -shape.extents()[axis] - 1;
    }
    return std::vector<Value>{slice(x[0], starts, ends, steps)};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{generate(Shape(counts), [&](Index index) {
      for (std::size_t axis = 0; axis < index.size(); ++axis) index[axis] = starts[axis] + index[axis] * steps[axis];
      return x[0].data[offset_of(shape, index)];
    })};
  };
  result.tolerance = 0;
  return result;
}

inline void add_random_step_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("slice with steps");
  for (int i = 0; i < draws.rounds(8); ++i) {
    const Shape shape = draws.shape(static_cast<int>(draws.between(1, 6)));
    Index starts, counts, steps;
    for (const std::int64_t extent : shape.extents()) {
      steps.push_back(draws.pick({1, 1, 2, 3, -1, -2, 100, -100}));
      starts.push_back(draws.between(0, extent - 1));
      const std::int64_t room = steps.back() > 0 ? extent - 1 - starts.back() : starts.back();
      counts.push_back(draws.between(1, room / std::abs(steps.back()) + 1));
    }
    const std::string name = fmt::format("{} of {} from {} in steps of {}", fmt::join(counts, "x"), to_string(shape),
                                         fmt::join(starts, "x"), fmt::join(steps, "x"));
    cases.push_back(step_case(draws.name(name), shape, starts, counts, steps, draws.layout()));
  }
}

inline std::vector<OpCase> step_cases() {
  std::vector<OpCase> cases = {
      step_case("every other pixel", {2, 8, 9, 10}, {0, 0, 0, 1}, {2, 8, 5, 5}, {1, 1, 2, 2}),
      step_case("every third channel", {2, 10, 3, 4}, {0, 1, 0, 0}, {2, 3, 3, 4}, {1, 3, 1, 1}),
      step_case("flipped width", {2, 4, 5, 7}, {0, 0, 0, 6}, {2, 4, 5, 7}, {1, 1, 1, -1}),
      step_case("flipped channels and height", {2, 3, 5, 7}, {0, 2, 4, 0}, {2, 3, 5, 7}, {1, -1, -1, 1}),
      step_case("backwards by two", {131}, {130}, {66}, {-2}),
      step_case("six axes", {2, 3, 4, 3, 4, 5}, {1, 2, 0, 2, 3, 0}, {2, 2, 2, 3, 2, 3}, {-1, -2, 2, -1, -3, 2}),
      step_case("a part backwards", {3, 8, 6}, {2, 0, 4}, {2, 8, 3}, {-1, 1, -1}),
      step_case("several rounds", {2, 3, 64, 65}, {0, 0, 63, 0}, {2, 3, 32, 65}, {1, 1, -2, 1}),
      step_case("weights", {6, 4, 3, 3}, {5, 0, 2, 0}, {3, 4, 2, 3}, {-2, 1, -2, 1}, Layout::weight),
  };
  add_random_step_cases(cases);
  return cases;
}

inline void add_random_slice_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("slice");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape();
    Index starts, ends;
    for (const std::int64_t extent : shape.extents()) {
      starts.push_back(draws.between(0, extent - 1));
      ends.push_back(draws.between(starts.back() + 1, extent));
    }
    const std::string name =
        fmt::format("{} from {} to {}", to_string(shape), fmt::join(starts, "x"), fmt::join(ends, "x"));
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
