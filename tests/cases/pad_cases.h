#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "ops/pad.h"
#include "support/indexing.h"
#include "support/op_check.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase pad_case(std::string name, const Shape& shape, const Index& lo, const Index& hi, PadMode mode, float value = 0) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{pad(x[0], lo, hi, mode, value)}; };
  result.reference = [=](std::span<const Array> x) {
    Index extents = shape.extents();
    const std::size_t skip = extents.size() - lo.size();  // N and C where only spatial axes are given
    for (std::size_t axis = 0; axis < lo.size(); ++axis) extents[skip + axis] += lo[axis] + hi[axis];
    return std::vector<Array>{generate(Shape(extents), [&](Index index) {
      for (std::size_t axis = 0; axis < lo.size(); ++axis) {
        std::int64_t& at = index[skip + axis];
        const std::int64_t last = shape.extents()[skip + axis] - 1;
        at -= lo[axis];
        if (mode == PadMode::reflect) at = at < 0 ? -at : at > last ? 2 * last - at : at;
        if (mode == PadMode::replicate) at = std::clamp<std::int64_t>(at, 0, last);
      }
      return inside(shape, index) ? x[0].data[offset_of(shape, index)] : static_cast<double>(value);
    })};
  };
  return result;
}

// A border that the mode can fill; constant also crops, but leaves something.
inline std::int64_t random_border(ShapeDraws& draws, PadMode mode, std::int64_t extent) {
  if (mode == PadMode::reflect) return draws.between(0, std::min<std::int64_t>(extent - 1, 5));
  return draws.between(mode == PadMode::constant ? -std::min<std::int64_t>((extent - 1) / 2, 2) : 0, 4);
}

// Borders of every axis, or of the spatial ones.
struct RandomBorders {
  Shape shape;
  Index lo, hi;
  std::int64_t padded = 1;  // elements of the result
};

inline RandomBorders random_borders(ShapeDraws& draws, PadMode mode) {
  RandomBorders result{.shape = draws.shape(static_cast<int>(draws.between(1, 5)))};
  const bool spatial = result.shape.rank() > 2 && draws.coin();
  if (spatial) result.padded = result.shape[0] * result.shape[1];
  for (int axis = spatial ? 2 : 0; axis < result.shape.rank(); ++axis) {
    result.lo.push_back(random_border(draws, mode, result.shape[axis]));
    result.hi.push_back(random_border(draws, mode, result.shape[axis]));
    result.padded *= result.lo.back() + result.shape[axis] + result.hi.back();
  }
  return result;
}

inline void add_random_pad_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("pad");
  for (int i = 0; i < 9; ++i) {
    const PadMode mode = std::array{PadMode::constant, PadMode::reflect, PadMode::replicate}[static_cast<std::size_t>(i % 3)];
    RandomBorders drawn;
    do {
      drawn = random_borders(draws, mode);
    } while (drawn.padded > ShapeDraws::kMostElements);
    const std::string name = fmt::format("{} {}, {} before, {} after", to_string(mode), to_string(drawn.shape), fmt::join(drawn.lo, "x"),
                                         fmt::join(drawn.hi, "x"));
    cases.push_back(pad_case(draws.name(name), drawn.shape, drawn.lo, drawn.hi, mode, draws.pick({0.0f, -1.5f})));
  }
}

inline std::vector<OpCase> pad_cases() {
  using enum PadMode;
  std::vector<OpCase> cases = {
      pad_case("zeros", {2, 8, 5, 7}, {1, 2}, {3, 0}, constant),
      pad_case("a value, odd channels", {2, 3, 5, 7}, {2, 1}, {0, 4}, constant, 1.5f),
      pad_case("channels", {2, 4, 3, 3}, {0, 4, 0, 0}, {0, 8, 0, 0}, constant),
      pad_case("odd channels", {2, 4, 3, 3}, {0, 1, 0, 0}, {1, 2, 0, 0}, constant),
      pad_case("crop and pad", {1, 4, 6, 6}, {-1, 2}, {2, -3}, constant),
      pad_case("volume", {1, 2, 3, 4, 5}, {1, 1, 1}, {1, 1, 1}, constant),
      pad_case("line", {1, 1, 1}, {3}, {4}, constant),
      pad_case("reflect", {2, 4, 5, 7}, {4, 2}, {3, 6}, reflect),
      pad_case("reflect odd channels", {2, 3, 5, 7}, {1, 0}, {0, 2}, reflect),
      pad_case("reflect a volume", {1, 1, 3, 4, 5}, {1, 2, 1}, {2, 1, 3}, reflect),
      pad_case("reflect channels", {1, 4, 3, 3}, {0, 2, 1, 1}, {0, 3, 1, 1}, reflect),
      pad_case("reflect two", {1, 1, 2}, {1}, {1}, reflect),
      pad_case("replicate", {2, 4, 5, 7}, {7, 2}, {3, 9}, replicate),
      pad_case("replicate one", {1, 3, 1, 1}, {2, 1}, {1, 2}, replicate),
      pad_case("replicate odd channels", {2, 5, 3, 4}, {0, 1}, {2, 0}, replicate),
  };
  add_random_pad_cases(cases);
  return cases;
}

}  // namespace tuff::test
