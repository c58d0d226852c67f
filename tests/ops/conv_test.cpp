#include <doctest/doctest.h>

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "autodiff/gradient.h"
#include "cases/conv_cases.h"
#include "graph/graph.h"
#include "ops/conv.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/reference_conv.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("conv") {
  for (const OpCase& op_case : conv_cases()) check(op_case);
}

TEST_CASE("conv keeps NaN and infinities where they belong") {
  OpCase special =
      conv_case("special values", {1, 4, 6, 20}, {4, 4, 3, 3}, {.padding = {1}, .activation = Activation::relu});
  Array values({1, 4, 6, 20}, 0.5);
  values.at({0, 1, 0, 0}) = std::numeric_limits<double>::quiet_NaN();
  values.at({0, 2, 5, 19}) = std::numeric_limits<double>::infinity();
  special.inputs[0].values = values;
  special.check_gradient = false;
  special.finite = false;
  check(special);
}

TEST_CASE("conv: Winograd's tiles keep what isn't finite to themselves") {
  for (const std::int64_t tile : {2, 4}) {
    CAPTURE(tile);
    Graph graph;
    const Value x = graph.input("x", {1, 4, 9, 13}),
                weight = graph.input("w", {4, 4, 3, 3}, DType::f32, Layout::weight);
    graph.output("y", conv(x, weight, {}, {.padding = {1}}));
    CompileOptions options;
    options.lower.force["conv"] = fmt::format("winograd_tiled_{0}x{0}", tile);
    const auto executable = compile(graph, test_device(), nullptr, options);
    Array values(x.shape(), 0.5);
    values.at({0, 2, 0, 0}) = std::numeric_limits<double>::quiet_NaN();  // under the first tile alone
    executable->write("x", to_tensor(values, DType::f32));
    executable->write("w", to_tensor(Array(weight.shape(), 0.25), DType::f32));
    executable->run();
    const Array y = to_array(executable->read("y"));
    for (std::int64_t row = 0; row < 9; ++row)
      for (std::int64_t column = 0; column < 13; ++column) {
        const bool reached = row < 2 && column < 2, own = row < tile && column < tile;
        if (reached || !own) CHECK(std::isnan(y.data[static_cast<std::size_t>(row * 13 + column)]) == reached);
      }
  }
}

namespace {

double relative_l2(const Array& actual, const Array& expected) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < expected.data.size(); ++i) {
    error += std::pow(actual.data[i] - expected.data[i], 2);
    norm += std::pow(expected.data[i], 2);
  }
  return std::sqrt(error / norm);
}

Array normal_values(Shape shape, unsigned seed) {
  Array result(std::move(shape));
  std::mt19937 bits(seed);
  std::normal_distribution<double> normal;
  for (double& value : result.data) value = static_cast<float>(normal(bits));
  return result;
}

}  // namespace

// What F(4x4, 3x3) adds to the rounding of a plain sum (docs/kernels.md); its cases above hold for single elements.
TEST_CASE("conv: Winograd's errors, forward and of both gradients, are bounded") {
  const Shape image = {1, 64, 24, 24}, kernel = {64, 64, 3, 3};
  const Array x_values = normal_values(image, 1), weight_values = normal_values(kernel, 2),
              upstream_values = normal_values(image, 3);
  const ConvAttributes attributes = {.padding = {1, 1}};
  const std::vector<Array> expected = {conv_reference(x_values, weight_values, nullptr, attributes),
                                       conv_transpose_reference(upstream_values, weight_values, nullptr, attributes),
                                       conv_weight_gradient_reference(x_values, upstream_values, kernel, attributes)};
  Graph graph;
  const Value x = graph.input("x", image), upstream = graph.input("upstream", image),
              weight = graph.input("weight", kernel, DType::f32, Layout::weight);
  const Value y = conv(x, weight, {}, attributes);
  const std::vector<Value> inputs = {x, weight};
  const std::vector<Value> gradients = gradient(sum(mul(y, upstream)), inputs);
  const std::vector<std::string> names = {"y", "dx", "dw"};
  graph.output("y", y);
  graph.output("dx", gradients[0]);
  graph.output("dw", gradients[1]);

  const auto errors = [&](const std::string& forced) {
    CompileOptions options;
    for (const char* op : {"conv", "conv_transpose", "conv_weight_gradient"}) options.lower.force[op] = forced;
    const auto executable = compile(graph, test_device(), nullptr, options);
    executable->write("x", to_tensor(x_values, DType::f32));
    executable->write("weight", to_tensor(weight_values, DType::f32));
    executable->write("upstream", to_tensor(upstream_values, DType::f32));
    executable->run();
    std::vector<double> result;
    for (std::size_t i = 0; i < names.size(); ++i)
      result.push_back(relative_l2(to_array(executable->read(names[i])), expected[i]));
    return result;
  };
  const DeviceCaps& caps = test_device().caps();
  std::vector<std::string> kernels = {"winograd_tiled_2x2", "winograd_tiled_4x4"};
  if (caps.is_cpu() && caps.int64 && caps.subgroup_broadcast && caps.subgroup_size > 0 && caps.subgroup_size <= 32)
    kernels.insert(kernels.end(), {"winograd", "winograd_4x4"});
  const std::vector<double> plain = errors("direct");
  for (const std::string& forced : kernels) {
    const std::vector<double> winograd = errors(forced);
    for (std::size_t i = 0; i < names.size(); ++i) {
      CAPTURE(forced);
      CAPTURE(names[i]);
      MESSAGE(fmt::format("{}: error {:.2g}, direct {:.2g}", names[i], winograd[i], plain[i]));
      CHECK(winograd[i] < 1e-6);
    }
  }
}

}  // namespace tuff::test
