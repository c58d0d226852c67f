// Tuning on the device under test: what it picks, what it rejects, and what a second run knows.
#include "runtime/tuner.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "ops/conv.h"
#include "ops/kernel_table.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "plan/select.h"
#include "runtime/comparison.h"
#include "runtime/compile.h"
#include "support/child.h"
#include "support/files.h"
#include "support/test_device.h"

namespace tuff::test {
namespace {

// All messages of a tuner but the debugging ones.
struct Log {
  std::vector<std::string> warnings, infos;
  LogSink sink() {
    return [this](LogLevel level, const std::string& line) {
      if (level == LogLevel::warning) warnings.push_back(line);
      if (level == LogLevel::info) infos.push_back(line);
    };
  }
};

// x twice through the same convolution, a pool that also gives indices, and an op of one kernel.
std::unique_ptr<Graph> small_net() {
  auto graph = std::make_unique<Graph>();
  Value x = graph->input("x", {1, 16, 24, 20});
  const Value weight = graph->parameter("w", {16, 16, 3, 3}, Initializer::he_normal(144));
  for (int i = 0; i < 2; ++i) x = relu(conv(x, weight, {}, {.padding = {1, 1}}));
  graph->output("y", max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}}).output);
  return graph;
}

HostTensor run(const Graph& graph, const CompileOptions& options) {
  ParameterStore store(test_device(), graph);
  store.initialize(1);
  const auto executable = compile(graph, test_device(), &store, options);
  executable->write("x", random_values({DType::f32, {1, 16, 24, 20}}, 5));
  executable->run();
  return executable->read("y");
}

KernelRequest request_of(const Operation& operation) {
  return {*operation.op, operation.inputs, operation.outputs, test_device().caps()};
}

Operation operation_of(const Graph& graph, std::size_t node) {
  Operation operation{.op = graph.nodes()[node].op};
  for (const std::uint32_t value : graph.nodes()[node].inputs) operation.inputs.push_back(graph.values()[value].type);
  for (const std::uint32_t value : graph.nodes()[node].outputs) operation.outputs.push_back(graph.values()[value].type);
  return operation;
}

}  // namespace

TEST_CASE("tuner: picks kernels that don't refuse and agree, tells how far it is, and measures nothing twice") {
  const TemporaryFolder folder;
  const auto graph = small_net();
  Log log;
  std::vector<std::string> told;
  const TunerOptions options{.measure = true,
                             .cache_folder = folder.path(),
                             .log = log.sink(),
                             .progress = [&](std::size_t operation, std::size_t operations, const std::string& text) {
                               told.push_back(std::to_string(operation) + "/" + std::to_string(operations) + text);
                             }};
  Tuner tuner(test_device(), options);
  const HostTensor tuned = run(*graph, {.tuner = &tuner});
  CHECK(log.warnings.empty());
  REQUIRE(log.infos.size() == 2);
  CHECK(contains(log.infos[0], "tuning "));
  CHECK(contains(log.infos[1], "tuned "));

  const auto lowered = prepared(*graph);
  std::size_t several = 0;
  KernelChoices expected;
  for (std::size_t node = 0; node < lowered->nodes().size(); ++node) {
    const Operation operation = operation_of(*lowered, node);
    const std::string key = operation_key(*lowered, lowered->nodes()[node]);
    const auto candidates = candidates_of(operation, test_device().caps(), kernel_table());
    if (candidates.size() < 2 || expected.contains(key)) continue;
    ++several;
    REQUIRE(tuner.recorded().contains(key));
    const std::string& chosen = tuner.recorded().at(key);
    const auto kernel = std::ranges::find_if(candidates, [&](const Kernel* each) { return each->name == chosen; });
    REQUIRE(kernel != candidates.end());
    CHECK_FALSE((*kernel)->refuses(request_of(operation)));
    expected.emplace(key, (*kernel)->name);
  }
  CHECK(several >= 2);
  CHECK(tuner.measured() == several);
  CHECK(told.size() == several + 1);
  CHECK(told.back() == std::to_string(several) + "/" + std::to_string(several));

  CompileOptions portable;
  for (const auto& [op, row] : kernel_table()) portable.lower.force.emplace(op, row.back().name);
  CHECK(largest_difference({tuned}, {run(*graph, portable)}) <= kernel_tolerance(false));

  const HostTensor again = run(*graph, {.tuner = &tuner});
  CHECK(tuner.measured() == several);
  CHECK(again.data == tuned.data);

  Tuner second(test_device(), options);
  CHECK(run(*graph, {.tuner = &second}).data == tuned.data);
  CHECK(second.measured() == 0);
  CHECK(second.recorded() == tuner.recorded());
  CHECK(log.infos.size() == 2);

  // The cache is of no concern to who doesn't ask for it.
  Tuner silent(test_device(), {.cache_folder = folder.path()});
  CHECK(silent.choose(*lowered).empty());
}

TEST_CASE("tuner: what is recorded comes before what the cache says") {
  const TemporaryFolder folder;
  const auto graph = small_net();
  const auto lowered = prepared(*graph);
  const std::string key = operation_key(*lowered, lowered->nodes()[0]);
  REQUIRE(key.starts_with("conv("));
  Log log;
  ChoiceFile(folder.path(), test_device().description(), test_device().caps()).write({{key, "implicit_gemm"}});
  Tuner cached(test_device(), {.measure = true, .cache_folder = folder.path()});
  run(*graph, {.tuner = &cached});
  CHECK(cached.recorded().at(key) == "implicit_gemm");
  Tuner recorded(test_device(),
                 {.measure = true, .cache_folder = folder.path(), .recorded = {{key, "direct"}}, .log = log.sink()});
  run(*graph, {.tuner = &recorded});
  CHECK(recorded.recorded().at(key) == "direct");
  CHECK(log.warnings.empty());
  // One that isn't there any more: a line, and the usual one.
  Tuner gone(test_device(), {.recorded = {{key, "perfect"}}, .log = log.sink()});
  const HostTensor result = run(*graph, {.tuner = &gone});
  REQUIRE(log.warnings.size() == 1);
  CHECK(contains(log.warnings[0], "perfect of conv (there is no such kernel in this version)"));
  CHECK(result.data == run(*graph, {}).data);
  CHECK(gone.recorded().at(key) != "perfect");
}

namespace {

std::shared_ptr<const Op> other_op;  // what the wrong kernel computes

KernelDispatches emit_portable(const KernelRequest& request) {
  return kernel_table().at("pointwise").back().emit(request);
}

KernelDispatches emit_wrong(const KernelRequest& request) {
  return emit_portable({*other_op, request.inputs, request.outputs, request.caps});
}

template <int count>
KernelDispatches emit_repeatedly(const KernelRequest& request) {
  KernelDispatches emitted = emit_portable(request);
  emitted.dispatches.resize(count, emitted.dispatches.front());
  return emitted;
}

std::optional<std::string> refuse_nothing(const KernelRequest&) {
  return std::nullopt;
}

std::optional<std::string> refuse_all(const KernelRequest&) {
  return "never";
}

// abs(x), and neg(x) as what the wrong kernel computes.
struct OneOperation {
  OneOperation() {
    const Value x = graph.input("x", {1, 8, 128, 128});
    graph.output("y", abs(x));
    Graph other;
    neg(other.input("x", {1, 8, 128, 128}));
    other_op = other.nodes()[0].op;
  }
  Graph graph;
};

}  // namespace

TEST_CASE_FIXTURE(OneOperation, "tuner: a kernel that computes something else is rejected by name, the next is taken") {
  const KernelTable table = {{"pointwise",
                              {{"wrong", refuse_nothing, emit_wrong},
                               {"refused", refuse_all, emit_portable},
                               {"right", refuse_nothing, emit_repeatedly<4>},
                               {"portable", refuse_nothing, emit_repeatedly<40>}}}};
  Log log;
  Tuner tuner(test_device(), {.measure = true, .kernels = &table, .log = log.sink()});
  const KernelChoices& choices = tuner.choose(graph);
  REQUIRE(choices.size() == 1);
  CHECK(choices.begin()->second == "right");
  REQUIRE(log.warnings.size() == 1);
  CHECK(contains(log.warnings[0], "kernel wrong of pointwise("));
  CHECK(contains(log.warnings[0], "right is used"));

  const KernelTable alone = {
      {"pointwise", {{"wrong", refuse_nothing, emit_wrong}, {"portable", refuse_nothing, emit_repeatedly<40>}}}};
  Tuner last(test_device(), {.measure = true, .kernels = &alone});
  CHECK(last.choose(graph).begin()->second == "portable");
}

TEST_CASE_FIXTURE(OneOperation, "tuner: settings are candidates; the usual kernel stays unless another is faster") {
  const KernelTable table = {{"pointwise",
                              {{"tiled", refuse_nothing, emit_repeatedly<12>},
                               {"tiled_twelve", refuse_nothing, emit_repeatedly<12>, true},
                               {"tiled_one", refuse_nothing, emit_portable, true},
                               {"portable", refuse_nothing, emit_repeatedly<40>}}}};
  CHECK(candidates_of(operation_of(graph, 0), test_device().caps(), table).size() == 3);  // one setting does the same
  Tuner tuner(test_device(), {.measure = true, .kernels = &table});
  CHECK(tuner.choose(graph).begin()->second == "tiled_one");
  const KernelTable slower = {{"pointwise",
                               {{"usual", refuse_nothing, emit_repeatedly<2>},
                                {"slow", refuse_nothing, emit_repeatedly<16>},
                                {"portable", refuse_nothing, emit_repeatedly<40>}}}};
  Tuner other(test_device(), {.measure = true, .kernels = &slower});
  CHECK(other.choose(graph).begin()->second == "usual");
  // Nothing to choose, and nothing measured where one asks to stop.
  const KernelTable one = {{"pointwise", {{"portable", refuse_nothing, emit_portable}}}};
  Tuner none(test_device(), {.measure = true, .kernels = &one});
  CHECK(none.choose(graph).empty());
  CHECK(none.measured() == 0);
  Tuner stopped(test_device(), {.measure = true, .kernels = &table, .stop = [] { return true; }});
  CHECK(stopped.choose(graph).empty());
}

}  // namespace tuff::test
