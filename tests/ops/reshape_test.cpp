#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/reshape_cases.h"
#include "ops/assign.h"
#include "ops/kernel_table.h"
#include "ops/pointwise.h"
#include "plan/plan.h"
#include "support/op_check.h"

namespace tuff::test {

namespace {

bool is_view(Graph& graph, Value value) {
  return graph.producer(value)->op->name() == "view";
}

}  // namespace

TEST_CASE("reshape: logical order stays") {
  for (const OpCase& op_case : reshape_cases()) check(op_case);
}

TEST_CASE("reshape keeps the bits of integers") {
  for (OpCase integers : {reshape_case({2, 3, 4, 5}, {2, 60}), reshape_case({4, 9, 10}, {6, 4, 15})}) {
    integers.inputs[0].type.dtype = DType::i32;
    integers.inputs[0].fill = Fill::labels;
    integers.inputs[0].label_count = 1 << 30;
    check(integers);
  }
}

TEST_CASE("reshape: no copy where memory orders agree") {
  Graph graph;
  const Value x = graph.input("x", {2, 8, 4, 6});
  CHECK(is_view(graph, reshape(x, {2, 8, -1})));
  CHECK(is_view(graph, reshape(x, {2, 8, 2, 3, 4})));
  CHECK(is_view(graph, reshape(graph.input("pooled", {2, 8, 1, 1}), {2, 8})));
  CHECK(is_view(graph, reshape(graph.input("gray", {5, 1, 4, 6}), {5, 24})));
  CHECK(is_view(graph, reshape(graph.input("rows", {5, 24}), {120})));
  CHECK_FALSE(is_view(graph, reshape(x, {2, 192})));
  CHECK_FALSE(is_view(graph, reshape(x, {16, 24})));
  CHECK(reshape(x, {2, 8, 4, 6}) == x);
}

TEST_CASE("reshape: one extent is found, others must fit") {
  Graph graph;
  const Value x = graph.input("x", {2, 3, 4, 5});
  CHECK(reshape(x, {-1, 6}).shape() == Shape{20, 6});
  CHECK(reshape(x, {120, -1}).shape() == Shape{120, 1});
  CHECK_THROWS_WITH_AS(reshape(x, {2, 59}), "reshape: x (f32 2x3x4x5) has 120 elements, shape 2x59 has 118", Error);
  CHECK_THROWS_WITH_AS(reshape(x, {7, -1}),
                       "reshape: x (f32 2x3x4x5) has 120 elements, no multiple of the 7 of shape 7x-1", Error);
  CHECK_THROWS_WITH_AS(reshape(x, {-1, 2, -1}), "reshape: shape -1x2x-1 of x (f32 2x3x4x5) has more than one -1",
                       Error);
  CHECK_THROWS_AS(reshape(x, {0, -1}), Error);
}

TEST_CASE("reshape: flatten, squeeze and unsqueeze") {
  Graph graph;
  const Value x = graph.input("x", {2, 1, 4, 1, 5});
  CHECK(flatten(x).shape() == Shape{40});
  CHECK(flatten(x, 1).shape() == Shape{2, 20});
  CHECK(flatten(x, 1, -2).shape() == Shape{2, 4, 5});
  CHECK(flatten(x, 2, 2) == x);
  CHECK(flatten(graph.scalar(1)).shape() == Shape{1});
  CHECK(squeeze(x).shape() == Shape{2, 4, 5});
  CHECK(squeeze(x, {1}).shape() == Shape{2, 4, 1, 5});
  CHECK(squeeze(x, {0, -2}).shape() == Shape{2, 1, 4, 5});
  CHECK(unsqueeze(x, 0).shape() == Shape{1, 2, 1, 4, 1, 5});
  CHECK(unsqueeze(x, -1).shape() == Shape{2, 1, 4, 1, 5, 1});
  CHECK(unsqueeze(graph.scalar(1), 0).shape() == Shape{1});
  CHECK_THROWS_WITH_AS(flatten(x, 3, 1), "flatten: start_dim 3 of x (f32 2x1x4x1x5) lies behind end_dim 1", Error);
  CHECK_THROWS_WITH_AS(flatten(x, 5), "flatten: axis 5 of x (f32 2x1x4x1x5) must lie between -5 and 4", Error);
  CHECK_THROWS_AS(squeeze(x, {5}), Error);
  CHECK_THROWS_AS(unsqueeze(x, 7), Error);
}

// A view of a variable is read after the node whose result the variable is to take.
TEST_CASE("reshape: a view of a variable keeps its old contents for later readers") {
  Graph graph;
  const Value mean = graph.buffer("mean", {6}, Initializer::constant(1));
  const Value seen = reshape(mean, {2, 3});
  const Value next = add_scalar(graph.input("x", {6}), 1);
  graph.output("read", mul(seen, reshape(next, {2, 3})));
  assign(mean, next);
  const Plan plan = lower(graph, pretended_caps("cpu"), kernel_table());
  const std::uint32_t written = plan.values[next.id()].segment;
  CHECK(plan.segments[written].kind == Segment::Kind::scratch);
  CHECK(find_hazards(plan).empty());
}

TEST_CASE("reshape: view_as takes types of the same size only") {
  Graph graph;
  const Value x = graph.input("x", {2, 3, 4});
  CHECK(view_as(x, {DType::f32, {2, 12}}).shape() == Shape{2, 12});
  CHECK_THROWS_WITH_AS(view_as(x, {DType::f32, {5, 5}}), "view: f32 5x5 doesn't fit the memory of f32 2x3x4", Error);
  CHECK_THROWS_AS(view_as(x, {DType::i32, {2, 12}}), Error);
}

}  // namespace tuff::test
