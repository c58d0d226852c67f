#pragma once

#include <fmt/format.h>

#include <cmath>

#include "ops/argmax.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline Array argmax_reference(const Array& x, int axis, bool keepdim, bool smallest, bool last) {
  std::vector<std::int64_t> kept = x.shape.extents(), extents = kept;
  kept[static_cast<std::size_t>(axis)] = 1;
  extents.erase(extents.begin() + axis);
  Array result = generate(Shape(kept), [&](Index at) {
    std::int64_t found = 0;
    double best = 0;
    for (std::int64_t k = 0; k < x.shape[axis]; ++k) {
      at[static_cast<std::size_t>(axis)] = k;
      const double value = x.data[offset_of(x.shape, at)];
      const bool better =
          std::isnan(value) ? !std::isnan(best) : !std::isnan(best) && (smallest ? value < best : value > best);
      const bool equals = value == best || (std::isnan(value) && std::isnan(best));
      if (k == 0 || better || (last && equals)) {
        found = k;
        best = value;
      }
    }
    return static_cast<double>(found);
  });
  if (!keepdim) result.shape = Shape(extents);
  return result;
}

// argmax and argmin, of the first and the last of equals.
inline OpCase argmax_case(const Shape& shape, int axis, bool keepdim, Fill fill = Fill::labels) {
  OpCase result{.name = fmt::format("argmax of {} along {}{}", to_string(shape), axis, keepdim ? ", keepdim" : "")};
  result.inputs = {{.type = {DType::f32, shape}, .fill = fill, .label_count = 5}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{argmax(x[0], axis, keepdim), argmin(x[0], axis, keepdim),
                              argmax(x[0], axis, keepdim, true), argmin(x[0], axis, keepdim, true)};
  };
  result.reference = [=](std::span<const Array> x) {
    const int counted = axis < 0 ? axis + shape.rank() : axis;
    std::vector<Array> all;
    for (const bool last : {false, true})
      for (const bool smallest : {false, true}) all.push_back(argmax_reference(x[0], counted, keepdim, smallest, last));
    return all;
  };
  result.tolerance = 0;
  result.check_gradient = false;
  return result;
}

inline std::vector<OpCase> argmax_cases() {
  std::vector<OpCase> cases = {
      argmax_case({1}, 0, false),
      argmax_case({7}, 0, true),
      argmax_case({4099}, 0, false, Fill::distinct),
      argmax_case({5000}, 0, false),
      argmax_case({3, 5}, 1, false),
      argmax_case({65, 3}, 0, false),
      argmax_case({2, 9, 5}, 1, true),
      argmax_case({2, 9, 5}, 2, false),
      argmax_case({2, 3, 4, 5}, 1, false),
      argmax_case({2, 3, 4, 5}, -1, false),
      argmax_case({2, 3, 4, 5}, 0, false, Fill::uniform),
      argmax_case({2, 1, 4, 5}, 1, false),
      argmax_case({2, 3, 2, 4, 5}, 3, true),
      argmax_case({3, 70, 2}, 1, false),
  };
  ShapeDraws draws("argmax");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape();
    cases.push_back(argmax_case(shape, static_cast<int>(draws.between(0, shape.rank() - 1)), draws.coin()));
    cases.back().name = draws.name(cases.back().name);
  }
  return cases;
}

}  // namespace tuff::test
