#pragma once

#include "ops/conv_weight_gradient.h"
#include "support/op_case.h"
#include "support/random_conv.h"
#include "support/random_shapes.h"
#include "support/reference_conv.h"

namespace tuff::test {

// The output's extents follow from x, weight and attributes.
inline OpCase conv_weight_gradient_case(std::string name, const Shape& x, const Shape& weight,
                                        const ConvAttributes& attributes = {}) {
  std::vector<std::int64_t> upstream = conv_output_size("conv", x, weight, complete("conv", attributes, x.rank() - 2));
  upstream.insert(upstream.begin(), {x[0], weight[0]});
  OpCase result{.name = std::move(name),
                .inputs = {{.type = {DType::f32, x}}, {.type = {DType::f32, Shape(upstream)}}}};
  result.check_gradient = false;  // second derivatives have no gradient rule
  result.build = [=](Graph&, std::span<const Value> in) {
    return std::vector<Value>{conv_weight_gradient(in[0], in[1], weight, attributes)};
  };
  result.reference = [=](std::span<const Array> in) {
    return std::vector<Array>{conv_weight_gradient_reference(in[0], in[1], weight, attributes)};
  };
  return result;
}

inline void add_random_conv_weight_gradient_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("conv_weight_gradient");
  for (int i = 0; i < draws.rounds(10, 20); ++i) {
    RandomConv drawn = random_conv(draws);
    drawn.attributes.activation = Activation::none;
    cases.push_back(conv_weight_gradient_case(draws.name(to_string(drawn)), drawn.x, drawn.weight, drawn.attributes));
  }
}

// conv's and conv_transpose's own gradients cover small shapes; these are longer sums and more parts.
inline std::vector<OpCase> conv_weight_gradient_cases() {
  std::vector<OpCase> cases = {
      conv_weight_gradient_case("many rows", {4, 4, 63, 33}, {4, 4, 3, 3}, {.padding = {1}}),
      conv_weight_gradient_case("one input channel, many rows", {3, 1, 50, 64}, {8, 1, 3, 3}, {.padding = {1}}),
      conv_weight_gradient_case("one output channel", {2, 8, 40, 40}, {1, 8, 1, 1}),
      conv_weight_gradient_case("many weights", {1, 64, 4, 6}, {96, 64, 3, 3}, {.padding = {1}}),
      conv_weight_gradient_case("wide kernel", {1, 2, 5, 40}, {3, 2, 1, 9}, {.padding = {0, 4}}),
      conv_weight_gradient_case("wide kernel, vectors", {2, 8, 70}, {4, 8, 9}, {.padding = {4}}),
      conv_weight_gradient_case("kernel of 16", {1, 4, 40}, {8, 4, 16}, {.padding = {8}}),
      conv_weight_gradient_case("kernel of 17", {1, 4, 40}, {8, 4, 17}, {.padding = {8}}),
      conv_weight_gradient_case("stride 2 over odd extents", {2, 4, 21, 23}, {4, 4, 3, 3},
                                {.stride = {2}, .padding = {1}}),
      conv_weight_gradient_case("groups", {2, 8, 9, 11}, {12, 4, 3, 3}, {.padding = {1}, .groups = 2}),
      conv_weight_gradient_case("depthwise, many rows", {2, 12, 33, 21}, {12, 1, 3, 3}, {.padding = {1}, .groups = 12}),
      conv_weight_gradient_case("depthwise, odd channels, stride 2", {1, 7, 19, 21}, {7, 1, 3, 2},
                                {.stride = {2}, .padding = {1}, .groups = 7}),
      conv_weight_gradient_case("groups of 8 and 4", {1, 16, 9, 11}, {8, 8, 3, 3}, {.padding = {1}, .groups = 2}),
      conv_weight_gradient_case("winograd, odd extents", {3, 32, 9, 15}, {64, 32, 3, 3}, {.padding = {1}}),
      conv_weight_gradient_case("winograd, valid, more channels", {1, 192, 14, 13}, {32, 192, 3, 3}),
      conv_weight_gradient_case("winograd, several chunks", {2, 64, 67, 45}, {32, 64, 3, 3}, {.padding = {1, 2}}),
      conv_weight_gradient_case("winograd, planes of a volume", {2, 32, 3, 6, 7}, {32, 32, 1, 3, 3},
                                {.padding = {0, 1, 1}}),
      conv_weight_gradient_case("winograd 4x4, odd extents, few channels", {3, 16, 17, 15}, {32, 16, 3, 3},
                                {.padding = {1}}),
      conv_weight_gradient_case("winograd 4x4, valid, three pixels over", {1, 32, 25, 29}, {32, 32, 3, 3}),
      conv_weight_gradient_case("winograd 4x4, padding beyond the kernel", {1, 32, 18, 19}, {32, 32, 3, 3},
                                {.padding = {6, 5}}),
      conv_weight_gradient_case("winograd 4x4, several chunks", {2, 64, 66, 65}, {64, 64, 3, 3}, {.padding = {1}}),
      conv_weight_gradient_case("winograd 4x4, several blocks of rows", {2, 32, 66, 65}, {32, 32, 3, 3},
                                {.padding = {1}}),
      // Subgroups of 8: a channel for each lane.
      conv_weight_gradient_case("winograd, channels by 8", {2, 40, 13, 12}, {40, 40, 3, 3}, {.padding = {1}}),
      conv_weight_gradient_case("winograd 4x4, channels by 8", {2, 24, 18, 15}, {40, 24, 3, 3}, {.padding = {1}}),
      conv_weight_gradient_case("winograd, a row in several blocks", {1, 32, 5, 262}, {32, 32, 3, 3}, {.padding = {1}}),
      conv_weight_gradient_case("winograd 4x4, a row in several blocks", {1, 16, 6, 522}, {16, 16, 3, 3},
                                {.padding = {1}}),
      // A CPU driver's chunks are of 1 MiB, of which a part takes up to 1024 tiles.
      conv_weight_gradient_case("winograd_tiled, several chunks and parts", {2, 4, 130, 131}, {8, 4, 3, 3},
                                {.padding = {1}}),
      conv_weight_gradient_case("winograd_tiled, one tile", {1, 8, 3, 4}, {4, 8, 3, 3}),
      conv_weight_gradient_case("planes of a volume, one more at its end", {2, 32, 3, 6, 7}, {32, 32, 1, 3, 3},
                                {.padding = {0, 1, 1}, .padding_end = {1, 1, 1}}),
      conv_weight_gradient_case("volume", {2, 4, 5, 6, 7}, {4, 4, 3, 3, 3}, {.padding = {1}}),
  };
  add_random_conv_weight_gradient_cases(cases);
  return cases;
}

}  // namespace tuff::test
