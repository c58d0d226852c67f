// What stays the same from run to run is computed in the first run, and again where the store has been written.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "models/unet.h"
#include "ops/adam.h"
#include "ops/assign.h"
#include "ops/bce_with_logits.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "runtime/comparison.h"
#include "runtime/compile.h"
#include "support/skip.h"
#include "support/test_device.h"
#include "support/test_layer.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

const Shape kImages = {1, 1, 32, 32};

std::unique_ptr<Graph> inference(int base = 16) {
  auto graph = std::make_unique<Graph>();
  const Value x = graph->input("images", kImages);
  graph->output("y", unet(*graph, x, {.base = base, .depth = 2, .norm = NormKind::batch}, false));
  return graph;
}

// Scales, shifts and statistics that are no ones and zeros.
void randomize(ParameterStore& store, std::uint64_t seed) {
  store.initialize(seed);
  std::uint64_t key = seed;
  for (const Variable& variable : store.variables()) {
    if (variable.type.shape.rank() != 1) continue;
    HostTensor values = random_values(variable.type, ++key);
    for (float& value : values.floats()) value = 0.5f + value * value;
    store.write(variable.name, values);
  }
}

HostTensor predict(Executable& executable) {
  executable.write("images", random_values({DType::f32, kImages}, 7));
  executable.run();
  return executable.read("y");
}

}  // namespace

TEST_CASE("setup: once or in each run, in poisoned memory or not, gives the same bits") {
  const auto graph = inference();
  ParameterStore store(test_device(), *graph);
  randomize(store, 1);
  const auto executable = compile(*graph, test_device(), &store);
  CHECK(executable->plan().setup > 0);
  const HostTensor y = predict(*executable);
  CHECK(predict(*executable).data == y.data);
  CompileOptions each;
  each.lower.setup = false;
  const auto every_run = compile(*graph, test_device(), &store, each);
  CHECK(every_run->plan().setup == 0);
  CHECK(predict(*every_run).data == y.data);
  CompileOptions poisoned;
  poisoned.lower.separate_allocations = true;
  poisoned.execution.poison_scratch = true;
  const auto with_nan = compile(*graph, test_device(), &store, poisoned);
  for (int run = 0; run < 2; ++run) CHECK(predict(*with_nan).data == y.data);
  for (const std::uint64_t seed : {1, 2}) {
    CompileOptions shuffled;
    shuffled.shuffle_seed = seed;
    const auto other = compile(*graph, test_device(), &store, shuffled);
    for (int run = 0; run < 2; ++run) CHECK(predict(*other).data == y.data);
  }
}

TEST_CASE("setup: norms in the weights change results by rounding alone") {
  const auto graph = inference();
  ParameterStore store(test_device(), *graph);
  randomize(store, 2);
  CompileOptions as_it_is;
  as_it_is.optimize = false;
  const auto folded = compile(*graph, test_device(), &store), plain = compile(*graph, test_device(), &store, as_it_is);
  CHECK(folded->plan().dispatches.size() - folded->plan().setup < plain->plan().dispatches.size());
  CHECK(largest_difference({predict(*folded)}, {predict(*plain)}) < 2e-5);
}

TEST_CASE("setup: norms in the weights of convolutions of all kinds") {
  struct Kind {
    const char* name;
    bool transposed;
    ConvAttributes attributes;
    std::int64_t inputs;  // channels that a weight takes
  };
  const Kind kinds[] = {{"plain", false, {.padding = {1}}, 8},
                        {"groups", false, {.padding = {1}, .groups = 4}, 2},
                        {"depthwise", false, {.padding = {1}, .groups = 8}, 1},
                        {"reflected", false, {.padding = {1}, .padding_mode = PaddingMode::reflect}, 8},
                        {"mirrored kernel", false, {.padding = {1}, .flip_kernel = true}, 8},
                        {"transposed", true, {.stride = {2}}, 8}};
  for (const Kind& kind : kinds)
    for (const DType storage : {DType::f32, DType::f16}) {
      if (storage == DType::f16 && !test_device().caps().storage_16bit) continue;
      CAPTURE(kind.name);
      CAPTURE(storage == DType::f16);
      Graph graph;
      const Value x = graph.input("images", {1, 8, 9, 11});
      const auto variable = [&](const char* name) { return graph.parameter(name, {8}, {}); };
      const Value bias = variable("bias");
      const Value y = kind.transposed
                          ? conv_transpose(x, graph.parameter("w", {8, 8, 3, 3}, {}, Layout::transposed_weight), bias,
                                           kind.attributes)
                          : conv(x, graph.parameter("w", {8, kind.inputs, 3, 3}, {}), bias, kind.attributes);
      graph.output("y", batch_norm(y, variable("gamma"), variable("beta"), variable("mean"), variable("variance"),
                                   {.training = false})
                            .output);
      ParameterStore store(test_device(), graph);
      randomize(store, 5);
      store.write("w", random_values(store.variable("w").type, 6));
      CompileOptions folded, plain;
      folded.storage = storage;
      plain.optimize = false;
      const auto run = [&](const CompileOptions& options) {
        const auto executable = compile(graph, test_device(), &store, options);
        executable->write("images", random_values(x.type(), 7));
        executable->run();
        return std::vector<HostTensor>{executable->read("y")};
      };
      CHECK(largest_difference(run(folded), run(plain)) < (storage == DType::f16 ? 2e-3 : 1e-6));
    }
}

TEST_CASE("setup: whoever writes the store, the next run knows") {
  const auto graph = inference();
  ParameterStore store(test_device(), *graph);
  randomize(store, 3);
  const auto executable = compile(*graph, test_device(), &store);
  const auto fresh = [&] { return predict(*compile(*graph, test_device(), &store)).data; };
  std::vector<std::byte> before = predict(*executable).data;
  const auto changed = [&](const char* by) {
    INFO(by);
    const std::vector<std::byte> now = predict(*executable).data;
    CHECK(now != before);
    CHECK(now == fresh());
    before = now;
  };
  const std::string scale = "encoder.0.norm1.weight";
  HostTensor values = store.read(scale);
  for (float& value : values.floats()) value *= 2;
  store.write(scale, values);
  changed("one variable");
  std::vector<float> arena = store.read_arena("buffers");
  for (float& value : arena) value += 1;
  store.write_arena("buffers", arena);
  changed("an arena");

  Graph training;
  const Value x = training.input("images", kImages), labels = training.input("labels", kImages);
  const Value state = training.input("step_state", {kStepStateElements});
  const Value y = unet(training, x, {.base = 16, .depth = 2, .norm = NormKind::batch}, true);
  const Value loss = bce_with_logits(y, labels);
  training.output("loss", loss);
  const TrainOptions options;
  add_update(training, loss, state, options);
  const auto step = compile(training, test_device(), &store);
  for (int i = 0; i < 2; ++i) {
    step->write("images", random_values({DType::f32, kImages}, 11));
    step->write("labels", HostTensor(kImages));
    step->write("step_state", step_state_tensor(options, 1e-3, i));
    step->run();
    changed("a training step");
  }
  store.initialize(9);
  changed("a new start");
}

TEST_CASE("setup: is submitted in the first run only") {
  const TestLayer layer("");
  const auto device = Device::open();
  const auto graph = inference();
  ParameterStore store(*device, *graph);
  randomize(store, 4);
  const auto executable = compile(*graph, *device, &store);
  const auto submissions = [&] {
    const TuffTestLayerCounts before = TestLayer::counts();
    predict(*executable);
    return TestLayer::counts().submissions - before.submissions;
  };
  const std::size_t each = executable->submissions_per_run();
  CHECK(submissions() > each);
  CHECK(submissions() == each);
  CHECK(submissions() == each);
  HostTensor values = store.read("encoder.0.norm1.weight");
  store.write("encoder.0.norm1.weight", values);
  CHECK(submissions() > each);
  CHECK(submissions() == each);
}

TEST_CASE("setup: a constant that is stored in each run is stored in each run") {
  Graph graph;
  const Value mean = graph.buffer("mean", {4}, {});
  HostTensor ones(Shape{4});
  for (float& value : ones.floats()) value = 1;
  assign(mean, exp(graph.constant(ones)));
  ParameterStore store(test_device(), graph);
  const auto executable = compile(graph, test_device(), &store);
  for (int run = 0; run < 2; ++run) {
    store.write("mean", HostTensor(Shape{4}));
    executable->run();
    executable->wait();
    CHECK(store.read("mean").floats()[3] == doctest::Approx(2.718281828));
  }
}

TEST_CASE("setup: is told of what profiling writes") {
  Graph training, use;
  const Value mean = training.buffer("mean", {4}, {});
  assign(mean, add(mean, training.input("x", {4})));
  use.output("y", exp(use.buffer("mean", {4}, {})));
  ParameterStore store(test_device(), training);
  const auto writer = compile(training, test_device(), &store), reader = compile(use, test_device(), &store);
  HostTensor ones(Shape{4});
  for (float& value : ones.floats()) value = 1;
  const auto seen = [&] {
    reader->run();
    return reader->read("y").floats()[0];
  };
  CHECK(seen() == 1.0f);
  writer->write("x", ones);
  writer->run();
  CHECK(seen() == doctest::Approx(std::exp(1.0)));
  if (!test_device().caps().timestamps) return skip("needs timestamps");
  writer->profile();
  CHECK(seen() == doctest::Approx(std::exp(2.0)));
  writer->time_run();
  CHECK(seen() == doctest::Approx(std::exp(3.0)));
}

TEST_CASE("setup: where memory is short it runs each time") {
  const auto graph = inference(32);
  const PlannedGraph free = planned(*graph, test_device().caps());
  REQUIRE(free.plan.setup > 0);
  CompileOptions each;
  each.lower.setup = false;
  const PlannedGraph least = planned(*graph, test_device().caps(), each);
  CHECK(least.bytes() < free.bytes());
  CompileOptions limited;
  limited.memory = least.bytes();
  const PlannedGraph fitted = planned(*graph, test_device().caps(), limited);
  CHECK(fitted.plan.setup == 0);
  CHECK(fitted.bytes() <= limited.memory);
  limited.memory = free.bytes();
  CHECK(planned(*graph, test_device().caps(), limited).plan.setup == free.plan.setup);
}

}  // namespace tuff::test
