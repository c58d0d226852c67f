#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ops/follow_flows.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline Array follow_flows_reference(const Array& flows, std::int64_t steps) {
  const Shape& shape = flows.shape;
  Array result(shape);
  const double last[] = {static_cast<double>(shape[2] - 1), static_cast<double>(shape[3] - 1)};
  for_each_index(Shape{shape[0], shape[2], shape[3]}, [&](const Index& at) {
    double place[] = {static_cast<double>(at[1]), static_cast<double>(at[2])};
    for (std::int64_t step = 0; step < steps; ++step) {
      const double y = std::floor(place[0]), x = std::floor(place[1]), in_y = place[0] - y, in_x = place[1] - x;
      const double before[] = {place[0], place[1]};
      const auto low_y = static_cast<std::int64_t>(y), low_x = static_cast<std::int64_t>(x);
      const std::int64_t high_y = std::min(low_y + 1, shape[2] - 1), high_x = std::min(low_x + 1, shape[3] - 1);
      for (std::int64_t axis = 0; axis < 2; ++axis) {
        const auto flow = [&](std::int64_t row, std::int64_t column) {
          const double value = flows.at({at[0], axis, row, column});
          return std::isfinite(value) ? value : 0;
        };
        const double upper = flow(low_y, low_x) * (1 - in_x) + flow(low_y, high_x) * in_x;
        const double lower = flow(high_y, low_x) * (1 - in_x) + flow(high_y, high_x) * in_x;
        place[axis] = std::clamp(place[axis] + upper * (1 - in_y) + lower * in_y, 0.0, last[axis]);
      }
      if (place[0] == before[0] && place[1] == before[1]) break;
    }
    for (std::int64_t axis = 0; axis < 2; ++axis) result.at({at[0], axis, at[1], at[2]}) = place[axis];
  });
  return result;
}

inline OpCase follow_flows_case(std::string name, const Shape& shape, std::int64_t steps) {
  OpCase result{.name = std::move(name)};
  result.inputs = {{.type = {DType::f32, shape}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{follow_flows(x[0], {.steps = steps})};
  };
  result.reference = [=](std::span<const Array> x) { return std::vector<Array>{follow_flows_reference(x[0], steps)}; };
  result.check_gradient = false;
  result.jumps = true;  // not of themselves, but errors grow with each step through flows that part
  return result;
}

// Flows of half a pixel to a point of each sample's own: errors shrink, so as many steps as one likes can be compared.
inline OpCase converging_flows_case(std::string name, const Shape& shape, std::int64_t steps) {
  OpCase result = follow_flows_case(std::move(name), shape, steps);
  result.inputs[0].values = generate(shape, [&](const Index& at) {
    const double y = static_cast<double>(at[2]) - static_cast<double>(shape[2]) * 0.4;
    const double x = static_cast<double>(at[3]) - static_cast<double>(shape[3] - at[0]) * 0.6;
    return -0.5 * (at[1] == 0 ? y : x) / (1 + std::hypot(y, x));
  });
  return result;
}

inline OpCase masked_flows_case(std::string name, const Shape& shape, DType dtype) {
  OpCase result = follow_flows_case(std::move(name), shape, 3);
  const Shape plane{shape[0], 1, shape[2], shape[3]};
  result.inputs.push_back({.type = {dtype, plane}, .fill = Fill::labels, .differentiable = false});
  result.build = [](Graph&, std::span<const Value> x) {
    return std::vector<Value>{follow_flows(x[0], x[1], {.steps = 3})};
  };
  result.reference = [](std::span<const Array> x) {
    const Array flows = generate(x[0].shape, [&](const Index& at) {
      return x[1].at({at[0], 0, at[2], at[3]}) == 0 ? 0 : x[0].data[offset_of(x[0].shape, at)];
    });
    return std::vector<Array>{follow_flows_reference(flows, 3)};
  };
  return result;
}

inline std::vector<OpCase> follow_flows_cases() {
  std::vector<OpCase> cases = {
      follow_flows_case("random flows", {2, 2, 13, 9}, 3),
      follow_flows_case("no step", {1, 2, 5, 7}, 0),
      follow_flows_case("one row", {1, 2, 1, 65}, 4),
      follow_flows_case("one column", {1, 2, 64, 1}, 4),
      follow_flows_case("one pixel", {3, 2, 1, 1}, 2),
      converging_flows_case("converging flows", {2, 2, 31, 27}, 200),
      masked_flows_case("a foreground of floats", {2, 2, 12, 15}, DType::f32),
      masked_flows_case("a foreground of integers", {1, 2, 12, 15}, DType::i32),
  };
  ShapeDraws draws("follow_flows");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape plane = draws.shape(3, ShapeDraws::kMostElements / 2);
    const Shape shape{plane[0], 2, plane[1], plane[2]};
    cases.push_back(draws.coin() ? follow_flows_case(draws.name(shape), shape, draws.between(1, 4))
                                 : converging_flows_case(draws.name(shape), shape, draws.between(1, 60)));
  }
  return cases;
}

}  // namespace tuff::test
