#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "ops/resize.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Sources along one axis and their weights.
struct ResizeTap {
  std::int64_t first = 0;
  std::int64_t second = 0;
  double weight = 0;  // of second
};

inline ResizeTap resize_tap(const ResizeAttributes& attributes, std::int64_t o, std::int64_t in, std::int64_t out,
                            double scale) {
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
          const ResizeTap tap =
              resize_tap(attributes, out[a + 2], shape.extents()[a + 2], extents[a + 2], scales[a + 2]);
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
    attributes.scale = {std::ranges::min(shape.extents()) > 1 ? draws.pick({0.5, 0.7, 1.3, 2.0})
                                                              : draws.pick({1.0, 1.7, 2.0, 2.5})};
  }
  attributes.align_corners = attributes.mode == ResizeMode::bilinear && draws.coin();
  return attributes;
}

inline void add_random_resize_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("resize");
  for (int i = 0; i < draws.rounds(8); ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 300);
    const ResizeAttributes attributes = random_resize(draws, shape);
    const std::string goal = attributes.size.empty() ? fmt::format("by {}", attributes.scale[0])
                                                     : fmt::format("to {}", fmt::join(attributes.size, "x"));
    const std::string name = fmt::format("{} {} {}{}", to_string(attributes.mode), to_string(shape), goal,
                                         attributes.align_corners ? ", align_corners" : "");
    cases.push_back(resize_case(draws.name(name), shape, attributes));
  }
}

// One axis of the modes that ONNX's and PyTorch's specifications define beyond: neighbours in the order of their
// distance, weights by the distance, the edge repeated.
inline std::vector<ResizeTap> option_taps(const ResizeAttributes& attributes, double source, std::int64_t in,
                                          double scale) {
  const double last = static_cast<double>(in - 1);
  const auto at = [&](double place) { return static_cast<std::int64_t>(std::clamp(place, 0.0, last)); };
  if (attributes.mode == ResizeMode::nearest) {
    const double below = std::floor(source), part = source - below;
    double place = attributes.nearest_mode == NearestMode::ceil ? std::ceil(source) : below;
    if (attributes.nearest_mode == NearestMode::round_prefer_floor) place = part > 0.5 ? below + 1 : below;
    if (attributes.nearest_mode == NearestMode::round_prefer_ceil) place = part >= 0.5 ? below + 1 : below;
    return {{at(place), 0, 1}};
  }
  const bool pytorch = attributes.coordinates == ResizeCoordinates::pytorch;
  const double a = attributes.cubic_coeff_a.value_or(pytorch && attributes.antialias ? -0.5 : -0.75);
  const double widened = attributes.antialias && scale < 1 ? 1 / scale : 1;
  const bool exclude = attributes.exclude_outside || (pytorch && attributes.antialias);
  std::vector<ResizeTap> taps;
  double sum = 0;
  for (double place = std::floor(source) - 2 * widened - 2; place < source + 2 * widened + 2; ++place) {
    const double i = std::floor(place), x = std::abs(i - source) / widened;
    double weight = 1 - x;
    if (attributes.mode == ResizeMode::cubic)
      weight = x <= 1  ? (a + 2) * x * x * x - (a + 3) * x * x + 1
               : x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a
                       : 0;
    else if (x >= 1)
      weight = 0;
    if (weight == 0 || (exclude && (i < 0 || i > last))) continue;
    sum += weight;
    taps.push_back({at(i), 0, weight});
  }
  for (ResizeTap& tap : taps) tap.weight /= sum;
  return taps;
}

// Of one axis alone: `source(o)` is the coordinate that the mode defines; beyond the image there is
// `extrapolation_value` where it is `bounded`.
inline OpCase resize_option_case(std::string name, const Shape& shape, int axis, const ResizeAttributes& attributes,
                                 double scale, const std::function<double(double)>& source, bool bounded = false) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  ResizeAttributes along = attributes;
  along.axes = {axis};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{resize(x[0], along)}; };
  result.reference = [=](std::span<const Array> x) {
    const auto a = static_cast<std::size_t>(axis);
    Index extents = shape.extents();
    const std::int64_t in = extents[a];
    extents[a] = attributes.size.empty() ? static_cast<std::int64_t>(std::floor(static_cast<double>(in) * scale))
                                         : attributes.size[0];
    return std::vector<Array>{generate(Shape(extents), [&](const Index& out) {
      const double place = source(static_cast<double>(out[a]));
      if (bounded && (place < 0 || place > static_cast<double>(in - 1))) return attributes.extrapolation_value;
      double sum = 0;
      for (const ResizeTap& tap : option_taps(attributes, place, in, scale)) {
        Index at = out;
        at[a] = tap.first;
        sum += tap.weight * x[0].data[offset_of(shape, at)];
      }
      return sum;
    })};
  };
  return result;
}

inline std::vector<OpCase> resize_option_cases() {
  using enum ResizeMode;
  using enum ResizeCoordinates;
  const auto half = [](double scale) { return [scale](double o) { return (o + 0.5) / scale - 0.5; }; };
  const Shape x{2, 4, 7, 5};
  const double third = 4.0 / 7;
  std::vector<OpCase> cases = {
      resize_option_case("cubic, larger", x, 2, {.scale = {1.7}, .mode = cubic}, 1.7, half(1.7)),
      resize_option_case("cubic, smaller, odd channels", {1, 3, 9, 5}, 3, {.size = {3}, .mode = cubic}, 0.6, half(0.6)),
      resize_option_case("cubic, align_corners", x, 3, {.size = {9}, .mode = cubic, .align_corners = true}, 1.8,
                         [](double o) { return o * 4 / 8; }),
      resize_option_case(
          "cubic, a = -0.5, exclude_outside", x, 2,
          {.scale = {1.5}, .mode = cubic, .coordinates = half_pixel, .exclude_outside = true, .cubic_coeff_a = -0.5},
          1.5, half(1.5)),
      resize_option_case("cubic of one pixel", {1, 4, 1, 3}, 2, {.size = {3}, .mode = cubic}, 3, half(3)),
      resize_option_case("linear, antialias", x, 2, {.size = {4}, .mode = bilinear, .antialias = true}, third,
                         half(third)),
      resize_option_case("linear, antialias, edge repeated", x, 2,
                         {.size = {4}, .mode = bilinear, .coordinates = half_pixel, .antialias = true}, third,
                         half(third)),
      resize_option_case("cubic, antialias", {1, 4, 33, 3}, 2, {.size = {7}, .mode = cubic, .antialias = true},
                         7.0 / 33, half(7.0 / 33)),
      resize_option_case("cubic, antialias, edge repeated", {1, 4, 33, 3}, 2,
                         {.size = {7}, .mode = cubic, .coordinates = half_pixel, .antialias = true}, 7.0 / 33,
                         half(7.0 / 33)),
      resize_option_case("antialias of a larger result is none", x, 2,
                         {.size = {9}, .mode = bilinear, .antialias = true}, 9.0 / 7, half(9.0 / 7)),
      resize_option_case("channels, linear", {2, 6, 3, 5}, 1,
                         {.size = {4}, .mode = bilinear, .coordinates = half_pixel}, 4.0 / 6, half(4.0 / 6)),
      resize_option_case("batch, nearest", {3, 4, 3, 5}, 0, {.scale = {2}, .coordinates = asymmetric}, 2,
                         [](double o) { return o / 2; }),
      resize_option_case("nearest, ceil, half_pixel", x, 2,
                         {.size = {5}, .coordinates = half_pixel, .nearest_mode = NearestMode::ceil}, 5.0 / 7,
                         half(5.0 / 7)),
      resize_option_case("nearest, round_prefer_floor, asymmetric", x, 2,
                         {.size = {14}, .coordinates = asymmetric, .nearest_mode = NearestMode::round_prefer_floor}, 2,
                         [](double o) { return o / 2; }),
      resize_option_case("nearest-exact", x, 3,
                         {.size = {13}, .coordinates = half_pixel, .nearest_mode = NearestMode::round_prefer_ceil}, 2.6,
                         half(2.6)),
      resize_option_case("align_corners over a scaled extent", x, 2,
                         {.scale = {0.6}, .mode = bilinear, .coordinates = align_corners}, 0.6,
                         [](double o) { return o * 6 / (0.6 * 7 - 1); }),
      resize_option_case("half_pixel_symmetric", x, 2,
                         {.scale = {0.6}, .mode = bilinear, .coordinates = half_pixel_symmetric}, 0.6,
                         [](double o) { return 3.5 * (1 - 4 / 4.2) + (o + 0.5) / 0.6 - 0.5; }),
      resize_option_case("pytorch_half_pixel to one", x, 2,
                         {.size = {1}, .mode = bilinear, .coordinates = pytorch_half_pixel}, 1.0 / 7,
                         [](double) { return 0; }),
      resize_option_case("tf_half_pixel", x, 2, {.scale = {1.7}, .mode = bilinear, .coordinates = tf_half_pixel}, 1.7,
                         [](double o) { return (o + 0.5) / 1.7; }),
      resize_option_case("tf_half_pixel, cubic", x, 2, {.size = {4}, .mode = cubic, .coordinates = tf_half_pixel},
                         third, [=](double o) { return (o + 0.5) / third; }),
      resize_option_case("linear, a size and its scale", x, 2,
                         {.size = {12}, .scale = {1.7}, .mode = bilinear, .coordinates = half_pixel}, 1.7, half(1.7)),
      resize_option_case(
          "crop_and_resize", x, 2,
          {.size = {6}, .mode = bilinear, .coordinates = crop_and_resize, .roi = {0.4, 1.3}, .extrapolation_value = 10},
          6.0 / 7, [](double o) { return 0.4 * 6 + o * 0.9 * 6 / 5; }, true),
      resize_option_case(
          "crop_and_resize backwards", x, 2,
          {.size = {5},
           .coordinates = crop_and_resize,
           .nearest_mode = NearestMode::round_prefer_floor,
           .roi = {0.9, 0.05}},
          5.0 / 7, [](double o) { return 0.9 * 6 - o * 0.85 * 6 / 4; }, true),
      resize_option_case("vector", {67}, 0, {.size = {31}, .mode = cubic, .coordinates = half_pixel}, 31.0 / 67,
                         half(31.0 / 67)),
  };
  return cases;
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
      resize_case("bilinear, twice, align_corners", {2, 8, 5, 7},
                  {.scale = {2}, .mode = bilinear, .align_corners = true}),
      resize_case("bilinear, odd channels", {2, 3, 5, 7}, {.scale = {2}, .mode = bilinear}),
      resize_case("bilinear, to a size", {1, 4, 5, 7}, {.size = {13, 9}, .mode = bilinear}),
      resize_case("bilinear, smaller", {1, 4, 13, 9}, {.size = {5, 7}, .mode = bilinear}),
      resize_case("bilinear, much smaller", {1, 4, 33, 31}, {.size = {3, 4}, .mode = bilinear}),
      resize_case("bilinear, smaller, align_corners", {1, 4, 13, 9},
                  {.size = {5, 7}, .mode = bilinear, .align_corners = true}),
      resize_case("bilinear to one pixel, align_corners", {1, 4, 4, 3},
                  {.size = {1, 1}, .mode = bilinear, .align_corners = true}),
      resize_case("bilinear from one pixel", {1, 4, 1, 1}, {.size = {3, 4}, .mode = bilinear}),
      resize_case("bilinear, scale 1.7", {1, 4, 6, 5}, {.scale = {1.7}, .mode = bilinear}),
      resize_case("bilinear, the same size", {1, 4, 6, 5}, {.size = {6, 5}, .mode = bilinear}),
      resize_case("linear line", {2, 4, 65}, {.scale = {2}, .mode = bilinear}),
      resize_case("trilinear", {1, 4, 3, 4, 5}, {.scale = {2}, .mode = bilinear}),
      resize_case("trilinear, align_corners, odd channels", {1, 3, 3, 4, 5},
                  {.size = {5, 6, 3}, .mode = bilinear, .align_corners = true}),
  };
  for (OpCase& option : resize_option_cases()) cases.push_back(std::move(option));
  add_random_resize_cases(cases);
  return cases;
}

}  // namespace tuff::test
