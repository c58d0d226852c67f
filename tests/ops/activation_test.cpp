#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/error.h"
#include "cases/activation_cases.h"
#include "passes/optimize.h"
#include "support/known_values.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("activation") {
  for (const OpCase& op_case : activation_cases()) check(op_case);
}

TEST_CASE("activation: infinities, NaN and the gradients where slopes change are PyTorch's") {
  const std::map<std::string, Unary> functions = {
      {"prelu", [](Value x) { return prelu(x, x.graph().scalar(0.25f)); }},
      {"elu", [](Value x) { return elu(x, 0.7f); }},
      {"selu", [](Value x) { return selu(x); }},
      {"celu", [](Value x) { return celu(x, 0.7f); }},
      {"gelu", [](Value x) { return gelu(x); }},
      {"gelu_tanh", [](Value x) { return gelu(x, GeluApproximation::tanh); }},
      {"silu", silu},
      {"mish", mish},
      {"hardtanh", [](Value x) { return hardtanh(x); }},
      {"relu6", relu6},
      {"hardsigmoid", [](Value x) { return hardsigmoid(x); }},
      {"hardswish", hardswish},
      {"softplus", [](Value x) { return softplus(x, 1.0f); }},
      {"softplus_sharp", [](Value x) { return softplus(x, 2.0f, 1.0f); }},
      {"logsigmoid", logsigmoid},
      {"softsign", softsign},
      {"tanhshrink", tanhshrink},
      {"softshrink", [](Value x) { return softshrink(x); }},
      {"hardshrink", [](Value x) { return hardshrink(x); }},
      {"threshold", [](Value x) { return threshold(x, 0.5f, -7); }},
  };
  check_known(known_activations(), functions, {kInf, -kInf, 0, -1, 1, 200, -200, 3, -3, 6, 0.5, -0.5});
}

TEST_CASE("activation: an infinite x leaves prelu's slope a finite gradient") {
  Graph graph;
  const Value x = graph.input("x", {3}), weight = graph.input("w", {1});
  graph.output("dw", gradient(sum(prelu(x, weight)), {&weight, 1}).front());
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("x", HostTensor::from_floats({3}, std::vector<float>{INFINITY, -2, 3}));
  executable->write("w", HostTensor::from_floats({1}, std::vector<float>{0.25f}));
  executable->run();
  CHECK(executable->read("dw").floats()[0] == -2);
}

// A value that two of its instructions read isn't fused with them: hardswish's is its input here, which is scaled.
TEST_CASE("activation: each is one kernel, but for those that read something computed twice") {
  const std::set<std::string> twice = {"hardswish", "softplus", "threshold"};
  for (const Named& activation : activations()) {
    INFO(std::string(activation.name));
    Graph graph;
    const Value x = graph.input("x", {2, 3, 4, 4});
    graph.output("y", activation.build({&x, 1}));
    CHECK(optimize(graph)->nodes().size() == (twice.contains(activation.name) ? 2 : 1));
  }
}

TEST_CASE("activation: numbers that make no sense are refused") {
  Graph graph;
  const Value x = graph.input("x", {2, 3, 4});
  CHECK_THROWS_WITH_AS(prelu(x, graph.input("w", {4})), doctest::Contains("must have 1 or 3 elements"), Error);
  CHECK_THROWS_WITH_AS(celu(x, 0), doctest::Contains("celu: alpha is 0"), Error);
  CHECK_THROWS_WITH_AS(softplus(x, 0.0f), doctest::Contains("softplus: beta is 0"), Error);
  CHECK_THROWS_WITH_AS(hardtanh(x, 1, -1), doctest::Contains("min_val 1 is above max_val -1"), Error);
  CHECK_THROWS_WITH_AS(softshrink(x, -1), doctest::Contains("lambd is -1"), Error);
}

}  // namespace tuff::test
