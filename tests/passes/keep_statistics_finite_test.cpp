#include "passes/keep_statistics_finite.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "autodiff/gradient.h"
#include "graph/verify.h"
#include "ops/normalize.h"
#include "ops/reduce.h"
#include "passes/optimize.h"

namespace tuff::test {

TEST_CASE("keep_statistics_finite: of norms with running statistics, and of nothing else") {
  Graph graph;
  const Value x = graph.input("x", {2, 4, 6, 6});
  const Value weight = graph.parameter("weight", {4}, Initializer::constant(1)),
              bias = graph.parameter("bias", {4}, Initializer::constant(0)),
              mean = graph.buffer("mean", {4}, Initializer::constant(0)),
              variance = graph.buffer("variance", {4}, Initializer::constant(1));
  const Value y = batch_norm(group_norm(x, 2, {}, {}), weight, bias, mean, variance, {.training = true}).output;
  const Value loss = sum_of_squares(y);
  graph.output("loss", loss);
  graph.output("gradient", gradient(loss, std::vector<Value>{weight})[0]);
  const std::unique_ptr<Graph> kept = keep_statistics_finite(graph);
  CHECK(verify(*kept).empty());
  REQUIRE(kept->nodes().size() == graph.nodes().size());
  int norms = 0;
  for (std::size_t index = 0; index < graph.nodes().size(); ++index) {
    const Node &before = graph.nodes()[index], &after = kept->nodes()[index];
    CHECK(before.label == after.label);
    const std::string attributes = after.op->attributes();
    const bool running = attributes.ends_with(" finite_running");
    CHECK(running == (before.op->name() == "normalize" && before.inputs.size() == 5));
    CHECK(attributes.starts_with(before.op->attributes()));
    norms += running;
  }
  CHECK(norms == 1);
  CHECK(verify(*optimize(*kept)).empty());
}

}  // namespace tuff::test
