// Imported models on a device: outputs, gradients, and what never reaches the device.
#include "onnx/session.h"

#include "onnx/model_bytes.h"
#include "support/files.h"
#include "support/test_device.h"

namespace tuff {
namespace {

using test::float_array;
using test::OnnxText;

const Array& named(const std::vector<NamedArray>& arrays, const std::string& name) {
  for (const NamedArray& array : arrays)
    if (array.name == name) return array.array;
  FAIL("nothing is named " << name);
  return arrays.front().array;
}

onnx::RunResult run(const OnnxText& text, const onnx::RunRequest& request) {
  return onnx::run_model(text.parse(), request, []() -> Device& { return test::test_device(); });
}

float first(const Array& array) { return array.as<float>()[0]; }

}  // namespace

TEST_CASE("onnx session: gradients of a weight that two convolutions share add up") {
  OnnxText text;
  text.input("x", ElementType::f32, {1, 1, 1, 1}).output("z", ElementType::f32, {1, 1, 1, 1});
  text.initializer("w", float_array({1, 1, 1, 1}, {2})).initializer("unused", float_array({2}, {1, 1}));
  text.node({.op = "Conv", .inputs = {"x", "w"}, .outputs = {"y"}}).node({.op = "Conv", .inputs = {"y", "w"}, .outputs = {"z"}});
  onnx::RunRequest request{.inputs = {{"x", float_array({1, 1, 1, 1}, {3})}}, .gradients = true};
  onnx::RunResult result = run(text, request);
  CHECK(first(named(result.outputs, "z")) == 12);      // w w x
  CHECK(first(named(result.gradients, "w")) == 12);    // 2 w x
  CHECK(first(named(result.gradients, "x")) == 4);     // w w
  CHECK(named(result.gradients, "unused").as<float>()[1] == 0);
  request.upstream = {{"z", float_array({1, 1, 1, 1}, {0.5f})}};
  result = run(text, request);
  CHECK(first(named(result.gradients, "w")) == 6);
  CHECK(first(named(result.gradients, "x")) == 2);
  request.upstream = {{"no such output", float_array({1}, {1})}};
  CHECK(test::contains(test::error_of([&] { run(text, request); }), "is no output"));
}

TEST_CASE("onnx session: bounds that are parameters have gradients, bounds that are constants none") {
  OnnxText text;
  text.input("x", ElementType::f32, {3}).output("y", ElementType::f32, {3}).initializer("low", float_array({}, {0}));
  text.node({.op = "Clip", .inputs = {"x", "low"}, .outputs = {"y"}});
  const onnx::RunResult result = run(text, {.inputs = {{"x", float_array({3}, {-1, 0, 2})}}, .gradients = true});
  CHECK(named(result.outputs, "y") == float_array({3}, {0, 0, 2}));
  CHECK(named(result.gradients, "x") == float_array({3}, {0, 1, 1}));
  CHECK(named(result.gradients, "low") == float_array({}, {1}));
}

TEST_CASE("onnx session: a model of known numbers needs no device; half floats come back as such") {
  OnnxText text;
  text.input("n", ElementType::i64, {2}).output("m", ElementType::i64, {2});
  text.node({.op = "Mul", .inputs = {"n", "n"}, .outputs = {"m"}});
  const onnx::RunRequest request{.inputs = {{"n", array_of({2}, std::vector<std::int64_t>{3, -4})}}};
  const onnx::RunResult result = onnx::run_model(text.parse(), request, []() -> Device& { throw Error("no device is needed"); });
  CHECK_FALSE(result.on_device);
  CHECK(integers(named(result.outputs, "m")) == std::vector<std::int64_t>{9, 16});

  OnnxText half;
  half.input("x", ElementType::f16, {1}).output("y", ElementType::f16, {1}).output("over", ElementType::boolean, {1});
  half.node({.op = "Add", .inputs = {"x", "x"}, .outputs = {"y"}}).node({.op = "Greater", .inputs = {"y", "x"}, .outputs = {"over"}});
  const onnx::RunResult on_device = run(half, {.inputs = {{"x", convert(float_array({1}, {0.5f}), ElementType::f16)}}});
  CHECK(on_device.on_device);
  CHECK(named(on_device.outputs, "y") == convert(float_array({1}, {1}), ElementType::f16));
  CHECK(named(on_device.outputs, "over").type == ElementType::boolean);
  CHECK(named(on_device.outputs, "over").data[0] == std::byte{1});
}

}  // namespace tuff
