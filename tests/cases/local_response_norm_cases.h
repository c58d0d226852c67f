#pragma once

#include <fmt/format.h>

#include <cmath>

#include "ops/local_response_norm.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase local_response_norm_case(const Shape& shape, const LocalResponseNormAttributes& attributes) {
  OpCase result{.name = fmt::format("local_response_norm of {}, size {}{}", to_string(shape), attributes.size,
                                    attributes.forward ? ", forward" : "")};
  result.inputs = {{.type = {DType::f32, shape}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{local_response_norm(x[0], attributes)};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{generate(shape, [&](Index at) {
      const std::int64_t channel = at[1], size = attributes.size;
      const double value = x[0].data[offset_of(shape, at)];
      const std::int64_t first = channel - (attributes.forward ? (size - 1) / 2 : size / 2);
      double squares = 0;
      for (at[1] = first; at[1] < first + size; ++at[1])
        if (inside(shape, at)) squares += std::pow(x[0].data[offset_of(shape, at)], 2);
      const double scale = static_cast<double>(attributes.k) +
                           static_cast<double>(attributes.alpha) * squares / static_cast<double>(size);
      return value / std::pow(scale, static_cast<double>(attributes.beta));
    })};
  };
  return result;
}

inline std::vector<OpCase> local_response_norm_cases() {
  std::vector<OpCase> cases = {
      local_response_norm_case({2, 7, 5, 3}, {.size = 3}),
      local_response_norm_case({2, 8, 5, 3}, {.alpha = 0.5f, .k = 2}),
      local_response_norm_case({2, 8, 5, 3}, {.size = 4, .alpha = 0.5f}),
      local_response_norm_case({2, 8, 5, 3}, {.size = 4, .alpha = 0.5f, .forward = true}),
      local_response_norm_case({2, 6, 9}, {.size = 2, .alpha = 1, .beta = 0.5f}),
      local_response_norm_case({2, 6, 3, 2, 5}, {.size = 3, .alpha = 1}),
      local_response_norm_case({5, 9}, {.alpha = 1}),
      local_response_norm_case({2, 3, 4, 4}, {.size = 9, .alpha = 1}),  // wider than the channels
      local_response_norm_case({2, 1, 4, 4}, {.size = 1, .alpha = 1}),
  };
  ShapeDraws draws("local_response_norm");
  for (int i = 0; i < draws.rounds(5); ++i) {
    cases.push_back(local_response_norm_case(draws.image(), {.size = draws.between(1, 7),
                                                             .alpha = draws.pick({0.01f, 1.0f}),
                                                             .beta = draws.pick({0.75f, 1.0f}),
                                                             .k = 1.5f,
                                                             .forward = draws.coin()}));
    cases.back().name = draws.name(cases.back().name);
  }
  return cases;
}

}  // namespace tuff::test
