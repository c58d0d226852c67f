// Sizes, refusals and kernel choice of the convolutions, without a device.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <span>
#include <string>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "base/philox.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/kernel_table.h"
#include "plan/plan.h"

namespace tuff::test {

namespace {

std::int64_t between(PhiloxStream& draws, std::int64_t least, std::int64_t most) {
  return least + draws.below(static_cast<std::uint32_t>(most - least + 1));
}

// Counted: the positions of the dilated kernel inside the padded extent.
std::int64_t counted_positions(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                               std::int64_t dilation) {
  std::int64_t count = 0;
  for (std::int64_t start = -padding; start + dilation * (kernel - 1) < in + padding; start += stride) ++count;
  return count;
}

std::string chosen(const Graph& graph, const char* profile) {
  const Plan plan = lower(graph, pretended_caps(profile), kernel_table());
  return plan.selections.front().kernel;
}

}  // namespace

TEST_CASE("output extents of 1,000 random geometries equal counted positions") {
  PhiloxStream draws(3);
  int refused = 0;
  for (int i = 0; i < 1000; ++i) {
    const int axes = static_cast<int>(between(draws, 1, 3));
    std::vector<std::int64_t> x = {2, 3}, weight = {4, 3};
    ConvAttributes attributes;
    for (int axis = 0; axis < axes; ++axis) {
      x.push_back(between(draws, 1, 40));
      weight.push_back(between(draws, 1, 7));
      attributes.stride.push_back(between(draws, 1, 4));
      attributes.padding.push_back(between(draws, 0, 4));
      attributes.dilation.push_back(between(draws, 1, 3));
    }
    std::vector<std::int64_t> expected;
    bool fits = true;
    for (std::size_t axis = 0; axis < x.size() - 2; ++axis) {
      expected.push_back(counted_positions(x[axis + 2], weight[axis + 2], attributes.stride[axis],
                                           attributes.padding[axis], attributes.dilation[axis]));
      fits = fits && expected.back() > 0;
    }
    Graph graph;
    const Value in = graph.input("x", Shape(x)), with = graph.input("w", Shape(weight), DType::f32, Layout::weight);
    if (!fits) {
      ++refused;
      CHECK_THROWS_AS(conv(in, with, {}, attributes), Error);
      continue;
    }
    const Value y = conv(in, with, {}, attributes);
    expected.insert(expected.begin(), {2, 4});
    CHECK(y.shape() == Shape(expected));

    // The gradient's transposed convolution leads back to x's extents.
    const Value back = gradient(std::span(&y, 1), std::span(&y, 1), std::span(&in, 1)).front();
    CHECK(back.shape() == in.shape());
  }
  CHECK(refused > 0);
  CHECK(refused < 500);
}

TEST_CASE("conv refuses what doesn't fit, naming shapes and cure") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 8, 8});
  const auto weight = [&](const char* name, Shape shape) {
    return graph.input(name, std::move(shape), DType::f32, Layout::weight);
  };
  const Value w = weight("w", {8, 4, 3, 3});
  CHECK_THROWS_WITH_AS(conv(x, weight("three", {8, 3, 3, 3}), {}),
                       "conv: weight 8x3x3x3 with 1 groups takes 3 input channels, input x has 4 (shape 1x4x8x8)",
                       Error);
  CHECK_THROWS_WITH_AS(conv(x, w, graph.input("short", {7})), "conv: bias is f32 7, must be f32 8 for weight 8x4x3x3",
                       Error);
  CHECK_THROWS_AS(conv(x, weight("large", {8, 4, 9, 9}), {}), Error);
  CHECK_THROWS_AS(conv(x, weight("line", {8, 4, 3}), {}), Error);
  CHECK_THROWS_AS(conv(x, graph.input("layout", {8, 4, 3, 3}), {}), Error);
  CHECK_THROWS_AS(conv(x, w, {}, {.stride = {0}}), Error);
  CHECK_THROWS_AS(conv(x, w, {}, {.stride = {1, 1, 1}}), Error);
  CHECK_THROWS_AS(conv(x, w, {}, {.padding = {-1}}), Error);
  CHECK_THROWS_AS(conv(x, weight("groups", {9, 2, 3, 3}), {}, {.groups = 2}), Error);
  const Value t = graph.input("t", {4, 8, 2, 2}, DType::f32, Layout::transposed_weight);
  CHECK_THROWS_AS(conv_transpose(x, t, {}, {.stride = {2}, .output_padding = {2}}), Error);
  CHECK_THROWS_AS(conv_transpose(x, t, {}, {.padding = {5}}), Error);
  CHECK_THROWS_WITH_AS(conv(x, w, {}, {.padding = {1}, .auto_pad = AutoPad::full}),
                       "conv: give padding or auto_pad=full, not both", Error);
  CHECK_THROWS_WITH_AS(conv(x, w, {}, {.output_size = {8}}), "conv: takes no output_size; it follows from the input",
                       Error);
  CHECK_THROWS_WITH_AS(conv_transpose(x, t, {}, {.stride = {2}, .output_size = {18, 16}}),
                       "conv_transpose: output_size 18 can't be reached on spatial axis 0; 16 to 17 can", Error);
  CHECK_THROWS_WITH_AS(conv_transpose(x, t, {}, {.padding_mode = PaddingMode::reflect}),
                       "conv_transpose: padding_mode is reflect, only zeros is defined", Error);
  CHECK_THROWS_AS(conv(x, w, {}, {.padding = {9}, .padding_mode = PaddingMode::circular}), Error);
}

TEST_CASE("kernels of a convolution by device") {
  Graph graph;
  const Value x = graph.input("x", {1, 16, 32, 32});
  graph.output("y", conv(x, graph.input("w", {16, 16, 3, 3}, DType::f32, Layout::weight), {}, {.padding = {1}}));
  CHECK(chosen(graph, "cpu") == "register_blocked");
  CHECK(chosen(graph, "minimal") == "tiled_gemm");
  CHECK(chosen(graph, "discrete") == "tiled_gemm");

  Graph odd;
  const Value ox = odd.input("x", {1, 3, 32, 32});
  odd.output("y", conv(ox, odd.input("w", {16, 3, 3, 3}, DType::f32, Layout::weight), {}, {.padding = {1}}));
  CHECK(chosen(odd, "discrete") == "implicit_gemm");

  Graph grouped;
  const Value gx = grouped.input("x", {1, 16, 32, 32});
  grouped.output(
      "y", conv(gx, grouped.input("w", {16, 1, 3, 3}, DType::f32, Layout::weight), {}, {.padding = {1}, .groups = 16}));
  CHECK(chosen(grouped, "cpu") == "depthwise");
  CHECK(chosen(grouped, "discrete") == "depthwise");
  LowerOptions options;
  options.force["conv"] = "implicit_gemm";
  CHECK_THROWS_AS(lower(grouped, pretended_caps("cpu"), kernel_table(), options), Error);
}

}  // namespace tuff::test
