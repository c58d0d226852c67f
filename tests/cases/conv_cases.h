#pragma once

#include <algorithm>

#include "ops/conv.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_conv.h"
#include "support/random_shapes.h"
#include "support/reference_conv.h"

namespace tuff::test {

// The array with its spatial axes reversed.
inline Array mirrored_axes(const Array& array) {
  return generate(array.shape, [&](const Index& index) {
    Index at = index;
    for (std::size_t axis = 2; axis < at.size(); ++axis) at[axis] = array.shape.extents()[axis] - 1 - at[axis];
    return array.data[offset_of(array.shape, at)];
  });
}

inline Array bordered(const Array& x, const std::vector<std::int64_t>& before, const std::vector<std::int64_t>& after,
                      PaddingMode mode) {
  std::vector<std::int64_t> extents = x.shape.extents();
  for (std::size_t a = 0; a < before.size(); ++a) extents[a + 2] += before[a] + after[a];
  return generate(Shape(extents), [&](const Index& index) {
    Index at = index;
    for (std::size_t a = 0; a < before.size(); ++a) {
      const std::int64_t extent = x.shape.extents()[a + 2];
      std::int64_t& i = at[a + 2];
      i -= before[a];
      if (mode == PaddingMode::circular) i = (i + extent) % extent;
      if (mode == PaddingMode::replicate) i = std::clamp<std::int64_t>(i, 0, extent - 1);
      if (mode == PaddingMode::reflect) i = i < 0 ? -i : i >= extent ? 2 * (extent - 1) - i : i;
    }
    return x.data[offset_of(x.shape, at)];
  });
}

// x and weight as PyTorch shapes them.
inline OpCase conv_case(std::string name, const Shape& x, const Shape& weight, const ConvAttributes& attributes = {},
                        bool bias = true) {
  OpCase result{.name = std::move(name),
                .inputs = {{.type = {DType::f32, x}}, {.type = {DType::f32, weight, Layout::weight}}}};
  if (bias) result.inputs.push_back({.type = {DType::f32, Shape{weight[0]}}});
  result.build = [=](Graph&, std::span<const Value> in) {
    return std::vector<Value>{conv(in[0], in[1], bias ? in[2] : Value{}, attributes)};
  };
  result.reference = [=](std::span<const Array> in) {
    return std::vector<Array>{conv_reference(in[0], in[1], bias ? &in[2] : nullptr, attributes)};
  };
  return result;
}

// Options that another way of writing the same explains: `plain` attributes over x with a border of `mode` around it,
// and the weight mirrored where flip_kernel is set.
inline OpCase conv_option_case(std::string name, const Shape& x, const Shape& weight, const ConvAttributes& attributes,
                               const ConvAttributes& plain, std::vector<std::int64_t> before = {},
                               std::vector<std::int64_t> after = {}) {
  OpCase result = conv_case(std::move(name), x, weight, attributes);
  result.reference = [=](std::span<const Array> in) {
    const Array mirrored = attributes.flip_kernel ? mirrored_axes(in[1]) : in[1];
    const Array image = before.empty() ? in[0] : bordered(in[0], before, after, attributes.padding_mode);
    return std::vector<Array>{conv_reference(image, mirrored, &in[2], plain)};
  };
  return result;
}

inline std::vector<OpCase> conv_option_cases() {
  using enum PaddingMode;
  const Shape x{2, 4, 7, 9}, w{4, 4, 3, 3};
  return {
      conv_option_case("same_upper, even kernel", {1, 4, 6, 9}, {4, 4, 4, 2}, {.auto_pad = AutoPad::same_upper},
                       {.padding = {1, 0}, .padding_end = {2, 1}}),
      conv_option_case("same_lower, even kernel", {1, 4, 6, 9}, {4, 4, 4, 2}, {.auto_pad = AutoPad::same_lower},
                       {.padding = {2, 1}, .padding_end = {1, 0}}),
      conv_option_case("same_upper, stride 2", {1, 4, 6, 9}, w, {.stride = {2}, .auto_pad = AutoPad::same_upper},
                       {.stride = {2}, .padding = {0, 1}, .padding_end = {1, 1}}),
      conv_option_case("same, stride beyond the kernel", {1, 4, 6, 9}, {4, 4, 1, 1},
                       {.stride = {3}, .auto_pad = AutoPad::same_lower}, {.stride = {3}}),
      conv_option_case("same, dilation, line", {1, 3, 9}, {5, 3, 2}, {.dilation = {3}, .auto_pad = AutoPad::same_upper},
                       {.padding = {1}, .padding_end = {2}, .dilation = {3}}),
      conv_option_case("full", x, w, {.dilation = {2, 1}, .auto_pad = AutoPad::full},
                       {.padding = {4, 2}, .dilation = {2, 1}}),
      conv_option_case("true convolution", x, {4, 4, 3, 2}, {.padding = {1}, .flip_kernel = true}, {.padding = {1}}),
      conv_option_case("true convolution, line, groups", {1, 4, 9}, {4, 2, 3}, {.groups = 2, .flip_kernel = true},
                       {.groups = 2}),
      conv_option_case("true convolution, volume", {1, 2, 3, 4, 5}, {2, 2, 2, 1, 3}, {.flip_kernel = true}, {}),
      conv_option_case("reflect", x, w, {.padding = {2, 1}, .padding_mode = reflect}, {}, {2, 1}, {2, 1}),
      conv_option_case("replicate, asymmetric", x, w,
                       {.padding = {2, 0}, .padding_end = {0, 3}, .padding_mode = replicate}, {}, {2, 0}, {0, 3}),
      conv_option_case("circular, asymmetric, stride 2", x, w,
                       {.stride = {2}, .padding = {2, 1}, .padding_end = {1, 0}, .padding_mode = circular},
                       {.stride = {2}}, {2, 1}, {1, 0}),
      conv_option_case("circular, same, volume", {1, 2, 3, 4, 5}, {2, 2, 3, 3, 3},
                       {.auto_pad = AutoPad::same_upper, .padding_mode = circular}, {}, {1, 1, 1}, {1, 1, 1}),
  };
}

// Winograd's: channels by 16 for subgroups of 8, by 32 and 64 for those of 16 and 32, where the driver shares loads by
// half as many; at least 32 of its tiles, 4x4 where those fit the image better than 2x2. The cases of the gradients'
// own ops check those.
inline void add_winograd_conv_cases(std::vector<OpCase>& cases) {
  for (OpCase added :
       {conv_case("winograd, even extents", {1, 64, 12, 12}, {64, 64, 3, 3}, {.padding = {1}}),
        conv_case("winograd, odd extents, three blocks of outputs", {2, 32, 9, 15}, {48, 32, 3, 3}, {.padding = {1}}),
        conv_case("winograd, valid, no bias", {1, 48, 14, 13}, {32, 48, 3, 3}, {}, false),
        conv_case("winograd, asymmetric padding, relu", {1, 64, 12, 13}, {32, 64, 3, 3},
                  {.padding = {2, 0}, .padding_end = {0, 1}, .activation = Activation::relu}),
        conv_case("winograd, padding beyond the kernel", {1, 32, 5, 7}, {32, 32, 3, 3}, {.padding = {4, 3}}),
        conv_case("winograd, more channels than a product holds", {1, 208, 11, 12}, {32, 208, 3, 3}, {.padding = {1}}),
        conv_case("winograd, planes of a volume", {2, 32, 3, 6, 7}, {32, 32, 1, 3, 3}, {.padding = {0, 1, 1}}),
        conv_case("planes of a volume, one more at its end", {2, 32, 3, 6, 7}, {32, 32, 1, 3, 3},
                  {.padding = {0, 1, 1}, .padding_end = {1, 1, 1}}),
        conv_case("winograd, several blocks", {2, 32, 66, 65}, {32, 32, 3, 3}, {.padding = {1}}),
        conv_case("winograd 4x4, odd extents", {3, 32, 17, 15}, {48, 32, 3, 3}, {.padding = {1}}),
        conv_case("winograd 4x4, a pixel over", {1, 32, 21, 25}, {32, 32, 3, 3}, {.padding = {1}}),
        conv_case("winograd 4x4, three pixels over, no bias", {1, 32, 25, 29}, {32, 32, 3, 3}, {}, false),
        conv_case("winograd 4x4, asymmetric padding, relu", {1, 64, 23, 26}, {32, 64, 3, 3},
                  {.padding = {2, 0}, .padding_end = {0, 1}, .activation = Activation::relu}),
        conv_case("winograd 4x4, padding beyond the kernel", {1, 32, 18, 19}, {32, 32, 3, 3}, {.padding = {6, 5}}),
        conv_case("winograd 4x4, more channels than a product holds", {1, 160, 22, 24}, {32, 160, 3, 3},
                  {.padding = {1}}),
        conv_case("winograd 4x4, planes of a volume", {2, 32, 3, 8, 11}, {32, 32, 1, 3, 3}, {.padding = {0, 1, 1}}),
        conv_case("winograd 4x4, several blocks", {2, 64, 66, 65}, {64, 64, 3, 3}, {.padding = {1}}),
        // Subgroups of 8: a channel for each lane.
        conv_case("winograd, channels by 8", {1, 40, 12, 12}, {56, 40, 3, 3}, {.padding = {1}}),
        conv_case("winograd 4x4, channels by 8", {2, 56, 17, 18}, {40, 56, 3, 3}, {.padding = {1}}),
        conv_case("winograd, a row in several blocks", {1, 32, 5, 141}, {32, 32, 3, 3}, {.padding = {1}}),
        conv_case("winograd 4x4, a row in several blocks", {1, 32, 10, 270}, {32, 32, 3, 3}, {.padding = {1}})}) {
    added.check_gradient = false;
    cases.push_back(std::move(added));
  }
}

// Weights of 16 channels of 3x3 taps at a time, or of what fits of other kernels; two pixels of a row.
inline void add_weight_stationary_conv_cases(std::vector<OpCase>& cases) {
  for (OpCase added :
       {conv_case("weight_stationary, odd extents", {2, 16, 5, 7}, {32, 16, 3, 3}, {.padding = {1}}),
        conv_case("weight_stationary, two turns, relu", {1, 32, 4, 9}, {16, 32, 3, 3},
                  {.padding = {1}, .activation = Activation::relu}),
        conv_case("weight_stationary, stride and dilation", {1, 16, 9, 14}, {16, 16, 3, 2},
                  {.stride = {2, 3}, .padding = {2, 1}, .dilation = {1, 2}}),
        conv_case("weight_stationary, several workgroups", {1, 16, 21, 67}, {16, 16, 3, 3}, {.padding = {1}}),
        conv_case("weight_stationary, line", {3, 16, 41}, {16, 16, 3}, {.padding = {1}}),
        conv_case("taps far apart in a row", {1, 16, 2, 90}, {16, 16, 1, 2}, {.padding = {0, 3}, .dilation = {1, 70}}),
        conv_case("weight_stationary, one column", {3, 16, 6, 1}, {16, 16, 3, 3}, {.padding = {1}}),
        conv_case("weight_stationary, planes of a volume, uneven padding", {1, 16, 4, 5, 6}, {16, 16, 2, 2, 2},
                  {.padding = {0, 1, 0}, .padding_end = {2, 0, 1}})}) {
    added.check_gradient = false;
    cases.push_back(std::move(added));
  }
}

// Channels by fours, of which the product's tiles take 16 to 128; on a CPU driver chunks of 1 MiB.
inline void add_winograd_tiled_conv_cases(std::vector<OpCase>& cases) {
  for (OpCase added : {conv_case("winograd_tiled, one tile, sigmoid", {1, 4, 4, 3}, {8, 4, 3, 3},
                                 {.padding = {1}, .activation = Activation::sigmoid}),
                       conv_case("winograd_tiled, several chunks, leaky relu", {3, 12, 61, 70}, {20, 12, 3, 3},
                                 {.padding = {1}, .activation = Activation::leaky_relu, .slope = 0.2f}),
                       conv_case("winograd_tiled, valid, no bias", {2, 20, 7, 18}, {36, 20, 3, 3}, {}, false),
                       conv_case("winograd_tiled, full padding", {2, 8, 6, 5}, {12, 8, 3, 3}, {.padding = {2}})}) {
    added.check_gradient = added.inputs[0].type.shape.elements() < 1000;
    cases.push_back(std::move(added));
  }
}

inline void add_random_conv_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("conv");
  for (int i = 0; i < draws.rounds(10, 20); ++i) {
    const RandomConv drawn = random_conv(draws);
    cases.push_back(conv_case(draws.name(to_string(drawn)), drawn.x, drawn.weight, drawn.attributes, draws.coin()));
  }
}

// The kernels' blocks: 4 channels; 4, 8 or 16 pixels; 64 invocations.
inline std::vector<OpCase> conv_cases() {
  std::vector<OpCase> cases = {
      conv_case("3x3 same", {2, 8, 9, 17}, {12, 8, 3, 3}, {.padding = {1}}),
      conv_case("3x3 valid", {1, 4, 10, 19}, {8, 4, 3, 3}),
      conv_case("no bias", {1, 4, 5, 16}, {4, 4, 3, 3}, {.padding = {1}}, false),
      conv_case("one input channel", {2, 1, 8, 32}, {16, 1, 3, 3}, {.padding = {1}}),
      conv_case("one output channel", {1, 16, 6, 33}, {1, 16, 1, 1}),
      conv_case("one of each", {1, 1, 5, 5}, {1, 1, 3, 3}, {.padding = {1}}),
      conv_case("odd channels", {2, 3, 7, 15}, {5, 3, 3, 3}, {.padding = {1}}),
      conv_case("one pixel", {1, 4, 1, 1}, {8, 4, 1, 1}),
      conv_case("one pixel, 3x3", {3, 8, 1, 1}, {4, 8, 3, 3}, {.padding = {1}}),
      conv_case("1x1 stride 2", {1, 8, 9, 9}, {4, 8, 1, 1}, {.stride = {2}}),
      conv_case("2x2 stride 2", {2, 4, 8, 32}, {8, 4, 2, 2}, {.stride = {2}}),
      conv_case("2x2 stride 2, last row and column unread", {1, 4, 7, 9}, {8, 4, 2, 2}, {.stride = {2}}),
      conv_case("3x3 stride 2", {1, 8, 11, 12}, {8, 8, 3, 3}, {.stride = {2}, .padding = {1}}),
      conv_case("3x2 stride 3x2", {1, 4, 10, 11}, {4, 4, 3, 2}, {.stride = {3, 2}, .padding = {2, 1}}),
      conv_case("stride beyond the kernel", {1, 4, 11, 10}, {4, 4, 2, 2}, {.stride = {3}}),
      conv_case("5x5", {1, 4, 8, 13}, {4, 4, 5, 5}, {.padding = {2}}),
      conv_case("7x7 stride 2", {1, 3, 15, 17}, {8, 3, 7, 7}, {.stride = {2}, .padding = {3}}),
      conv_case("1x9", {1, 4, 3, 20}, {4, 4, 1, 9}, {.padding = {0, 4}}),
      conv_case("5x5, long rows", {1, 4, 3, 37}, {4, 4, 5, 5}, {.padding = {2}}),
      conv_case("line, 19 taps", {1, 4, 50}, {4, 4, 19}, {.padding = {9}}),
      conv_case("dilation", {1, 4, 9, 18}, {4, 4, 3, 3}, {.padding = {2}, .dilation = {2}}),
      conv_case("dilation and stride", {1, 4, 13, 15}, {8, 4, 3, 3},
                {.stride = {2}, .padding = {3}, .dilation = {3, 2}}),
      conv_case("padding beyond the kernel", {1, 4, 3, 4}, {4, 4, 2, 2}, {.padding = {3}}),
      conv_case("one output of which the kernel sees little", {1, 4, 1, 2}, {4, 4, 3, 3},
                {.stride = {3}, .padding = {2}}),
      conv_case("groups", {2, 8, 6, 7}, {12, 2, 3, 3}, {.padding = {1}, .groups = 4}),
      conv_case("depthwise", {1, 12, 7, 9}, {12, 1, 3, 3}, {.padding = {1}, .groups = 12}),
      conv_case("depthwise with a multiplier, stride 2", {1, 4, 7, 9}, {8, 1, 3, 3},
                {.stride = {2}, .padding = {1}, .groups = 4}),
      conv_case("depthwise, 4 channels, wide", {1, 4, 5, 35}, {4, 1, 3, 5}, {.padding = {1, 2}, .groups = 4}),
      conv_case("depthwise, dilation, stride 3", {2, 8, 11, 13}, {8, 1, 3, 2},
                {.stride = {3}, .padding = {2}, .dilation = {2}, .groups = 8}),
      conv_case("depthwise volume", {1, 8, 3, 4, 5}, {8, 1, 3, 3, 3}, {.padding = {1}, .groups = 8}),
      conv_case("groups of 8 and 4", {1, 16, 4, 19}, {8, 8, 3, 3}, {.padding = {1}, .groups = 2}),
      conv_case("asymmetric padding", {2, 4, 6, 9}, {8, 4, 3, 4}, {.padding = {0, 3}, .padding_end = {2, 1}}),
      conv_case("asymmetric padding, stride 2, dilation", {1, 3, 8, 9}, {5, 3, 3, 2},
                {.stride = {2}, .padding = {2, 0}, .padding_end = {0, 1}, .dilation = {1, 3}}),
      conv_case("channels of one group and a bit", {1, 17, 4, 16}, {33, 17, 3, 3}, {.padding = {1}}),
      conv_case("many channels", {1, 64, 3, 4}, {68, 64, 3, 3}, {.padding = {1}}),
      conv_case("row of 16 and a bit", {1, 4, 2, 31}, {4, 4, 3, 3}, {.padding = {1}}),
      conv_case("row of 25", {1, 4, 2, 25}, {4, 4, 3, 3}, {.padding = {1}}),
      conv_case("line", {2, 4, 37}, {8, 4, 3}, {.padding = {1}}),
      conv_case("line, stride and dilation", {1, 3, 40}, {4, 3, 5}, {.stride = {3}, .padding = {4}, .dilation = {2}}),
      conv_case("volume", {1, 4, 3, 5, 9}, {4, 4, 3, 3, 3}, {.padding = {1}}),
      conv_case("volume, strides", {2, 2, 5, 4, 6}, {3, 2, 2, 3, 1}, {.stride = {2, 1, 3}, .padding = {1, 1, 0}}),
      conv_case("relu", {1, 4, 5, 16}, {8, 4, 3, 3}, {.padding = {1}, .activation = Activation::relu}),
      conv_case("leaky relu, odd channels", {1, 3, 5, 6}, {5, 3, 3, 3},
                {.activation = Activation::leaky_relu, .slope = 0.1f}),
      conv_case("sigmoid", {1, 8, 4, 5}, {1, 8, 1, 1}, {.activation = Activation::sigmoid}),
      conv_case("tanh without bias", {1, 4, 4, 5}, {4, 4, 3, 3}, {.padding = {1}, .activation = Activation::tanh},
                false),
  };
  for (OpCase& option : conv_option_cases()) cases.push_back(std::move(option));
  add_winograd_conv_cases(cases);
  add_weight_stationary_conv_cases(cases);
  add_winograd_tiled_conv_cases(cases);
  add_random_conv_cases(cases);
  return cases;
}

}  // namespace tuff::test
