#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <vector>

#include "base/error.h"
#include "cases/pool_cases.h"
#include "ops/reshape.h"
#include "runtime/comparison.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("max_pool") {
  for (const OpCase& op_case : max_pool_cases()) check(op_case);
}

TEST_CASE("avg_pool") {
  for (const OpCase& op_case : avg_pool_cases()) check(op_case);
}

TEST_CASE("pool: lp_pool") {
  for (const OpCase& op_case : lp_pool_cases()) check(op_case);
}

TEST_CASE("pool: global pools") {
  for (const OpCase& op_case : global_pool_cases()) check(op_case);
}

TEST_CASE("pool: a dilated window that sees no element gives minus infinity, index -1 and no gradient") {
  OpCase nothing =
      max_pool_case("between the taps", {1, 4, 1, 1}, {.kernel = {2}, .stride = {1}, .padding = {1}, .dilation = {2}});
  nothing.check_gradient = false;
  check(nothing);
  Graph graph;
  const Value x = graph.input("x", {1, 4, 1, 1});
  CHECK(max_pool(x, {.kernel = {2}, .stride = {1}, .padding = {1}, .dilation = {2}}).output.shape() ==
        Shape{1, 4, 1, 1});
}

TEST_CASE("pool: adaptive pools take equal windows where the sizes allow it") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 6, 9});
  CHECK(graph.producer(adaptive_avg_pool(x, {3}))->op->attributes() ==
        graph.producer(avg_pool(x, {.kernel = {2, 3}}))->op->attributes());
  CHECK(adaptive_max_pool(x, {4, 5}).indices.shape() == Shape{1, 4, 4, 5});
  CHECK_THROWS_WITH_AS(adaptive_avg_pool(x, {0}), "adaptive_avg_pool: output_size is 0x0, must lie between 1 and 65535",
                       Error);
  const Value line = graph.input("line", {1, 1, 1 << 20});
  CHECK_THROWS_WITH_AS(
      adaptive_max_pool(line, {4095}),
      "adaptive_max_pool: axis 2 of x (1x1x1048576) is too long for 4095 windows: their product must stay below 2^31",
      Error);
}

TEST_CASE("max_pool takes the first of equal maxima, minus infinity from padding, and NaN") {
  OpCase ties = max_pool_case("ties", {2, 4, 9, 9}, {.kernel = {3}, .stride = {2}, .padding = {1}});
  ties.inputs[0].fill = Fill::labels;
  ties.check_gradient = false;
  check(ties);
  OpCase special = max_pool_case("special values", {1, 4, 5, 6}, {.kernel = {3}, .stride = {1}, .padding = {1}});
  Array values({1, 4, 5, 6}, -std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < values.data.size(); i += 17) values.data[i] = std::numeric_limits<double>::quiet_NaN();
  values.data[40] = -3;
  special.inputs[0].values = values;
  special.check_gradient = false;
  check(special);
}

TEST_CASE("max_pool: indices that nothing reads are not written, the maxima are the same") {
  const TensorType image{DType::f32, {2, 16, 12, 20}};
  std::vector<std::vector<std::byte>> maxima;
  for (const bool read : {true, false}) {
    Graph graph;
    const MaxPool pooled = max_pool(graph.input("x", image.shape), {.kernel = {2}, .stride = {2}});
    graph.output("y", pooled.output);
    if (read) graph.output("indices", reshape(pooled.indices, {2, 16, 60}));
    const auto executable = compile(graph, test_device(), nullptr);
    std::optional<std::uint32_t> written;
    for (const PlannedDispatch& planned : executable->plan().dispatches)
      if (planned.dispatch.shader.starts_with("pool/max_pool_tiles")) written = planned.dispatch.specialization.back();
    CHECK(written == (read ? 1u : 0u));
    executable->write("x", random_values(image, 1));
    executable->run();
    maxima.push_back(executable->read("y").data);
  }
  CHECK(maxima[0] == maxima[1]);
}

TEST_CASE("pooling refuses windows that don't fit, naming them") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 4, 4});
  CHECK_THROWS_WITH_AS(
      max_pool(x, {.kernel = {5}}),
      "max_pool: x (1x4x4x4) is smaller than the window of kernel=5x5 stride=5x5 padding=0x0 dilation=1x1 "
      "ceil_mode=false count_include_pad=true",
      Error);
  CHECK_THROWS_AS(max_pool(x, {.kernel = {2}, .padding = {2}}), Error);
  CHECK_THROWS_AS(max_pool(x, {.kernel = {2, 2, 2}}), Error);
  CHECK_THROWS_WITH_AS(max_pool(x, {.kernel = {2}, .padding = {0}, .padding_end = {2}}),
                       "max_pool: padding 0x0 and 2x2 must be less than the dilated kernel 2x2", Error);
  CHECK_THROWS_WITH_AS(avg_pool(x, {.padding = {1}, .auto_pad = AutoPad::same_upper}),
                       "avg_pool: auto_pad=same_upper must be same_upper or same_lower, without padding", Error);
  CHECK_THROWS_WITH_AS(avg_pool(x, {.divisor_override = -1}), "avg_pool: divisor_override is -1, must be above 0",
                       Error);
  CHECK_THROWS_WITH_AS(lp_pool(x, {.norm_type = 0}), "lp_pool: norm_type is 0, must be above 0 and finite", Error);
  CHECK_THROWS_AS(max_pool(graph.input("flat", {4, 4})), Error);
}

}  // namespace tuff::test
