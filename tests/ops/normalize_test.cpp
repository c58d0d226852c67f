#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "cases/normalize_cases.h"
#include "ops/assign.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("normalize") {
  for (const OpCase& op_case : normalize_cases()) check(op_case);
}

TEST_CASE("statistics keep their digits where the mean is large, and over many pixels") {
  for (const std::int64_t groups : {0, 2}) {
    OpCase offset = normalize_case("offset", {2, 4, 65, 63}, {.groups = groups});
    Array values({2, 4, 65, 63});
    for (std::size_t i = 0; i < values.data.size(); ++i)
      values.data[i] = static_cast<float>(1000 + 0.5 * std::sin(static_cast<double>(i)) + (i % 7 == 0 ? 0.25 : 0));
    offset.inputs[0].values = values;
    offset.build = [groups](Graph&, std::span<const Value> x) {
      const Normalized result = normalize(x[0], {}, {}, {.groups = groups});
      return std::vector<Value>{result.mean, result.variance};
    };
    offset.reference = [groups](std::span<const Array> x) {
      std::vector<Array> all = normalize_reference(x[0], {}, {.groups = groups});
      return std::vector<Array>{all[1], all[2]};
    };
    offset.tolerance = 5e-6;  // E[x^2] - E[x]^2 would be off by 0.4
    offset.check_gradient = false;
    check(offset);
  }
}

TEST_CASE("norms are one op with the right statistics") {
  Graph graph;
  const Value x = graph.input("x", {2, 8, 4, 4});
  const Value weight = graph.input("weight", {8});
  const Value bias = graph.input("bias", {8});
  const auto text = [&](Value value) { return graph.producer(value)->op->attributes(); };
  CHECK(text(group_norm(x, 4, weight, bias)) == "groups=4 eps=1e-05 affine=true activation=none");
  CHECK(text(instance_norm(x)) == "groups=8 eps=1e-05 affine=false activation=none");
  const BatchNorm norm = batch_norm(x, weight, bias, {}, {}, {.training = true});
  CHECK(text(norm.output) == "groups=0 eps=1e-05 affine=true activation=none");
  CHECK(norm.mean.shape() == Shape{8});
  CHECK_THROWS_AS(group_norm(x, 3, weight, bias), Error);
  CHECK_THROWS_AS(group_norm(x, 4, weight, {}), Error);
  CHECK_THROWS_AS(batch_norm(x, weight, bias, {}, {}), Error);
  CHECK_THROWS_AS(normalize(x, {}, {}, {.groups = 2}, weight, bias), Error);
  CHECK_THROWS_AS(normalize(x, {}, {}, {}, weight, {}), Error);
  CHECK_THROWS_AS(batch_norm(graph.input("one", {1, 8, 1, 1}), weight, bias, {}, {}, {.training = true}), Error);
  for (const Shape& shape : {Shape{}, Shape{8}})  // no axis of channels
    CHECK_THROWS_AS(batch_norm(graph.input("rank" + to_string(shape), shape), {}, {}, weight, bias), Error);
  CHECK_THROWS_AS(batch_norm(x, graph.input("w2", {8, 8}), {}, weight, bias), Error);
  CHECK_THROWS_AS(normalize_apply(x, weight, bias, weight, {}, {}), Error);
  CHECK_THROWS_WITH_AS(normalize_apply(x, weight, bias, {}, {}, {.groups = 2}), doctest::Contains("must be f32 2x2"),
                       Error);
  CHECK_THROWS_AS(batch_norm(x, graph.input("w4", {4}), bias, {}, {}, {.training = true}), Error);
}

TEST_CASE("normalize gives the new running statistics") {
  for (const bool affine : {false, true}) {
    const TensorType channels{DType::f32, {6}};
    OpCase running{.name = affine ? "running, affine" : "running"};
    running.inputs = {
        {.type = {DType::f32, {2, 6, 5, 7}}}, {.type = channels}, {.type = channels, .fill = Fill::positive}};
    if (affine) running.inputs.insert(running.inputs.begin() + 1, 2, {.type = channels, .fill = Fill::positive});
    running.build = [=](Graph&, std::span<const Value> x) {
      const Normalized result = normalize(x[0], affine ? x[1] : Value{}, affine ? x[2] : Value{}, {.momentum = 0.25f},
                                          x[x.size() - 2], x[x.size() - 1]);
      return std::vector<Value>{result.output, result.running_mean, result.running_var};
    };
    running.reference = [=](std::span<const Array> x) {
      const std::span<const Array> weights = affine ? x.subspan(1, 2) : std::span<const Array>{};
      const std::vector<Array> batch = normalize_reference(x[0], weights, {});
      return std::vector<Array>{batch[0],
                                generate({6},
                                         [&](const Index& at) {
                                           const auto c = static_cast<std::size_t>(at[0]);
                                           return 0.75 * x[x.size() - 2].data[c] + 0.25 * batch[1].data[c];
                                         }),
                                generate({6}, [&](const Index& at) {
                                  const auto c = static_cast<std::size_t>(at[0]);
                                  return 0.75 * x[x.size() - 1].data[c] + 0.25 * batch[2].data[c] * 70 / 69;
                                })};
    };
    running.check_gradient = false;  // statistics have none
    check(running);
  }
}

TEST_CASE("normalize: with finite_running the statistics of a channel that isn't finite stay as they are") {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const bool finite : {true, false}) {
    Graph graph;
    const Value mean = graph.buffer("mean", {5}, Initializer::constant(3)),
                variance = graph.buffer("variance", {5}, Initializer::constant(2));
    const Normalized result =
        normalize(graph.input("x", {2, 5, 3, 4}), {}, {}, {.momentum = 0.5f, .finite_running = finite}, mean, variance);
    assign(mean, result.running_mean);
    assign(variance, result.running_var);
    ParameterStore store(test_device(), graph);
    store.initialize(0);
    const auto executable = compile(graph, test_device(), &store);
    HostTensor x({2, 5, 3, 4});
    std::ranges::fill(x.floats(), 1.0f);
    x.floats()[0] = infinity;        // channel 0
    x.floats()[2 * 12] = nan;        // channel 2
    x.floats()[3 * 12 + 5] = 1e30f;  // channel 3: its mean is finite, its variance is not
    executable->write("x", x);
    executable->run();
    executable->wait();
    const HostTensor means = store.read("mean"), variances = store.read("variance");
    for (const std::size_t channel : {0, 2, 3}) {
      CAPTURE(channel);
      if (finite) {
        CHECK(means.floats()[channel] == 3);
        CHECK(variances.floats()[channel] == 2);
      } else {
        CHECK_FALSE(std::isfinite(variances.floats()[channel]));
      }
    }
    for (const std::size_t channel : {1, 4}) {
      CHECK(means.floats()[channel] == 2);
      CHECK(variances.floats()[channel] == 1);
    }
  }
}

TEST_CASE("normalize: gradients through the statistics") {
  for (const std::int64_t groups : {0, 1, 2, 6}) {
    for (const bool running : {false, true}) {
      if (running && groups != 0) continue;
      const Shape shape{2, 6, 3, 4};
      OpCase op_case{.name = fmt::format("statistics of {} groups{}", groups, running ? ", running" : "")};
      op_case.inputs = {{.type = {DType::f32, shape}}};
      if (running) op_case.inputs.insert(op_case.inputs.end(), 2, {.type = {DType::f32, {6}}});
      op_case.build = [=](Graph&, std::span<const Value> x) {
        const Normalized result = normalize(x[0], {}, {}, {.groups = groups, .momentum = 0.25f},
                                            running ? x[1] : Value{}, running ? x[2] : Value{});
        std::vector<Value> outputs = {result.output, result.mean, result.variance};
        if (running) outputs.insert(outputs.end(), {result.running_mean, result.running_var});
        return outputs;
      };
      op_case.reference = [=](std::span<const Array> x) {
        std::vector<Array> outputs = normalize_reference(x[0], {}, {.groups = groups});
        if (!running) return outputs;
        Array mean = x[1], variance = x[2];
        for (std::size_t c = 0; c < 6; ++c) {
          mean.data[c] = 0.75 * mean.data[c] + 0.25 * outputs[1].data[c];
          variance.data[c] = 0.75 * variance.data[c] + 0.25 * outputs[2].data[c] * 24 / 23;
        }
        outputs.insert(outputs.end(), {mean, variance});
        return outputs;
      };
      check(op_case);
    }
  }
}

// Inference: stored statistics as inputs, through pointwise ops.
TEST_CASE("batch_norm with running statistics") {
  for (const Shape& shape : {Shape{2, 8, 9, 7}, Shape{9, 6}, Shape{2, 3, 3, 4, 5}}) {
    for (const bool relu : {false, true}) {
      if (relu && shape.rank() != 4) continue;
      OpCase inference{.name = "running statistics " + to_string(shape) + (relu ? ", relu" : "")};
      const TensorType channels{DType::f32, Shape{shape.channels()}};
      inference.inputs = {{.type = {DType::f32, shape}},
                          {.type = channels},
                          {.type = channels},
                          {.type = channels},
                          {.type = channels, .fill = Fill::positive}};
      const auto activation = relu ? NormalizeActivation::relu : NormalizeActivation::none;
      inference.build = [=](Graph&, std::span<const Value> x) {
        return std::vector<Value>{batch_norm(x[0], x[1], x[2], x[3], x[4], {.activation = activation}).output};
      };
      inference.reference = [=](std::span<const Array> x) {
        return std::vector<Array>{generate(shape, [&](const Index& at) {
          const auto c = static_cast<std::size_t>(at[1]);
          const double deviation = std::sqrt(x[4].data[c] + static_cast<double>(1e-5f));
          const double y = (x[0].data[offset_of(shape, at)] - x[3].data[c]) / deviation * x[1].data[c] + x[2].data[c];
          return relu && y <= 0 ? 0.0 : y;
        })};
      };
      check(inference);
    }
  }
}

TEST_CASE("batch_norm in training moves the running statistics as PyTorch does") {
  Graph graph;
  const Shape shape{2, 4, 5, 3};
  const Value x = graph.input("x", shape);
  const Value mean = graph.buffer("running_mean", {4}, Initializer::constant(0));
  const Value variance = graph.buffer("running_var", {4}, Initializer::constant(1));
  graph.output("y", batch_norm(x, {}, {}, mean, variance, {.momentum = 0.25f, .training = true}).output);
  Array values(shape);
  for (std::size_t i = 0; i < values.data.size(); ++i) values.data[i] = static_cast<double>(i * i % 17) - 3;
  ParameterStore store(test_device(), graph);
  store.initialize(0);
  std::unique_ptr<Executable> executable = compile(graph, test_device(), &store);
  executable->write("x", to_tensor(values, DType::f32));
  const std::vector<Array> expected = normalize_reference(values, {}, {});
  Array expected_mean({4}, 0);
  Array expected_variance({4}, 1);
  for (int step = 0; step < 3; ++step) {
    executable->run();
    CHECK(relative_error(to_array(executable->read("y")), expected[0]) < 1e-6);
    for (std::size_t c = 0; c < 4; ++c) {
      expected_mean.data[c] = 0.75 * expected_mean.data[c] + 0.25 * expected[1].data[c];
      expected_variance.data[c] = 0.75 * expected_variance.data[c] + 0.25 * expected[2].data[c] * 30 / 29;
    }
    executable->wait();
    CHECK(relative_error(to_array(store.read("running_mean")), expected_mean) < 1e-6);
    CHECK(relative_error(to_array(store.read("running_var")), expected_variance) < 1e-6);
  }
}

}  // namespace tuff::test
