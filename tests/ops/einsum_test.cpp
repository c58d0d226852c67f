#include <doctest/doctest.h>

#include "base/error.h"
#include "base/philox.h"
#include "cases/einsum_cases.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("einsum") {
  for (const OpCase& op_case : einsum_cases()) check(op_case);
}

TEST_CASE("einsum of integers is exact, in parts too") {
  for (const char* equation : {"mk,kn->mn", "km,kn->mn", "mk,nk->mn"}) {
    const std::string text = equation;
    const Shape x = text[0] == 'm' ? Shape{19, 9001} : Shape{9001, 19},
                y = text[3] == 'k' ? Shape{9001, 21} : Shape{21, 9001};
    OpCase op_case = einsum_case(text.substr(0, 2), text.substr(3, 2), "mn", x, y);
    PhiloxStream draws(7);
    for (OpInput& input : op_case.inputs) {
      input.values = Array(input.type.shape);
      for (double& value : input.values->data) value = static_cast<double>(draws.below(41)) - 20;
    }
    op_case.tolerance = 0;
    op_case.check_gradient = false;
    check(op_case);
  }
}

TEST_CASE("einsum: what stands once is the result, sorted") {
  Graph graph;
  const Value a = graph.input("a", {2, 3}), b = graph.input("b", {3, 4});
  CHECK(einsum("zk, kc", a, b).shape() == Shape{4, 2});
  CHECK(einsum("ij,jk->", a, b).shape() == Shape{});
}

TEST_CASE("einsum: NaN and infinity go where they are multiplied") {
  OpCase op_case = einsum_case("mk", "kn", "mn", {3, 8}, {8, 4});
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Array x({3, 8}, 1), y({8, 4}, 1);
  x.at({0, 2}) = std::numeric_limits<double>::quiet_NaN();
  x.at({1, 7}) = kInfinity;
  y.at({7, 3}) = 0;
  op_case.inputs[0].values = x;
  op_case.inputs[1].values = y;
  op_case.check_gradient = false;
  check(op_case);
}

TEST_CASE("einsum refuses what it can't read or fit") {
  Graph graph;
  const Value a = graph.input("a", {2, 3}), b = graph.input("b", {4, 5});
  CHECK_THROWS_WITH_AS(einsum("ij,jk->ik", a, b),
                       "einsum \"ij,jk->ik\" of f32 2x3 and f32 4x5: the extents 3 and 4 of j differ and neither is 1",
                       Error);
  CHECK_THROWS_WITH_AS(einsum("...j,jk->...k", a, b),
                       "einsum: \"...j,jk->...k\" isn't an equation of two operands such as \"bmk,bkn->bmn\" (letters "
                       "only, no ellipsis)",
                       Error);
  CHECK_THROWS_AS(einsum("ij", a, b), Error);
  CHECK_THROWS_AS(einsum("ii,jk->ik", a, b), Error);
  CHECK_THROWS_AS(einsum("ij,kl->iz", a, b), Error);
  CHECK_THROWS_AS(einsum("ijk,kl->il", a, b), Error);
  CHECK_THROWS_AS(einsum("ij,kl->ijkl", a, graph.input("i", {4, 5}, DType::i32)), Error);
}

}  // namespace tuff::test
