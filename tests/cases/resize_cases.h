#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "ops/resize.h"
#include "support/indexing.h"
#include "support/op_check.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Sources along one axis and their weights.
struct ResizeTap {
  std::int64_t first = 0;
  std::int64_t second = 0;
  double weight = 0;  // of second
};

inline ResizeTap resize_tap(const ResizeAttributes& attributes, std::int64_t o, std::int64_t in, std::int64_t out, double scale) {
  const auto size_in = static_cast<double>(in);
  const auto size_out = static_cast<double>(out);
  const auto target = static_cast<double>(o);
  double step = scale > 0 ? 1 / scale : size_in / size_out;
  if (attributes.mode == ResizeMode::nearest) {
    const std::int64_t at = std::min(static_cast<std::int64_t>(std::floor(target * step)), in - 1);
    return {at, at, 0};
  }
  if (attributes.align_corners) step = out > 1 ? (size_in - 1) / (size_out - 1) : 0;
  const double source = attributes.align_corners ? target * step : std::max((target + 0.5) * step - 0.5, 0.0);
  const std::int64_t first = std::min(static_cast<std::int64_t>(source), in - 1);
  return {first, std::min(first + 1, in - 1), std::min(source - static_cast<double>(first), 1.0)};
}

inline OpCase resize_case(std::string name, const Shape& shape, const ResizeAttributes& attributes) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{resize(x[0], attributes)}; };
  result.reference = [=](std::span<const Array> x) {
    Index extents = shape.extents();
    std::vector<double> scales(extents.size(), 0);
    for (std::size_t axis = 2; axis < extents.size(); ++axis) {
      if (!attributes.scale.empty()) {
        scales[axis] = attributes.scale[attributes.scale.size() == 1 ? 0 : axis - 2];
        extents[axis] = static_cast<std::int64_t>(std::floor(static_cast<double>(extents[axis]) * scales[axis]));
      } else {
        extents[axis] = attributes.size[attributes.size.size() == 1 ? 0 : axis - 2];
      }
    }
    return std::vector<Array>{generate(Shape(extents), [&](const Index& out) {
      const std::size_t axes = out.size() - 2;
      double sum = 0;
      for (std::size_t corner = 0; corner < (std::size_t{1} << axes); ++corner) {
        Index at = out;
        double weight = 1;
        for (std::size_t a = 0; a < axes; ++a) {
          const ResizeTap tap = resize_tap(attributes, out[a + 2], shape.extents()[a + 2], extents[a + 2], scales[a + 2]);
          const bool second = (corner >> a & 1) != 0;
          at[a + 2] = second ? tap.second : tap.first;
          weight *= second ? tap.weight : 1 - tap.weight;
        }
        if (weight != 0) sum += weight * x[0].data[offset_of(shape, at)];
      }
      return sum;
    })};
  };
  return result;
}

// A size of its own for each axis, or one scale for all that leaves something.
inline ResizeAttributes random_resize(ShapeDraws& draws, const Shape& shape) {
  ResizeAttributes attributes{.mode = draws.pick({ResizeMode::nearest, ResizeMode::bilinear})};
  if (draws.coin()) {
    for (int axis = 2; axis < shape.rank(); ++axis) attributes.size.push_back(draws.extent(2 * shape[axis] + 1));
  } else {
    attributes.scale = {std::ranges::min(shape.extents()) > 1 ? draws.pick({0.5, 0.7, 1.3, 2.0}) : draws.pick({1.0, 1.7, 2.0, 2.5})};
  }
  attributes.align_corners = attributes.mode == ResizeMode::bilinear && draws.coin();
  return attributes;
}

inline void add_random_resize_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("resize");
  for (int i = 0; i < 8; ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 300);
    const ResizeAttributes attributes = random_resize(draws, shape);
    const std::string goal = attributes.size.empty() ? fmt::format("by {}", attributes.scale[0])
                                                     : fmt::format("to {}", fmt::join(attributes.size, "x"));
    const std::string name = fmt::format("{} {} {}{}", to_string(attributes.mode), to_string(shape), goal,
                                         attributes.align_corners ? ", align_corners" : "");
    cases.push_back(resize_case(draws.name(name), shape, attributes));
  }
}

inline std::vector<OpCase> resize_cases() {
  using enum ResizeMode;
  std::vector<OpCase> cases = {
      resize_case("nearest, twice as large", {2, 8, 5, 7}, {.scale = {2}}),
      resize_case("nearest, odd channels", {2, 3, 5, 7}, {.scale = {2}}),
      resize_case("nearest, to a size", {1, 4, 5, 7}, {.size = {13, 9}}),
      resize_case("nearest, smaller", {1, 4, 13, 9}, {.size = {5, 7}}),
      resize_case("nearest, scale 1.7", {1, 4, 6, 5}, {.scale = {1.7}}),
      resize_case("nearest line", {2, 4, 65}, {.size = {131}}),
      resize_case("nearest volume", {1, 4, 3, 4, 5}, {.scale = {2}}),
      resize_case("bilinear, twice as large", {2, 8, 5, 7}, {.scale = {2}, .mode = bilinear}),
      resize_case("bilinear, twice, align_corners", {2, 8, 5, 7}, {.scale = {2}, .mode = bilinear, .align_corners = true}),
      resize_case("bilinear, odd channels", {2, 3, 5, 7}, {.scale = {2}, .mode = bilinear}),
      resize_case("bilinear, to a size", {1, 4, 5, 7}, {.size = {13, 9}, .mode = bilinear}),
      resize_case("bilinear, smaller", {1, 4, 13, 9}, {.size = {5, 7}, .mode = bilinear}),
      resize_case("bilinear, much smaller", {1, 4, 33, 31}, {.size = {3, 4}, .mode = bilinear}),
      resize_case("bilinear, smaller, align_corners", {1, 4, 13, 9}, {.size = {5, 7}, .mode = bilinear, .align_corners = true}),
      resize_case("bilinear to one pixel, align_corners", {1, 4, 4, 3}, {.size = {1, 1}, .mode = bilinear, .align_corners = true}),
      resize_case("bilinear from one pixel", {1, 4, 1, 1}, {.size = {3, 4}, .mode = bilinear}),
      resize_case("bilinear, scale 1.7", {1, 4, 6, 5}, {.scale = {1.7}, .mode = bilinear}),
      resize_case("bilinear, the same size", {1, 4, 6, 5}, {.size = {6, 5}, .mode = bilinear}),
      resize_case("linear line", {2, 4, 65}, {.scale = {2}, .mode = bilinear}),
      resize_case("trilinear", {1, 4, 3, 4, 5}, {.scale = {2}, .mode = bilinear}),
      resize_case("trilinear, align_corners, odd channels", {1, 3, 3, 4, 5}, {.size = {5, 6, 3}, .mode = bilinear, .align_corners = true}),
  };
  add_random_resize_cases(cases);
  return cases;
}

}  // namespace tuff::test
