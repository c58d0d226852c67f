#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/resize_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("resize") {
  for (const OpCase& op_case : resize_cases()) check(op_case);
}

namespace {

// x of 1x1x3x3, or a line of seven.
void gives(const std::string& name, const ResizeAttributes& attributes, const std::vector<double>& expected,
           bool line) {
  const Shape shape = line ? Shape{1, 1, 7} : Shape{1, 1, 3, 3};
  Array x(shape);
  x.data = line ? std::vector<double>{3, 1, 4, 1, 5, 9, 2} : std::vector<double>{1, 2, 4, 3, 0, -1, 5, 2, 7};
  OpCase golden = resize_case(name, shape, attributes);
  golden.inputs[0].values = x;
  golden.check_gradient = false;
  golden.reference = [=](std::span<const Array>) {
    Graph graph;
    Array y(resize(graph.input("x", shape), attributes).shape());
    REQUIRE(y.data.size() == expected.size());
    y.data = expected;
    return std::vector<Array>{y};
  };
  check(golden);
}

}  // namespace

TEST_CASE("resize gives PyTorch's numbers") {  // of PyTorch 2.13
  using enum ResizeMode;
  gives("bicubic", {.size = {4, 5}, .mode = cubic},
        {0.732883,  1.1963407, 2.1435547, 3.59201,   4.571559,  2.2091954, 1.4964602, 0.5009766, 0.0349456, -0.1326485,
         4.2706175, 2.5459795, 0.5009766, 0.7628388, 1.4134179, 5.4315553, 3.588547,  2.1435547, 5.2511234, 8.0955629},
        false);
  gives("bicubic, align_corners", {.size = {4, 2}, .mode = cubic, .align_corners = true},
        {1, 4, 2.1481481, -0.3148143, 3.851851, 0.9629614, 5, 7}, false);
  gives("bicubic, scale", {.scale = {1.4}, .mode = cubic},
        {0.7390623, 1.3707221, 2.8911958, 4.3935881, 2.0544004, 1.223061, 0.3876525, 0.2594746, 4.0169349, 1.7253348,
         0.000547, 0.5641419, 5.2361541, 2.7346931, 2.9912553, 7},
        false);
  gives("nearest-exact",
        {.size = {2, 5}, .coordinates = ResizeCoordinates::half_pixel, .nearest_mode = NearestMode::round_prefer_ceil},
        {1, 1, 2, 4, 4, 5, 5, 2, 7, 7}, false);
  gives("area", {.size = {2, 2}, .mode = area}, {1.5, 1.25, 2.5, 2}, false);
}

TEST_CASE("resize gives the numbers of ONNX's reference") {  // of onnx 1.23
  using enum ResizeMode;
  using enum ResizeCoordinates;
  gives("exclude_outside", {.scale = {1.5}, .mode = cubic, .coordinates = half_pixel, .exclude_outside = true},
        {3.202703, 1.828571, 1.309028, 3.795139, 2.40625, 1.244216, 4.02662, 8.03125, 8.234357, 2.988286}, true);
  gives("asymmetric, a = -0.5", {.scale = {1.5}, .mode = cubic, .coordinates = asymmetric, .cubic_coeff_a = -0.5},
        {3, 1.370371, 1.851852, 4, 1.703703, 1.814817, 5, 8.481482, 7.222222, 2}, true);
  gives("align_corners", {.scale = {0.6}, .mode = bilinear, .coordinates = align_corners}, {3, 3.625, 4, 4.625}, true);
  gives("half_pixel_symmetric", {.scale = {0.6}, .mode = bilinear, .coordinates = half_pixel_symmetric},
        {2, 3.5, 4.333333, 5.5}, true);
  gives("pytorch_half_pixel", {.size = {1}, .mode = bilinear, .coordinates = pytorch_half_pixel}, {3}, true);
  // The specification's; the reference reads at -0.5.
  gives("pytorch_half_pixel, cubic", {.size = {1}, .mode = cubic, .coordinates = pytorch_half_pixel}, {3}, true);
  gives("antialias", {.scale = {0.6}, .mode = bilinear, .coordinates = half_pixel, .antialias = true},
        {2.25, 2.666667, 4, 5.875}, true);
  gives("antialias, cubic", {.scale = {0.6}, .mode = cubic, .coordinates = half_pixel, .antialias = true},
        {2.219278, 2.300001, 4.115661, 6.306024}, true);
  gives("antialias, cubic, exclude_outside",
        {.scale = {0.6}, .mode = cubic, .coordinates = half_pixel, .antialias = true, .exclude_outside = true},
        {2.17347, 2.30986, 4.115661, 6.127021}, true);
  gives("crop",
        {.size = {5}, .mode = bilinear, .coordinates = crop_and_resize, .roi = {0.4, 1.3}, .extrapolation_value = 10},
        {2.8, 4, 8.3, 10, 10}, true);
  gives("ceil", {.size = {4}, .coordinates = half_pixel, .nearest_mode = NearestMode::ceil}, {1, 1, 5, 2}, true);
  gives("floor", {.size = {10}, .coordinates = half_pixel}, {3, 3, 1, 1, 4, 1, 5, 5, 9, 2}, true);
  gives("round_prefer_floor",
        {.size = {10}, .coordinates = asymmetric, .nearest_mode = NearestMode::round_prefer_floor},
        {3, 1, 1, 4, 1, 1, 5, 9, 2, 2}, true);
  gives("round_prefer_ceil", {.size = {14}, .coordinates = asymmetric, .nearest_mode = NearestMode::round_prefer_ceil},
        {3, 1, 1, 4, 4, 1, 1, 5, 5, 9, 9, 2, 2, 2}, true);
}

TEST_CASE("resize refuses what it can't mean") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 4, 4});
  CHECK_THROWS_AS(resize(x, {}), Error);
  CHECK_THROWS_WITH_AS(resize(x, {.size = {8}, .scale = {3}}), "resize: 8 of 4 elements isn't a scale of 3", Error);
  CHECK_THROWS_AS(resize(x, {.size = {8}, .scale = {2, 2, 2}}), Error);
  CHECK_THROWS_AS(resize(x, {.size = {8, 8, 8}}), Error);
  CHECK_THROWS_AS(resize(x, {.scale = {0.1}}), Error);
  CHECK_THROWS_AS(resize(x, {.size = {8}, .align_corners = true}), Error);
  CHECK_THROWS_WITH_AS(resize(x, {.size = {8}, .antialias = true}),
                       "resize: antialias needs mode bilinear or cubic without align_corners=true, not nearest", Error);
  CHECK_THROWS_WITH_AS(
      resize(x, {.size = {8}, .coordinates = ResizeCoordinates::crop_and_resize}),
      "resize: roi has 0 values; crop_and_resize takes a start and an end for each of 2 axes, other coordinates none",
      Error);
  CHECK_THROWS_WITH_AS(resize(x, {.size = {8}, .axes = {4}}), "resize: x (f32 1x4x4x4) has no axis 4", Error);
  CHECK_THROWS_WITH_AS(resize(x, {.size = {8}, .axes = {2, -2}}), "resize: axis 2 is given twice", Error);
  CHECK_THROWS_AS(resize(x, {.size = {8}, .mode = ResizeMode::area, .axes = {1}}), Error);
  CHECK_THROWS_AS(resize(x, {.scale = {1e18}}), Error);
  CHECK_THROWS_AS(resize(graph.input("flat", {4, 4}), {.scale = {2}}), Error);
}

}  // namespace tuff::test
