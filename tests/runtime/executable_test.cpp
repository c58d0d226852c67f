#include "runtime/executable.h"

#include <doctest/doctest.h>

#include <string_view>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "ops/assign.h"
#include "ops/conv.h"
#include "ops/pack.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "runtime/compile.h"
#include "support/skip.h"
#include "support/test_device.h"

using namespace tuff;
using tuff::test::test_device;

namespace {

HostTensor values(Shape shape, float start) {
  HostTensor tensor(std::move(shape));
  for (std::size_t i = 0; i < tensor.floats().size(); ++i) tensor.floats()[i] = start + static_cast<float>(i);
  return tensor;
}

}  // namespace

TEST_CASE("executable: replays with new inputs; an input that isn't written again keeps its value") {
  Graph graph;
  const Value x = graph.input("x", {2, 3, 4, 5});
  const Value y = graph.input("y", {2, 3, 4, 5});
  graph.output("sum", add(x, y));
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("y", values({2, 3, 4, 5}, 1000));
  for (int run = 0; run < 5; ++run) {
    executable->write("x", values({2, 3, 4, 5}, static_cast<float>(run)));
    executable->run();
    const HostTensor sum = executable->read("sum");
    for (std::size_t i = 0; i < sum.floats().size(); ++i)
      CHECK(sum.floats()[i] == 1000.0f + static_cast<float>(run) + 2 * static_cast<float>(i));
  }
}

TEST_CASE("executable: refuses unknown names, wrong shapes, missing inputs and early reads") {
  Graph graph;
  graph.output("y", relu(graph.input("x", {1, 2})));
  const auto executable = compile(graph, test_device(), nullptr);
  CHECK_THROWS_AS(executable->run(), Error);
  CHECK_THROWS_AS(executable->read("y"), Error);
  CHECK_THROWS_AS(executable->write("z", values({1, 2}, 0)), Error);
  CHECK_THROWS_AS(executable->write("x", values({2, 1}, 0)), Error);
}

TEST_CASE("executable: an output may be an input, a constant or a parameter") {
  Graph graph;
  const Value x = graph.input("x", {3});
  const Value w = graph.parameter("w", {4, 3, 2, 2}, Initializer::constant(2.5f));
  graph.output("x", x);
  graph.output("w", w);
  graph.output("c", graph.constant(values({2, 2, 2, 2}, 7)));
  ParameterStore store(test_device(), graph);
  store.initialize(0);
  const auto executable = compile(graph, test_device(), &store);
  executable->write("x", values({3}, 1));
  executable->run();
  CHECK(executable->read("x").data == values({3}, 1).data);
  CHECK(executable->read("w").floats()[47] == 2.5f);
  CHECK(executable->read("c").data == values({2, 2, 2, 2}, 7).data);
}

TEST_CASE("parameter store: reads what was written, in logical order; initialization depends on the seed alone") {
  Graph graph;
  graph.parameter("a", {4, 3, 2, 2}, Initializer::he_normal(12));
  graph.parameter("b", {5}, Initializer::constant(1));
  graph.buffer("mean", {5}, Initializer::constant(0.25f));
  ParameterStore first(test_device(), graph), second(test_device(), graph);
  first.initialize(1);
  second.initialize(1);
  CHECK(first.read("a").data == second.read("a").data);
  CHECK(first.read("mean").floats()[4] == 0.25f);
  second.initialize(2);
  CHECK(first.read("a").data != second.read("a").data);
  first.write("a", values({4, 3, 2, 2}, 0));
  CHECK(first.read("a").data == values({4, 3, 2, 2}, 0).data);
  first.write("a", values({4, 3, 2, 2}, 9), "adam.m");
  CHECK(first.read("a", "adam.m").data == values({4, 3, 2, 2}, 9).data);
  CHECK(first.read("b", "adam.m").floats()[0] == 0);
  CHECK_THROWS_AS(first.read("c"), Error);
  CHECK_THROWS_AS(first.write("b", values({6}, 0)), Error);
}

TEST_CASE("executable: gradients land in their arena, assign writes the store, state survives between runs") {
  Graph graph;
  const Value w = graph.parameter("w", {3}, Initializer::constant(2));
  const Value b = graph.parameter("b", {3}, Initializer::constant(1));
  const Value x = graph.input("x", {2, 3});
  const Value loss = sum(mul(add(mul(x, w), b), add(mul(x, w), b)));
  const std::vector<Value> parameters = {w, b};
  const std::vector<Value> gradients = gradient(loss, parameters);
  const Value flat = pack(graph, "gradients", gradients, {graph.info(w).source.offset, graph.info(b).source.offset},
                          graph.arena_elements("parameters"));
  const Value all = graph.arena("parameters");
  assign(all, sub(all, mul_scalar(flat, 0.01f)));
  graph.output("loss", loss);

  ParameterStore store(test_device(), graph);
  store.initialize(0);
  const auto executable = compile(graph, test_device(), &store);
  executable->write("x", values({2, 3}, 0.5f));
  double w_expected[3] = {2, 2, 2}, b_expected[3] = {1, 1, 1};
  for (int step = 0; step < 3; ++step) {
    executable->run();
    double loss_expected = 0;
    for (int i = 0; i < 3; ++i) {
      double dw = 0, db = 0;
      for (int n = 0; n < 2; ++n) {
        const double input = 0.5 + n * 3 + i, y = input * w_expected[i] + b_expected[i];
        loss_expected += y * y;
        dw += 2 * y * input;
        db += 2 * y;
      }
      w_expected[i] -= 0.01 * dw;
      b_expected[i] -= 0.01 * db;
    }
    CHECK(executable->read("loss").floats()[0] == doctest::Approx(loss_expected).epsilon(1e-5));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(store.read("w").floats()[i] == doctest::Approx(w_expected[i]).epsilon(1e-4));
    CHECK(store.read("b").floats()[i] == doctest::Approx(b_expected[i]).epsilon(1e-4));
  }
}

TEST_CASE("executable: the bits don't depend on where submissions are cut; a steady state makes nothing new") {
  Graph graph;
  Value x = graph.input("x", {1, 8, 16, 16});
  graph.output("y", sum(exp(mul(x, graph.constant(values({1, 8, 1, 1}, -4)))), {1}));
  HostTensor input(Shape{1, 8, 16, 16});
  for (std::size_t i = 0; i < input.floats().size(); ++i) input.floats()[i] = static_cast<float>(i % 97) * 0.01f;
  const auto run = [&](double budget) {
    CompileOptions options;
    options.execution.submission_budget = budget;
    const auto executable = compile(graph, test_device(), nullptr, options);
    executable->write("x", input);
    executable->run();
    const HostTensor result = executable->read("y");
    const DeviceCounters before = test_device().counters();
    for (int i = 0; i < 4; ++i) {
      executable->write("x", input);
      executable->run();
    }
    executable->wait();
    const DeviceCounters after = test_device().counters();
    CHECK(after.pipelines == before.pipelines);
    CHECK(after.command_buffers == before.command_buffers);
    CHECK(after.allocations == before.allocations);
    CHECK(after.submissions == before.submissions + 4 * executable->submissions_per_run());
    return std::pair(result.data, executable->submissions_per_run());
  };
  const auto [whole, one] = run(1e12);
  const auto [pieces, many] = run(1);
  CHECK(one == 1);
  CHECK(many > one);
  CHECK(whole == pieces);
}

TEST_CASE("executable: a convolution too long for one submission runs in pieces, with the same bits") {
  for (const std::string kernel : {"winograd_4x4", "winograd", "weight_stationary", "register_blocked",
                                   "subgroup_blocked", "winograd_tiled_4x4", "implicit_gemm", "direct"}) {
    CAPTURE(kernel);
    const bool stationary = kernel == "weight_stationary", winograd = kernel == "winograd" || kernel == "winograd_4x4";
    const std::int64_t channels = winograd ? 64 : kernel == "subgroup_blocked" || stationary ? 32 : 12;
    Graph graph;
    const Value x = graph.input("x", {1, channels, 33, 31}),
                weight = graph.input("weight", {channels, channels, 3, 3}, DType::f32, Layout::weight);
    const Value y = conv(x, weight, {}, {.padding = {1, 1}});
    graph.output("y", y);
    const std::vector<Value> inputs = {x, weight};
    const std::vector<Value> gradients = gradient(sum(mul(y, y)), inputs);
    graph.output("dx", gradients[0]);
    graph.output("dw", gradients[1]);
    const auto run = [&](double budget) {
      CompileOptions options;
      options.execution.submission_budget = budget;
      for (const char* op : {"conv", "conv_transpose", "conv_weight_gradient"})
        if (!stationary || op != std::string_view("conv_weight_gradient")) options.lower.force[op] = kernel;
      const auto executable = compile(graph, test_device(), nullptr, options);
      for (const Value input : inputs) {
        HostTensor values(input.shape());
        for (std::size_t i = 0; i < values.floats().size(); ++i)
          values.floats()[i] = static_cast<float>(i * 7 % 31) * 0.05f - 0.7f;
        executable->write(graph.info(input).name, values);
      }
      executable->run();
      std::vector<std::vector<std::byte>> results;
      for (const char* output : {"y", "dx", "dw"}) results.push_back(executable->read(output).data);
      const std::size_t dispatches = executable->plan().dispatches.size();
      CHECK((executable->submissions_per_run() > dispatches) == (budget < 1e6));
      if (test_device().caps().timestamps) CHECK(executable->profile().size() == dispatches);
      return results;
    };
    const DeviceCaps& caps = test_device().caps();
    const bool by_subgroup = winograd || kernel == "subgroup_blocked" || stationary;
    if ((by_subgroup || kernel == "register_blocked") && !caps.is_cpu())
      test::skip(kernel + " is for CPU drivers");
    else if (by_subgroup && (!caps.subgroup_broadcast || caps.subgroup_size == 0 || caps.subgroup_size > 32))
      test::skip(kernel + " needs broadcasts in subgroups of known size, 32 at most");
    else if ((winograd || stationary) && !caps.int64)
      test::skip(kernel + " needs 64-bit integers");
    else if (stationary && (!caps.shared_loads || caps.subgroup_size > 16))
      test::skip(kernel + " needs loads that all lanes share, and subgroups of 16 at most");
    else
      CHECK(run(1e12) == run(1e5));
  }
}
