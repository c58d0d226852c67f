// Of whole numbers whose sums stay below 2^24 every order of adding gives the same float: convolution, matmul and
// reductions give equal bits with every kernel on every device, those of the exact reference. But for Winograd's tiles
// of 4x4, which multiply by fractions: the checker holds them to 1e-5 and counts that, conv_test bounds their errors.
#include <doctest/doctest.h>

#include <array>
#include <type_traits>

#include "cases/conv_cases.h"
#include "cases/conv_transpose_cases.h"
#include "cases/conv_weight_gradient_cases.h"
#include "cases/einsum_cases.h"
#include "cases/matmul_cases.h"
#include "cases/reduce_cases.h"
#include "support/op_check.h"

namespace tuff::test {

namespace {

void check_exactly(OpCase op_case) {
  for (OpInput& input : op_case.inputs)
    if (input.type.dtype == DType::f32) input.fill = Fill::whole;
  op_case.tolerance = 0;
  op_case.check_gradient = false;
  check(op_case);
}

// The activations that keep whole numbers whole.
ConvAttributes exact(ConvAttributes attributes, ShapeDraws& draws) {
  attributes.activation = draws.coin() ? Activation::relu : Activation::none;
  return attributes;
}

}  // namespace

TEST_CASE("exact: conv") {
  ShapeDraws draws("exact conv");
  for (int i = 0; i < draws.rounds(12, 20); ++i) {
    const RandomConv drawn = random_conv(draws);
    check_exactly(conv_case(draws.name(to_string(drawn)), drawn.x, drawn.weight, exact(drawn.attributes, draws)));
  }
}

TEST_CASE("exact: conv_transpose") {
  ShapeDraws draws("exact conv_transpose");
  for (int i = 0; i < draws.rounds(12, 20); ++i) {
    const RandomConv drawn = random_conv_transpose(draws);
    check_exactly(
        conv_transpose_case(draws.name(to_string(drawn)), drawn.x, drawn.weight, exact(drawn.attributes, draws)));
  }
}

TEST_CASE("exact: conv_weight_gradient") {
  for (const OpCase& op_case : conv_weight_gradient_cases()) check_exactly(op_case);
}

TEST_CASE("exact: matmul and einsum") {
  for (const OpCase& op_case : matmul_cases()) check_exactly(op_case);
  for (const OpCase& op_case : einsum_cases()) check_exactly(op_case);
}

TEST_CASE("exact: sum, sum of squares, max, min and l1_norm") {
  static constexpr std::array<std::size_t, 5> kExact = {0, 2, 3, 4, 5};  // of reduce_case's
  const auto pick = [](const auto& all) {
    std::remove_cvref_t<decltype(all)> chosen;
    for (const std::size_t i : kExact) chosen.push_back(all[i]);
    return chosen;
  };
  for (OpCase op_case : reduce_cases()) {
    if (!op_case.name.starts_with("reduce ") && !op_case.name.starts_with("random ")) continue;  // products
    const auto build = op_case.build;
    const auto reference = op_case.reference;
    op_case.build = [=](Graph& graph, std::span<const Value> x) { return pick(build(graph, x)); };
    op_case.reference = [=](std::span<const Array> x) { return pick(reference(x)); };
    check_exactly(op_case);
  }
}

}  // namespace tuff::test
