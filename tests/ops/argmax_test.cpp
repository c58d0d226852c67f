#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "cases/argmax_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("argmax and argmin") {
  for (const OpCase& op_case : argmax_cases()) check(op_case);
}

TEST_CASE("argmax: NaN wins, infinities count") {
  OpCase op_case = argmax_case({5, 4}, 1, false);
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  Array values(Shape{5, 4});
  values.data = {1,        nan,       5,   nan, -infinity, -infinity, -infinity, -infinity, infinity, 3,
                 infinity, -infinity, nan, 1,   2,         3,         1,         2,         3,        nan};
  op_case.inputs[0].values = values;
  check(op_case);
}

TEST_CASE("argmax without an axis is of the flattened tensor") {
  for (const bool keepdim : {false, true}) {
    OpCase op_case{.name = keepdim ? "flat, keepdim" : "flat"};
    op_case.inputs = {{.type = {DType::f32, {2, 3, 5, 4}}, .fill = Fill::labels, .label_count = 9}};
    op_case.build = [=](Graph&, std::span<const Value> x) {
      return std::vector<Value>{argmax(x[0], {}, keepdim), argmin(x[0], {}, keepdim, true)};
    };
    op_case.reference = [=](std::span<const Array> x) {
      Array flat = x[0];
      flat.shape = Shape{flat.shape.elements()};
      std::vector<Array> all = {argmax_reference(flat, 0, false, false, false),
                                argmax_reference(flat, 0, false, true, true)};
      if (keepdim)
        for (Array& array : all) array.shape = Shape{1, 1, 1, 1};
      return all;
    };
    op_case.tolerance = 0;
    op_case.check_gradient = false;
    check(op_case);
  }
}

TEST_CASE("argmax: hardmax is 1 at the first of the largest") {
  for (const auto& [shape, axis] :
       {std::pair{Shape{4, 6}, -1}, std::pair{Shape{2, 3, 4, 5}, 1}, std::pair{Shape{7}, 0}}) {
    OpCase op_case{.name = "hardmax " + to_string(shape)};
    op_case.inputs = {{.type = {DType::f32, shape}, .fill = Fill::labels, .label_count = 3}};
    op_case.build = [axis = axis](Graph&, std::span<const Value> x) { return std::vector<Value>{hardmax(x[0], axis)}; };
    op_case.reference = [axis = axis](std::span<const Array> x) {
      const int counted = axis < 0 ? axis + x[0].shape.rank() : axis;
      const Array first = argmax_reference(x[0], counted, true, false, false);
      return std::vector<Array>{generate(x[0].shape, [&](Index at) {
        const auto here = static_cast<double>(at[static_cast<std::size_t>(counted)]);
        at[static_cast<std::size_t>(counted)] = 0;
        return first.data[offset_of(first.shape, at)] == here ? 1.0 : 0.0;
      })};
    };
    op_case.tolerance = 0;
    op_case.check_gradient = false;
    check(op_case);
  }
}

TEST_CASE("argmax refuses axes that aren't there and integers") {
  Graph graph;
  CHECK_THROWS_WITH_AS(argmax(graph.input("x", {2, 3}), 2), "argmax: x (f32 2x3) has no axis 2", Error);
  CHECK_THROWS_WITH_AS(argmin(graph.input("y", {2, 3}), -3), "argmin: x (f32 2x3) has no axis -3", Error);
  CHECK_THROWS_AS(argmax(graph.input("i", {2, 3}, DType::i32), 0), Error);
}

}  // namespace tuff::test
