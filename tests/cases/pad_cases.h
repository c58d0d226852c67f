#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "ops/pad.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase pad_case(std::string name, const Shape& shape, const Index& lo, const Index& hi, PadMode mode,
                       float value = 0) {
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
        if (mode == PadMode::circular) {  // of what cropping leaves
          const std::int64_t first = std::max<std::int64_t>(-lo[axis], 0);
          const std::int64_t left = last + 1 - first - std::max<std::int64_t>(-hi[axis], 0);
          at = first + ((at - first) % left + left) % left;
        }
        if (mode == PadMode::reflect) at = at < 0 ? -at : at > last ? 2 * last - at : at;
        if (mode == PadMode::replicate) at = std::clamp<std::int64_t>(at, 0, last);
      }
      return inside(shape, index) ? x[0].data[offset_of(shape, index)] : static_cast<double>(value);
    })};
  };
  return result;
}

// A border that the mode can fill, or a crop that leaves something.
inline std::int64_t random_border(ShapeDraws& draws, PadMode mode, std::int64_t extent) {
  const std::int64_t crop = -std::min<std::int64_t>((extent - 1) / 2, 2);
  if (mode == PadMode::reflect) return draws.between(crop, std::min<std::int64_t>(extent - 1, 5));
  if (mode == PadMode::circular) return draws.between(crop, std::min<std::int64_t>(extent + 2 * crop, 4));
  return draws.between(crop, 4);
}

// Borders of every axis, or of the spatial ones.
struct RandomBorders {
  Shape shape;
  Index lo, hi;
  std::int64_t padded = 1;  // elements of the result
};

inline RandomBorders random_borders(ShapeDraws& draws, PadMode mode) {
  RandomBorders result{.shape = draws.shape(static_cast<int>(draws.between(1, 6)))};
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
  constexpr std::array kModes = {PadMode::constant, PadMode::reflect, PadMode::replicate, PadMode::circular};
  for (int i = 0; i < draws.rounds(16); ++i) {
    const PadMode mode = kModes[static_cast<std::size_t>(i % 4)];
    RandomBorders drawn;
    do {
      drawn = random_borders(draws, mode);
    } while (drawn.padded > ShapeDraws::kMostElements);
    const std::string name = fmt::format("{} {}, {} before, {} after", to_string(mode), to_string(drawn.shape),
                                         fmt::join(drawn.lo, "x"), fmt::join(drawn.hi, "x"));
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
      pad_case("crop to one pixel", {2, 3, 4, 5}, {-1, -2}, {-2, -2}, constant),
      pad_case("reflect what is cropped", {2, 4, 6, 7}, {-1, 3}, {4, -2}, reflect),
      pad_case("replicate what is cropped", {2, 3, 6, 7}, {-4, 3}, {2, -6}, replicate),
      pad_case("replicate far", {1, 2, 3, 2}, {-2, 9}, {3, 0}, replicate),
      pad_case("circular", {2, 4, 5, 7}, {5, 2}, {3, 7}, circular),
      pad_case("circular odd channels", {2, 3, 5, 7}, {1, 0}, {0, 2}, circular),
      pad_case("circular channels and one pixel", {1, 4, 1, 3}, {0, 2, 1, 0}, {0, 3, 1, 1}, circular),
      pad_case("circular what is cropped", {2, 4, 6, 7}, {-1, 3}, {4, -2}, circular),
      pad_case("six axes", {2, 3, 2, 3, 2, 3}, {1, 0, 1, 2, 0, 1}, {0, 2, 0, 1, 1, 1}, constant, 2.0f),
      pad_case("mirrors along six axes", {2, 3, 2, 3, 2, 3}, {1, 0, 1, 2, 0, 1}, {0, 2, 0, 1, 1, 1}, reflect),
      pad_case("wraps along six axes", {2, 3, 2, 3, 2, 3}, {1, 0, 1, 2, 0, 1}, {0, 2, 0, 1, 1, 1}, circular),
      pad_case("several rounds", {2, 3, 63, 65}, {1, 2}, {3, 0}, reflect),
      pad_case("replicate odd channels", {2, 5, 3, 4}, {0, 1}, {2, 0}, replicate),
  };
  add_random_pad_cases(cases);
  return cases;
}

}  // namespace tuff::test
