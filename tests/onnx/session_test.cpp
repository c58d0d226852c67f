// Imported models on a device: outputs, gradients, and what never reaches the device.
#include "onnx/session.h"

#include <algorithm>
#include <cmath>

#include "onnx/model_bytes.h"
#include "support/files.h"
#include "support/test_device.h"

namespace tuff {
namespace {

using test::float_array;
using test::NodeText;
using test::OnnxText;

const Array& named(const std::vector<NamedArray>& arrays, const std::string& name) {
  for (const NamedArray& array : arrays)
    if (array.name == name) return array.array;
  FAIL("nothing is named " << name);
  return arrays.front().array;
}

onnx::RunResult run(const OnnxText& text, const onnx::RunRequest& request, std::int64_t opset = 17) {
  return onnx::run_model(text.parse(opset), request, []() -> Device& { return test::test_device(); });
}

float first(const Array& array) {
  return array.as<float>()[0];
}

Array int_array(std::vector<std::int64_t> values) {
  return array_of({std::ssize(values)}, values);
}

// Of x (2x8), whose largest elements are at 7 and 2: "i", computed on the device.
OnnxText with_computed_integers() {
  OnnxText text;
  text.input("x", ElementType::f32, {2, 8});
  text.node({.op = "ArgMax", .inputs = {"x"}, .outputs = {"i"}, .numbers = {{"axis", 1}, {"keepdims", 0}}});
  return text;
}

onnx::RunRequest computed_integers() {
  return {.inputs = {{"x", float_array({2, 8}, {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 9, 2, 3, 4, 5, 6})}}};
}

void expect_integers(const onnx::RunResult& result, const std::string& name,
                     const std::vector<std::int64_t>& expected) {
  CAPTURE(name);
  CHECK(integers(named(result.outputs, name)) == expected);
}

}  // namespace

TEST_CASE("onnx session: gradients of a weight that two convolutions share add up") {
  OnnxText text;
  text.input("x", ElementType::f32, {1, 1, 1, 1}).output("z", ElementType::f32, {1, 1, 1, 1});
  text.initializer("w", float_array({1, 1, 1, 1}, {2})).initializer("unused", float_array({2}, {1, 1}));
  text.node({.op = "Conv", .inputs = {"x", "w"}, .outputs = {"y"}})
      .node({.op = "Conv", .inputs = {"y", "w"}, .outputs = {"z"}});
  onnx::RunRequest request{.inputs = {{"x", float_array({1, 1, 1, 1}, {3})}}, .gradients = true};
  onnx::RunResult result = run(text, request);
  CHECK(first(named(result.outputs, "z")) == 12);    // w w x
  CHECK(first(named(result.gradients, "w")) == 12);  // 2 w x
  CHECK(first(named(result.gradients, "x")) == 4);   // w w
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
  const onnx::RunResult result =
      onnx::run_model(text.parse(), request, []() -> Device& { throw Error("no device is needed"); });
  CHECK_FALSE(result.on_device);
  CHECK(integers(named(result.outputs, "m")) == std::vector<std::int64_t>{9, 16});

  OnnxText half;
  half.input("x", ElementType::f16, {1}).output("y", ElementType::f16, {1}).output("over", ElementType::boolean, {1});
  half.node({.op = "Add", .inputs = {"x", "x"}, .outputs = {"y"}})
      .node({.op = "Greater", .inputs = {"y", "x"}, .outputs = {"over"}});
  const onnx::RunResult on_device = run(half, {.inputs = {{"x", convert(float_array({1}, {0.5f}), ElementType::f16)}}});
  CHECK(on_device.on_device);
  CHECK(named(on_device.outputs, "y") == convert(float_array({1}, {1}), ElementType::f16));
  CHECK(named(on_device.outputs, "over").type == ElementType::boolean);
  CHECK(named(on_device.outputs, "over").data[0] == std::byte{1});
}

TEST_CASE("onnx session: integers that the device computes stay whole") {
  OnnxText text = with_computed_integers();
  text.initializer("two", int_array({2})).initializer("three", int_array({3})).initializer("halves", int_array({3, 1}));
  text.initializer("large", int_array({(1 << 24) - 1, (1 << 24) - 2}));
  text.output("real", ElementType::f32, {2}).output("equal", ElementType::boolean, {2});
  for (const char* name : {"even", "below half", "part", "cube", "power"}) text.output(name, ElementType::i64, {2});
  for (const char* name : {"mean", "norm"}) text.output(name, ElementType::i64, {});
  text.node({.op = "Div", .inputs = {"i", "two"}, .outputs = {"half"}});
  text.node({.op = "Cast", .inputs = {"half"}, .outputs = {"real"}, .numbers = {{"to", 1}}});
  text.node({.op = "Mul", .inputs = {"half", "two"}, .outputs = {"even"}});
  text.node({.op = "Equal", .inputs = {"half", "halves"}, .outputs = {"equal"}});
  text.node({.op = "Neg", .inputs = {"i"}, .outputs = {"below"}});
  text.node({.op = "Div", .inputs = {"below", "two"}, .outputs = {"below half"}});
  text.node({.op = "Div", .inputs = {"large", "i"}, .outputs = {"part"}});
  text.node({.op = "ReduceMean", .inputs = {"i"}, .outputs = {"mean"}, .numbers = {{"keepdims", 0}}});
  text.node({.op = "ReduceL2", .inputs = {"i"}, .outputs = {"norm"}, .numbers = {{"keepdims", 0}}});
  text.node({.op = "Pow", .inputs = {"i", "three"}, .outputs = {"cube"}});
  text.node({.op = "Pow", .inputs = {"two", "i"}, .outputs = {"power"}});
  const onnx::RunResult result = run(text, computed_integers());
  CHECK(named(result.outputs, "real") == float_array({2}, {3, 1}));
  CHECK(named(result.outputs, "equal").data == std::vector{std::byte{1}, std::byte{1}});
  expect_integers(result, "even", {6, 2});
  expect_integers(result, "below half", {-3, -1});
  expect_integers(result, "part", {2396745, 8388607});
  expect_integers(result, "mean", {4});
  expect_integers(result, "norm", {7});
  expect_integers(result, "cube", {343, 8});
  expect_integers(result, "power", {128, 4});
}

TEST_CASE("onnx session: integers that the device computes meet others in operators that move them") {
  OnnxText text = with_computed_integers();
  const Array rows = array_of({2, 1}, std::vector<std::int64_t>{0, 1});
  text.initializer("one", int_array({1})).initializer("three", int_array({3})).initializer("zero", int_array({0}));
  text.initializer("zeros", int_array({0, 0, 0})).initializer("rows", rows).initializer("shape", int_array({2, 2}));
  text.initializer("borders", int_array({1, 1}));
  text.output("both", ElementType::i64, {4}).output("padded", ElementType::i64, {5});
  text.output("found", ElementType::f32, {2}).output("spread", ElementType::i64, {3});
  text.output("framed", ElementType::i64, {4}).output("tall", ElementType::i64, {2, 2});
  text.node({.op = "Add", .inputs = {"i", "one"}, .outputs = {"next"}});
  text.node({.op = "Concat", .inputs = {"i", "next"}, .outputs = {"both"}, .numbers = {{"axis", 0}}});
  text.node({.op = "Greater", .inputs = {"i", "three"}, .outputs = {"far"}});
  text.node({.op = "Where", .inputs = {"far", "zero", "next"}, .outputs = {"near"}});
  text.node({.op = "Concat", .inputs = {"near", "zeros"}, .outputs = {"padded"}, .numbers = {{"axis", 0}}});
  text.node({.op = "Unsqueeze", .inputs = {"i", "one"}, .outputs = {"column"}});
  text.node({.op = "Sub", .inputs = {"column", "one"}, .outputs = {"before"}});
  text.node({.op = "Concat", .inputs = {"rows", "before"}, .outputs = {"at"}, .numbers = {{"axis", 1}}});
  text.node({.op = "GatherND", .inputs = {"x", "at"}, .outputs = {"found"}});
  text.node({.op = "ScatterND", .inputs = {"zeros", "rows", "next"}, .outputs = {"spread"}});
  text.node({.op = "Pad", .inputs = {"next", "borders"}, .outputs = {"framed"}});
  text.node({.op = "Expand", .inputs = {"next", "shape"}, .outputs = {"wide"}});
  text.node({.op = "Transpose", .inputs = {"wide"}, .outputs = {"tall"}});
  const onnx::RunResult result = run(text, computed_integers());
  expect_integers(result, "both", {7, 2, 8, 3});
  expect_integers(result, "padded", {0, 3, 0, 0, 0});
  CHECK(named(result.outputs, "found") == float_array({2}, {6, 1}));
  expect_integers(result, "spread", {8, 3, 0});
  expect_integers(result, "framed", {0, 8, 3, 0});
  expect_integers(result, "tall", {8, 8, 3, 3});
}

TEST_CASE("onnx session: what only the host computes is refused where a gradient would have to flow through it") {
  const auto best_two = [](const std::string& values, bool added) {
    OnnxText text;
    text.input("x", ElementType::f32, {3}).initializer("k", int_array({2}));
    text.initializer("square", float_array({1, 1}, {5})).output("at", ElementType::i64, {2});
    text.output("y", ElementType::f32, {3}).output("eye", ElementType::f32, {1, 1});
    text.node({.op = "TopK", .inputs = {"x", "k"}, .outputs = {values, "at"}});
    text.node({.op = "EyeLike", .inputs = {"square"}, .outputs = {"eye"}});
    text.node({.op = "Mul", .inputs = {"x", "x"}, .outputs = {"y"}});
    if (!added) return text;
    text.node({.op = "ReduceSum", .inputs = {values}, .outputs = {"sum"}}).output("sum", ElementType::f32, {1});
    return text;
  };
  onnx::RunRequest request{.inputs = {{"x", float_array({3}, {1, 3, 2})}}};
  CHECK(first(named(run(best_two("best", true), request).outputs, "sum")) == 5);
  request.gradients = true;
  const std::string refusal = test::error_of([&] { run(best_two("best", true), request); });
  CHECK(test::contains(refusal, "TopK \"best\": it has no gradient here; run it without --grad"));
  for (const std::string values : {"", "unread"}) {
    const onnx::RunResult result = run(best_two(values, false), request);
    expect_integers(result, "at", {1, 2});
    CHECK(named(result.gradients, "x") == float_array({3}, {2, 6, 4}));
  }
  // None flows through integers, so none is lost behind them.
  OnnxText text;
  text.input("x", ElementType::f32, {2, 2}).output("y", ElementType::f32, {});
  text.node({.op = "Cast", .inputs = {"x"}, .outputs = {"whole"}, .numbers = {{"to", 7}}});
  text.node({.op = "Cast", .inputs = {"whole"}, .outputs = {"real"}, .numbers = {{"to", 1}}});
  text.node({.op = "Det", .inputs = {"real"}, .outputs = {"y"}});
  request.inputs = {{"x", float_array({2, 2}, {1.5f, 0, 0, 3.5f})}};
  const onnx::RunResult result = run(text, request);
  CHECK(first(named(result.outputs, "y")) == 3);
  CHECK(named(result.gradients, "x") == float_array({2, 2}, {0, 0, 0, 0}));
}

TEST_CASE("onnx session: a computed value of Pad has its share of the gradient") {
  OnnxText text;
  text.input("x", ElementType::f32, {2}).input("v", ElementType::f32, {}).initializer("pads", int_array({1, 2}));
  text.output("y", ElementType::f32, {5}).output("z", ElementType::f32, {5});
  text.node({.op = "ReduceMin", .inputs = {"x"}, .outputs = {"least"}, .numbers = {{"keepdims", 0}}});
  text.node({.op = "Pad", .inputs = {"x", "pads", "v"}, .outputs = {"y"}});
  text.node({.op = "Pad", .inputs = {"x", "pads", "least"}, .outputs = {"z"}});
  const Array x = float_array({2}, {1, 2}), v = float_array({}, {-INFINITY});
  const onnx::RunResult result = run(text, {.inputs = {{"x", x}, {"v", v}}, .gradients = true});
  CHECK(named(result.outputs, "y") == float_array({5}, {-INFINITY, 1, 2, -INFINITY, -INFINITY}));
  CHECK(named(result.outputs, "z") == float_array({5}, {1, 1, 2, 1, 1}));
  CHECK(named(result.gradients, "v") == float_array({}, {3}));
  CHECK(named(result.gradients, "x") == float_array({2}, {5, 2}));
}

TEST_CASE("onnx session: Resize before opset 11 takes the next pixel along axes that shrink, else the one before") {
  OnnxText text;
  text.input("x", ElementType::f32, {1, 1, 2, 4});
  text.output("y", ElementType::f32, {1, 1, 1, 2}).output("z", ElementType::f32, {1, 1, 4, 2});
  text.initializer("smaller", float_array({4}, {1, 1, 0.6f, 0.6f}));
  text.initializer("both", float_array({4}, {1, 1, 2, 0.6f}));
  text.node({.op = "Resize", .inputs = {"x", "smaller"}, .outputs = {"y"}});
  text.node({.op = "Resize", .inputs = {"x", "both"}, .outputs = {"z"}});
  const onnx::RunRequest request{.inputs = {{"x", float_array({1, 1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8})}}};
  const onnx::RunResult result = run(text, request, 10);
  CHECK(named(result.outputs, "y") == float_array({1, 1, 1, 2}, {1, 3}));
  CHECK(named(result.outputs, "z") == float_array({1, 1, 4, 2}, {1, 3, 1, 3, 5, 7, 5, 7}));
}

TEST_CASE("onnx session: batch norm of one axis has one channel") {
  OnnxText text;
  text.input("x", ElementType::f32, {4}).output("y", ElementType::f32, {4});
  for (const auto& [name, value] :
       {std::pair{"scale", 2.0f}, std::pair{"bias", 1.0f}, std::pair{"mean", 3.0f}, std::pair{"variance", 4.0f}})
    text.initializer(name, float_array({1}, {value}));
  text.node({.op = "BatchNormalization", .inputs = {"x", "scale", "bias", "mean", "variance"}, .outputs = {"y"}});
  const onnx::RunResult result = run(text, {.inputs = {{"x", float_array({4}, {1, 3, 5, 7})}}}, 15);
  const Array& y = named(result.outputs, "y");
  REQUIRE(y.shape == std::vector<std::int64_t>{4});
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(y.as<float>()[i] == doctest::Approx(2.0 * static_cast<double>(i) - 1).epsilon(1e-4));
}

TEST_CASE("onnx session: Resize that keeps proportions samples by the common scale") {
  OnnxText text;
  text.input("x", ElementType::f32, {1, 1, 3, 5}).output("y", ElementType::f32, {1, 1, 7, 12});
  text.initializer("sizes", int_array({7, 7}));
  text.node({.op = "Resize",
             .inputs = {"x", "", "", "sizes"},
             .outputs = {"y"},
             .lists = {{"axes", {2, 3}}},
             .texts = {{"mode", "linear"}, {"keep_aspect_ratio_policy", "not_smaller"}}});
  Array x(ElementType::f32, {1, 1, 3, 5});
  for (std::size_t i = 0; i < 15; ++i) x.as<float>()[i] = static_cast<float>(i);  // 5 row + column
  const onnx::RunResult result = run(text, {.inputs = {{"x", x}}}, 18);
  const Array& y = named(result.outputs, "y");
  REQUIRE(y.shape == std::vector<std::int64_t>{1, 1, 7, 12});
  const auto source = [](int o, double last) { return std::clamp((o + 0.5) * 3 / 7 - 0.5, 0.0, last); };
  for (int i = 0; i < 84; ++i) {
    const double expected = 5 * source(i / 12, 2) + source(i % 12, 4);
    CHECK(static_cast<double>(y.as<float>()[static_cast<std::size_t>(i)]) == doctest::Approx(expected).epsilon(1e-5));
  }
}

TEST_CASE("onnx session: Resize with tf_half_pixel_for_nn reads at (o + 0.5) / scale, in every mode") {
  OnnxText text;
  text.input("x", ElementType::f32, {1, 1, 4}).initializer("sizes", int_array({1, 1, 8}));
  const auto add = [&](const std::string& output, const std::string& mode, const std::string& nearest) {
    text.node(
        {.op = "Resize",
         .inputs = {"x", "", "", "sizes"},
         .outputs = {output},
         .texts = {
             {"mode", mode}, {"nearest_mode", nearest}, {"coordinate_transformation_mode", "tf_half_pixel_for_nn"}}});
    text.output(output, ElementType::f32, {1, 1, 8});
  };
  add("linear", "linear", "floor");
  add("floor", "nearest", "floor");
  add("ceil", "nearest", "ceil");
  const onnx::RunResult result = run(text, {.inputs = {{"x", float_array({1, 1, 4}, {0, 4, 8, 12})}}});
  CHECK(named(result.outputs, "linear") == float_array({1, 1, 8}, {1, 3, 5, 7, 9, 11, 12, 12}));
  CHECK(named(result.outputs, "floor") == float_array({1, 1, 8}, {0, 0, 4, 4, 8, 8, 12, 12}));
  CHECK(named(result.outputs, "ceil") == float_array({1, 1, 8}, {4, 4, 8, 8, 12, 12, 12, 12}));
}

TEST_CASE("onnx session: norms of zeros have no gradient, and NaN is above no threshold") {
  using Extents = std::vector<std::int64_t>;
  const auto gradient_of = [](const NodeText& node, const Extents& shape, const Extents& result) {
    OnnxText text;
    text.input("x", ElementType::f32, shape).output("y", ElementType::f32, result).node(node);
    const onnx::RunRequest request{.inputs = {{"x", float_array(shape, {0, 0, 3, 4})}}, .gradients = true};
    const Array gradient = named(run(text, request).gradients, "x");
    return std::vector<double>(gradient.as<float>().begin(), gradient.as<float>().end());
  };
  const NodeText root{.op = "ReduceL2", .inputs = {"x"}, .outputs = {"y"}, .lists = {{"axes", {1}}}};
  const NodeText normalization{.op = "LpNormalization", .inputs = {"x"}, .outputs = {"y"}, .numbers = {{"axis", 1}}};
  const auto norm = gradient_of(root, {2, 2}, {2, 1}), unit = gradient_of(normalization, {2, 2}, {2, 2});
  CHECK((norm[0] == 0 && norm[1] == 0));
  CHECK(norm[3] == doctest::Approx(0.8));
  CHECK((unit[0] == 0 && unit[1] == 0));
  CHECK(unit[2] == doctest::Approx(0.032));  // (4 4 - 3 4) / 5^3
  for (const std::int64_t p : {2, 3}) {
    const NodeText global{.op = "GlobalLpPool", .inputs = {"x"}, .outputs = {"y"}, .numbers = {{"p", p}}};
    const auto pooled = gradient_of(global, {1, 2, 2}, {1, 2, 1});
    CHECK((pooled[0] == 0 && pooled[1] == 0));
    CHECK(std::isfinite(pooled[2]));
    NodeText windows = global;
    windows.op = "LpPool";
    windows.lists = {{"kernel_shape", {2}}, {"strides", {2}}};
    const auto slid = gradient_of(windows, {1, 1, 4}, {1, 1, 2});
    CHECK((slid[0] == 0 && slid[1] == 0));
    CHECK(slid[2] == doctest::Approx(pooled[2]));
  }
  OnnxText text;
  text.input("x", ElementType::f32, {2}).output("y", ElementType::f32, {2});
  text.node({.op = "ThresholdedRelu", .inputs = {"x"}, .outputs = {"y"}});
  CHECK(named(run(text, {.inputs = {{"x", float_array({2}, {NAN, 2})}}}).outputs, "y") == float_array({2}, {0, 2}));
}

TEST_CASE("onnx session: a convolution's weight may be an output, too") {
  const Array w = float_array({2, 2, 1, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  OnnxText text;
  text.input("x", ElementType::f32, {1, 2, 1, 2}).initializer("w", w);
  text.output("w", ElementType::f32, {2, 2, 1, 2}).output("y", ElementType::f32, {1, 2, 1, 1});
  text.node({.op = "Conv", .inputs = {"x", "w"}, .outputs = {"y"}});
  const Array x = float_array({1, 2, 1, 2}, {1, 2, 3, 4});
  const onnx::RunResult result = run(text, {.inputs = {{"x", x}}, .gradients = true, .upstream = {{"w", w}}});
  CHECK(named(result.outputs, "w") == w);
  CHECK(named(result.outputs, "y") == float_array({1, 2, 1, 1}, {30, 70}));
  CHECK(named(result.gradients, "w") == float_array({2, 2, 1, 2}, {2, 4, 6, 8, 6, 8, 10, 12}));
}

TEST_CASE("onnx session: upstream gradients are held against the outputs, known and computed ones") {
  OnnxText text;
  text.input("x", ElementType::f32, {2}).output("y", ElementType::f32, {2});
  text.output("length", ElementType::f32, {1}).output("shape", ElementType::i64, {1});
  text.node({.op = "Shape", .inputs = {"x"}, .outputs = {"shape"}});
  text.node({.op = "Cast", .inputs = {"shape"}, .outputs = {"length"}, .numbers = {{"to", 1}}});
  text.node({.op = "Exp", .inputs = {"x"}, .outputs = {"y"}});
  onnx::RunRequest request{.inputs = {{"x", float_array({2}, {0, 0})}}, .gradients = true};
  const auto refusal = [&](std::vector<NamedArray> upstream) {
    request.upstream = std::move(upstream);
    return test::error_of([&] { run(text, request); });
  };
  const NamedArray y{"y", float_array({2}, {1, 1})};
  CHECK(test::contains(refusal({{"shape", int_array({1})}}), "\"shape\", which is i64 and has no gradient"));
  CHECK(refusal({{"length", y.array}}) == "the upstream gradient of \"length\" is 2, the output 1");
  CHECK(refusal({{"y", float_array({1}, {1})}}) == "the upstream gradient of \"y\" is 1, the output 2");
  CHECK(refusal({y, y}) == "two upstream gradients are given for \"y\"; leave one out");
  CHECK(refusal({y, {"length", float_array({1}, {1})}}).empty());
}

}  // namespace tuff
