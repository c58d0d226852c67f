#pragma once

#include "cases/conv_cases.h"
#include "ops/conv_transpose.h"
#include "support/op_case.h"
#include "support/random_conv.h"
#include "support/random_shapes.h"
#include "support/reference_conv.h"

namespace tuff::test {

inline OpCase conv_transpose_case(std::string name, const Shape& x, const Shape& weight,
                                  const ConvAttributes& attributes = {}, bool bias = true) {
  OpCase result{.name = std::move(name),
                .inputs = {{.type = {DType::f32, x}}, {.type = {DType::f32, weight, Layout::transposed_weight}}}};
  if (bias) result.inputs.push_back({.type = {DType::f32, Shape{weight[1] * attributes.groups}}});
  result.build = [=](Graph&, std::span<const Value> in) {
    return std::vector<Value>{conv_transpose(in[0], in[1], bias ? in[2] : Value{}, attributes)};
  };
  result.reference = [=](std::span<const Array> in) {
    return std::vector<Array>{conv_transpose_reference(in[0], in[1], bias ? &in[2] : nullptr, attributes)};
  };
  return result;
}

// What output_size and auto_pad come to.
inline std::vector<OpCase> conv_transpose_option_cases() {
  const auto same_as = [](std::string name, const Shape& x, const Shape& weight, const ConvAttributes& attributes,
                          const ConvAttributes& plain) {
    OpCase result = conv_transpose_case(std::move(name), x, weight, attributes);
    result.reference = [=](std::span<const Array> in) {
      return std::vector<Array>{
          conv_transpose_reference(in[0], attributes.flip_kernel ? mirrored_axes(in[1]) : in[1], &in[2], plain)};
    };
    return result;
  };
  const Shape x{1, 4, 5, 6}, w{4, 4, 3, 3};
  return {
      same_as("output_size", x, w, {.stride = {2}, .padding = {1}, .output_size = {10, 11}},
              {.stride = {2}, .padding = {1}, .output_padding = {1, 0}}),
      same_as("same_upper", x, {4, 4, 4, 3}, {.stride = {2}, .auto_pad = AutoPad::same_upper},
              {.stride = {2}, .padding = {1, 0}, .padding_end = {1, 1}}),
      same_as("same_lower", x, {4, 4, 4, 3}, {.stride = {2}, .auto_pad = AutoPad::same_lower},
              {.stride = {2}, .padding = {1, 1}, .padding_end = {1, 0}}),
      same_as("same, stride beyond the kernel", x, {4, 4, 1, 2}, {.stride = {3}, .auto_pad = AutoPad::same_upper},
              {.stride = {3}, .output_padding = {2, 1}}),
      same_as("output_size split by same_lower", x, w,
              {.stride = {3, 2}, .output_size = {12, 10}, .auto_pad = AutoPad::same_lower},
              {.stride = {3, 2}, .padding = {2, 2}, .padding_end = {1, 1}}),
      same_as("output_size beyond what the kernel reaches", {1, 1, 3, 3}, {1, 2, 3, 3},
              {.stride = {3, 2}, .output_size = {10, 8}, .auto_pad = AutoPad::same_lower},
              {.stride = {3, 2}, .output_padding = {1, 1}}),
      same_as("mirrored kernel", x, {4, 4, 3, 2}, {.stride = {2}, .flip_kernel = true}, {.stride = {2}}),
  };
}

inline void add_winograd_conv_transpose_cases(std::vector<OpCase>& cases) {
  for (OpCase added :
       {conv_transpose_case("winograd, odd extents", {2, 32, 9, 15}, {32, 64, 3, 3}, {.padding = {1}}),
        conv_transpose_case("winograd, planes of a volume", {2, 32, 3, 6, 7}, {32, 32, 1, 3, 3},
                            {.padding = {0, 1, 1}}),
        conv_transpose_case("planes of a volume, one less at its end", {2, 32, 3, 6, 7}, {32, 32, 1, 3, 3},
                            {.padding = {0, 1, 1}, .padding_end = {1, 1, 1}}),
        conv_transpose_case("winograd, several blocks, more channels than a product holds", {1, 160, 33, 50},
                            {160, 32, 3, 3}, {.padding = {1}}),
        conv_transpose_case("winograd, full, no bias", {1, 64, 11, 12}, {64, 32, 3, 3}, {}, false),
        conv_transpose_case("winograd, padding beyond the kernel, relu", {1, 32, 15, 16}, {32, 32, 3, 3},
                            {.padding = {3, 4}, .activation = Activation::relu}),
        conv_transpose_case("winograd 4x4, odd extents", {3, 32, 17, 15}, {32, 64, 3, 3}, {.padding = {1}}),
        conv_transpose_case("winograd 4x4, full, no bias, three pixels over", {1, 64, 21, 25}, {64, 32, 3, 3}, {},
                            false),
        conv_transpose_case("winograd 4x4, padding beyond the kernel, relu", {1, 32, 27, 28}, {32, 32, 3, 3},
                            {.padding = {3, 4}, .activation = Activation::relu})}) {
    added.check_gradient = false;
    cases.push_back(std::move(added));
  }
}

// weight_stationary's with a stride: a dispatch for each class of output pixels, channels by 16 for subgroups of 8.
inline void add_strided_conv_transpose_cases(std::vector<OpCase>& cases) {
  for (OpCase added :
       {conv_transpose_case("weight_stationary, 2x2 stride 2, relu", {2, 32, 7, 9}, {32, 16, 2, 2},
                            {.stride = {2}, .activation = Activation::relu}),
        conv_transpose_case("weight_stationary, 3x3 stride 2, uneven classes", {2, 16, 6, 7}, {16, 32, 3, 3},
                            {.stride = {2}, .padding = {1}}),
        conv_transpose_case("weight_stationary, output padding", {1, 16, 5, 21}, {16, 16, 3, 3},
                            {.stride = {2}, .padding = {1}, .output_padding = {1}}),
        conv_transpose_case("weight_stationary, full, no bias", {1, 16, 5, 6}, {16, 16, 4, 3}, {.stride = {2}}, false),
        conv_transpose_case("weight_stationary, mixed strides and dilation", {1, 16, 5, 6}, {16, 16, 3, 4},
                            {.stride = {1, 2}, .padding = {2, 1}, .dilation = {2, 3}}),
        conv_transpose_case("weight_stationary, two turns in one class", {1, 64, 3, 4}, {64, 16, 3, 3},
                            {.stride = {2}, .padding = {1}}),
        conv_transpose_case("weight_stationary, several workgroups", {1, 16, 37, 45}, {16, 32, 2, 2}, {.stride = {2}}),
        conv_transpose_case("weight_stationary, volume, stride 2", {1, 16, 2, 3, 4}, {16, 16, 2, 2, 2},
                            {.stride = {2}}),
        conv_transpose_case("weight_stationary, volume, two taps on each axis", {1, 16, 2, 3, 4}, {16, 16, 3, 3, 3},
                            {.stride = {2}, .padding = {1}}),
        conv_transpose_case("weight_stationary, line, stride 2", {2, 16, 19}, {16, 16, 4},
                            {.stride = {2}, .padding = {1}})}) {
    added.check_gradient = false;
    cases.push_back(std::move(added));
  }
}

inline void add_random_conv_transpose_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("conv_transpose");
  for (int i = 0; i < draws.rounds(10, 20); ++i) {
    const RandomConv drawn = random_conv_transpose(draws);
    cases.push_back(
        conv_transpose_case(draws.name(to_string(drawn)), drawn.x, drawn.weight, drawn.attributes, draws.coin()));
  }
}

inline std::vector<OpCase> conv_transpose_cases() {
  std::vector<OpCase> cases = {
      conv_transpose_case("2x2 stride 2", {2, 8, 5, 9}, {8, 4, 2, 2}, {.stride = {2}}),
      conv_transpose_case("2x2 stride 2, wide", {1, 16, 3, 33}, {16, 8, 2, 2}, {.stride = {2}}),
      conv_transpose_case("no bias, odd channels", {1, 3, 4, 5}, {3, 5, 2, 2}, {.stride = {2}}, false),
      conv_transpose_case("3x3 stride 1", {1, 4, 6, 17}, {4, 8, 3, 3}, {.padding = {1}}),
      conv_transpose_case("3x3 stride 2, output padding", {1, 4, 5, 6}, {4, 4, 3, 3},
                          {.stride = {2}, .padding = {1}, .output_padding = {1}}),
      conv_transpose_case("4x4 stride 2", {1, 4, 5, 6}, {4, 8, 4, 4}, {.stride = {2}, .padding = {1}}),
      conv_transpose_case("stride beyond the kernel", {1, 4, 4, 5}, {4, 4, 2, 2},
                          {.stride = {3}, .output_padding = {2, 1}}),
      conv_transpose_case("mixed strides", {1, 4, 4, 5}, {4, 4, 3, 5}, {.stride = {3, 2}, .padding = {1, 2}}),
      conv_transpose_case("dilation", {1, 4, 5, 6}, {4, 4, 3, 3}, {.padding = {1}, .dilation = {2}}),
      conv_transpose_case("dilation and stride", {1, 4, 5, 6}, {4, 4, 3, 3},
                          {.stride = {2}, .padding = {2}, .dilation = {3, 2}}),
      conv_transpose_case("stride 4, dilation 6", {1, 4, 3, 5}, {4, 4, 1, 3}, {.stride = {1, 4}, .dilation = {1, 6}}),
      conv_transpose_case("one pixel to one", {1, 4, 1, 1}, {4, 8, 1, 1}),
      conv_transpose_case("one output column, stride 2", {1, 4, 3, 1}, {4, 4, 3, 3}, {.stride = {2}, .padding = {1}}),
      conv_transpose_case("groups", {1, 8, 4, 5}, {8, 3, 3, 3}, {.stride = {2}, .padding = {1}, .groups = 4}),
      conv_transpose_case("depthwise", {1, 6, 4, 5}, {6, 1, 2, 2}, {.stride = {2}, .groups = 6}),
      conv_transpose_case("depthwise, 8 channels", {1, 8, 5, 19}, {8, 1, 3, 3},
                          {.stride = {2}, .padding = {1}, .output_padding = {1, 0}, .groups = 8}),
      conv_transpose_case("groups of 4 and 8", {1, 8, 4, 17}, {8, 8, 3, 3}, {.padding = {1}, .groups = 2}),
      conv_transpose_case("asymmetric padding", {1, 4, 5, 6}, {4, 4, 3, 4},
                          {.stride = {2, 1}, .padding = {0, 3}, .padding_end = {2, 1}}),
      conv_transpose_case("line", {2, 4, 19}, {4, 4, 4}, {.stride = {2}, .padding = {1}}),
      conv_transpose_case("volume", {1, 4, 3, 4, 5}, {4, 4, 2, 2, 2}, {.stride = {2}}),
      conv_transpose_case("relu", {1, 4, 4, 5}, {4, 4, 2, 2}, {.stride = {2}, .activation = Activation::relu}),
  };
  for (OpCase& option : conv_transpose_option_cases()) cases.push_back(std::move(option));
  add_winograd_conv_transpose_cases(cases);
  add_strided_conv_transpose_cases(cases);
  add_random_conv_transpose_cases(cases);
  return cases;
}

}  // namespace tuff::test
