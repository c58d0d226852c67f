// What import makes of a model: parameters, buffers, constants, nothing more than is needed. No device.
#include "onnx/import.h"

#include <algorithm>

#include "onnx/model_bytes.h"
#include "support/files.h"

namespace tuff {
namespace {

using test::OnnxText;

std::vector<std::string> ops_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes()) names.emplace_back(node.op->name());
  return names;
}

}  // namespace

TEST_CASE("onnx import: shapes are computed while importing, and dynamic extents come from the inputs") {
  OnnxText text;
  text.input("x", ElementType::f32, {-1, 3, -1}).output("y", ElementType::f32, {-1, -1});
  text.initializer("front", array_of({1}, std::vector<std::int64_t>{0}))
      .initializer("rest", array_of({1}, std::vector<std::int64_t>{-1}));
  text.node({.op = "Shape", .inputs = {"x"}, .outputs = {"s"}});
  text.node({.op = "Gather", .inputs = {"s", "front"}, .outputs = {"n"}});
  text.node({.op = "Concat", .inputs = {"n", "rest"}, .outputs = {"to"}, .numbers = {{"axis", 0}}});
  text.node({.op = "Reshape", .inputs = {"x", "to"}, .outputs = {"y"}});
  const onnx::Model model = text.parse();
  for (const std::int64_t batch : {1, 5}) {
    const onnx::Imported net =
        onnx::import_model(model, std::vector<onnx::Feed>{{.name = "x", .shape = {batch, 3, 7}}});
    CHECK(net.outputs.at(0).shape == std::vector<std::int64_t>{batch, 21});
    CHECK(ops_of(*net.graph) == std::vector<std::string>{"reshape"});
    CHECK(net.graph->variables().empty());
  }
  const auto refusal = [&](std::vector<onnx::Feed> feeds) {
    return test::error_of([&] { onnx::import_model(model, feeds); });
  };
  CHECK(test::contains(refusal({}), "\"x\" isn't given"));
  CHECK(test::contains(refusal({{.name = "x", .shape = {1, 4, 7}}}), "the model wants anyx3xany"));
  CHECK(test::contains(refusal({{.name = "x", .shape = {1, 3, 7}}, {.name = "z", .shape = {1}}}), "no input \"z\""));
}

TEST_CASE("onnx import: float initializers are parameters as their readers want them, others constants") {
  OnnxText text;
  text.input("x", ElementType::f32, {1, 2, 4, 4}).output("y", ElementType::f32, {1, 2, 4, 4});
  text.initializer("w", test::float_array({2, 2, 1, 1}, {1, 2, 3, 4}));
  text.initializer("shared", test::float_array({2, 2, 1, 1}, {1, 2, 3, 4}));
  for (const char* name : {"scale", "shift", "mean", "variance"})
    text.initializer(name, test::float_array({2}, {1, 1}));
  text.node({.op = "Conv", .inputs = {"x", "w"}, .outputs = {"a"}});
  text.node({.op = "ConvTranspose", .inputs = {"a", "shared"}, .outputs = {"b"}});
  text.node({.op = "Conv", .inputs = {"b", "shared"}, .outputs = {"c"}});
  text.node({.op = "BatchNormalization", .inputs = {"c", "scale", "shift", "mean", "variance"}, .outputs = {"y"}});
  const onnx::Imported net =
      onnx::import_model(text.parse(), std::vector<onnx::Feed>{{.name = "x", .shape = {1, 2, 4, 4}}});
  const auto variable = [&](const std::string& name) {
    return *std::ranges::find(net.graph->variables(), name, &Variable::name);
  };
  CHECK(net.graph->variables().size() == 6);
  CHECK(variable("w").type.layout == Layout::weight);
  CHECK(variable("shared").type.layout == Layout::transposed_weight);  // the first reader's; the other gets a copy
  CHECK(std::ranges::count(ops_of(*net.graph), "relayout") == 1);
  CHECK(variable("scale").arena == "parameters");
  CHECK(variable("mean").arena == "buffers");
  CHECK(variable("variance").arena == "buffers");
  CHECK(net.variables.at("w").floats()[3] == 4);
}

TEST_CASE("onnx import: numbers that a shape depends on may go through parameters and floats") {
  OnnxText text;  // the length of x times a float initializer, as a size
  text.input("x", ElementType::f32, {-1}).output("y", ElementType::f32, {-1});
  text.initializer("factor", test::float_array({1}, {2}));
  text.node({.op = "Shape", .inputs = {"x"}, .outputs = {"s"}});
  text.node({.op = "Cast", .inputs = {"s"}, .outputs = {"f"}, .numbers = {{"to", 1}}});
  text.node({.op = "Mul", .inputs = {"f", "factor"}, .outputs = {"g"}});
  text.node({.op = "Cast", .inputs = {"g"}, .outputs = {"t"}, .numbers = {{"to", 7}}});
  text.node({.op = "ConstantOfShape", .inputs = {"t"}, .outputs = {"y"}});
  const onnx::Imported net = onnx::import_model(text.parse(), std::vector<onnx::Feed>{{.name = "x", .shape = {3}}});
  REQUIRE(net.outputs.at(0).known.has_value());
  CHECK(net.outputs[0].known->shape == std::vector<std::int64_t>{6});
}

TEST_CASE("onnx import: 64-bit integers and doubles are computed exactly") {
  OnnxText text;
  text.input("a", ElementType::i64, {2})
      .input("b", ElementType::f64, {2})
      .output("c", ElementType::i64, {2})
      .output("d", ElementType::f64, {2});
  text.node({.op = "Add", .inputs = {"a", "a"}, .outputs = {"c"}})
      .node({.op = "Mul", .inputs = {"b", "b"}, .outputs = {"d"}});
  const Array a = array_of({2}, std::vector<std::int64_t>{(std::int64_t{1} << 60) + 1, -7});
  Array b(ElementType::f64, {2});
  b.as<double>()[0] = 1 + 0x1p-40;
  const onnx::Imported net = onnx::import_model(
      text.parse(), std::vector<onnx::Feed>{{.name = "a", .values = &a}, {.name = "b", .values = &b}});
  CHECK(net.outputs.at(0).known->as<std::int64_t>()[0] == (std::int64_t{1} << 61) + 2);
  CHECK(net.outputs.at(1).known->as<double>()[0] == (1 + 0x1p-40) * (1 + 0x1p-40));
  CHECK(net.graph->nodes().empty());
}

TEST_CASE("onnx import: sizes beyond reason are refused before anything is allocated for them") {
  OnnxText text;
  text.input("x", ElementType::f32, {1, 1, 4}).output("y", ElementType::f32, {-1, -1, -1});
  text.initializer("sizes", array_of({3}, std::vector<std::int64_t>{1, 1, std::int64_t{1} << 40}));
  text.node({.op = "Resize", .inputs = {"x", "", "", "sizes"}, .outputs = {"y"}});
  const onnx::Model model = text.parse();
  CHECK(test::contains(test::error_of([&] {
                         onnx::import_model(model, std::vector<onnx::Feed>{{.name = "x", .shape = {1, 1, 4}}});
                       }),
                       "an extent of 1099511627776"));
  OnnxText grid;
  grid.input("theta", ElementType::f32, {1, 2, 3}).output("y", ElementType::f32, {-1, -1, -1, -1});
  grid.initializer("size",
                   array_of({4}, std::vector<std::int64_t>{1, 1, std::int64_t{1} << 20, std::int64_t{1} << 20}));
  grid.node({.op = "AffineGrid", .inputs = {"theta", "size"}, .outputs = {"y"}});
  const onnx::Model affine = grid.parse(20);
  CHECK(test::contains(test::error_of([&] {
                         onnx::import_model(affine, std::vector<onnx::Feed>{{.name = "theta", .shape = {1, 2, 3}}});
                       }),
                       "too large"));
}

}  // namespace tuff
