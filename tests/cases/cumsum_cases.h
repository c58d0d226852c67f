#pragma once

#include <fmt/format.h>

#include "ops/cumsum.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline Array cumsum_reference(const Array& x, int axis, bool exclusive, bool reverse) {
  Array result(x.shape);
  const auto a = static_cast<std::size_t>(axis);
  const std::int64_t extent = x.shape[axis], step = reverse ? -1 : 1, first = reverse ? extent - 1 : 0;
  for_each_index(x.shape, [&](Index at) {
    if (at[a] != 0) return;
    double sum = 0;
    for (at[a] = first; at[a] >= 0 && at[a] < extent; at[a] += step) {
      const std::size_t here = offset_of(x.shape, at);
      if (exclusive) result.data[here] = sum;
      sum += x.data[here];
      if (!exclusive) result.data[here] = sum;
    }
  });
  return result;
}

inline OpCase cumsum_case(const Shape& shape, int axis, bool exclusive = false, bool reverse = false) {
  OpCase result{.name = fmt::format("cumsum of {} along {}{}{}", to_string(shape), axis, exclusive ? ", exclusive" : "",
                                    reverse ? ", reverse" : "")};
  result.inputs = {{.type = {DType::f32, shape}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{cumsum(x[0], axis, exclusive, reverse)};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{cumsum_reference(x[0], axis < 0 ? axis + shape.rank() : axis, exclusive, reverse)};
  };
  return result;
}

inline std::vector<OpCase> cumsum_cases() {
  std::vector<OpCase> cases;
  for (const bool exclusive : {false, true})
    for (const bool reverse : {false, true}) {
      cases.push_back(cumsum_case({7}, 0, exclusive, reverse));
      cases.push_back(cumsum_case({3, 1300}, 1, exclusive, reverse));  // blocks
      cases.push_back(cumsum_case({2, 3, 4, 5}, 2, exclusive, reverse));
    }
  cases.push_back(cumsum_case({1}, 0));
  cases.push_back(cumsum_case({512}, 0));
  cases.push_back(cumsum_case({513}, 0));
  cases.push_back(cumsum_case({770, 5}, 0));
  cases.push_back(cumsum_case({5, 9}, -1));
  cases.push_back(cumsum_case({2, 7, 5}, 1));
  cases.push_back(cumsum_case({2, 3, 2, 4, 5}, 4));
  ShapeDraws draws("cumsum");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape();
    cases.push_back(
        cumsum_case(shape, static_cast<int>(draws.between(0, shape.rank() - 1)), draws.coin(), draws.coin()));
    cases.back().name = draws.name(cases.back().name);
  }
  return cases;
}

}  // namespace tuff::test
