// Models inside of other graphs: their weights are constants there, and gradients flow through.
#include "onnx/frozen.h"

#include <algorithm>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "onnx/model_bytes.h"
#include "ops/reduce.h"
#include "runtime/compile.h"
#include "support/files.h"
#include "support/test_device.h"

namespace tuff::test {
namespace {

// y = 3 relu(2 x - 1), z = y + 1.
onnx::Model small_model() {
  OnnxText text;
  text.input("x", ElementType::f32, {1, 1, 2, 2}).output("z", ElementType::f32, {1, 1, 2, 2});
  text.initializer("w", float_array({1, 1, 1, 1}, {2})).initializer("b", float_array({1}, {-1}));
  text.initializer("v", float_array({1, 1, 1, 1}, {3})).initializer("one", float_array({1, 1, 1, 1}, {1}));
  text.node({.op = "Conv", .inputs = {"x", "w", "b"}, .outputs = {"a"}});
  text.node({.op = "Relu", .inputs = {"a"}, .outputs = {"r"}});
  text.node({.op = "Conv", .inputs = {"r", "v"}, .outputs = {"y"}});
  text.node({.op = "Add", .inputs = {"y", "one"}, .outputs = {"z"}});
  return text.parse();
}

}  // namespace

TEST_CASE("frozen models: a model is cut where one of its values is computed") {
  const onnx::Model all = onnx::up_to(small_model(), "");
  CHECK(all.nodes.size() == 4);
  const onnx::Model cut = onnx::up_to(small_model(), "r");
  CHECK(cut.nodes.size() == 2);
  CHECK(cut.initializers.size() == 2);
  CHECK(cut.outputs.at(0).name == "r");
  CHECK_THROWS_WITH_AS(onnx::up_to(small_model(), "q"), doctest::Contains("computes no \"q\"; it begins with a, r"),
                       Error);
  CHECK(onnx::image_channels(cut) == 1);
}

TEST_CASE("frozen models: several images of any size, constant weights, a gradient") {
  Graph graph;
  const Shape shape{2, 1, 3, 3};
  const Value first = graph.input("first", shape), second = graph.input("second", shape);
  const std::vector<Value> images = {first, second};
  const std::vector<Value> features = onnx::add_frozen(graph, onnx::up_to(small_model(), "y"), images);
  REQUIRE(features.size() == 2);
  CHECK(graph.variables().empty());
  CHECK(features[0].shape() == shape);
  graph.output("features", features[1]);
  graph.output("slope", gradient(sum(features[0]), std::vector<Value>{first}).front());
  HostTensor x(shape);
  for (std::size_t i = 0; i < x.floats().size(); ++i) x.floats()[i] = 0.1f * static_cast<float>(i) - 0.25f;
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("first", x);
  executable->write("second", x);
  executable->run();
  const HostTensor found = executable->read("features"), slope = executable->read("slope");
  for (std::size_t i = 0; i < x.floats().size(); ++i) {
    const double inner = 2 * static_cast<double>(x.floats()[i]) - 1;
    CHECK(static_cast<double>(found.floats()[i]) == doctest::Approx(3 * std::max(inner, 0.0)).epsilon(1e-5));
    CHECK(slope.floats()[i] == (inner > 0 ? 6.0f : 0.0f));
  }
}

TEST_CASE("frozen models: what takes no single image is refused") {
  OnnxText text;
  text.input("x", ElementType::f32, {1, 4}).output("y", ElementType::f32, {1, 4});
  text.node({.op = "Relu", .inputs = {"x"}, .outputs = {"y"}});
  CHECK_THROWS_WITH_AS(onnx::image_channels(text.parse()), doctest::Contains("has 2 axes"), Error);
}

}  // namespace tuff::test
