#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ops/softmax.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline Array softmax_reference(const Array& x, int axis, bool log) {
  const auto a = static_cast<std::size_t>(axis < 0 ? axis + x.shape.rank() : axis);
  return generate(x.shape, [&](Index at) {
    const double value = x.data[offset_of(x.shape, at)];
    double largest = value;
    for (at[a] = 0; at[a] < x.shape.extents()[a]; ++at[a]) largest = std::max(largest, x.data[offset_of(x.shape, at)]);
    double sum = 0;
    for (at[a] = 0; at[a] < x.shape.extents()[a]; ++at[a]) sum += std::exp(x.data[offset_of(x.shape, at)] - largest);
    return log ? value - largest - std::log(sum) : std::exp(value - largest) / sum;
  });
}

inline OpCase softmax_case(std::string name, const Shape& shape, int axis, bool log) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{log ? log_softmax(x[0], axis) : softmax(x[0], axis)};
  };
  result.reference = [=](std::span<const Array> x) { return std::vector<Array>{softmax_reference(x[0], axis, log)}; };
  return result;
}

inline void add_random_softmax_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("softmax");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape(static_cast<int>(draws.between(1, 5)), 2000);
    const auto axis = static_cast<int>(draws.between(0, shape.rank() - 1));
    const bool log = draws.coin();
    cases.push_back(
        softmax_case(draws.name(fmt::format("{}softmax of {} along {}", log ? "log_" : "", to_string(shape), axis)),
                     shape, axis, log));
  }
}

inline std::vector<OpCase> softmax_cases() {
  std::vector<OpCase> cases;
  for (const bool log : {false, true}) {
    const std::string name = log ? "log_softmax, " : "softmax, ";
    cases.push_back(softmax_case(name + "channels", {2, 5, 9, 7}, 1, log));
    cases.push_back(softmax_case(name + "one class", {2, 1, 3, 3}, 1, log));
    cases.push_back(softmax_case(name + "vectors", {9, 33}, 1, log));
    cases.push_back(softmax_case(name + "width", {2, 3, 4, 9}, -1, log));
    cases.push_back(softmax_case(name + "batch", {5, 3, 4, 2}, 0, log));
    cases.push_back(softmax_case(name + "one vector", {65}, 0, log));
    cases.push_back(softmax_case(name + "volume", {1, 4, 3, 4, 5}, 1, log));
    cases.push_back(softmax_case(name + "one long vector", {2100}, 0, log));
    cases.push_back(softmax_case(name + "long rows, parts cut short", {2, 1025}, 1, log));
    cases.push_back(softmax_case(name + "long columns", {1281, 3}, 0, log));
    cases.push_back(softmax_case(name + "scalars", {3, 2, 1, 1}, 3, log));
  }
  add_random_softmax_cases(cases);
  return cases;
}

}  // namespace tuff::test
