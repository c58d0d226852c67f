// Attributes, types and numbers that operators don't have: refused while importing, naming them. No device.
#include "onnx/node_context.h"

#include "base/os.h"
#include "onnx/import.h"
#include "onnx/model_bytes.h"
#include "support/files.h"

namespace tuff {
namespace {

using test::float_array;
using test::NodeText;
using test::OnnxText;
using Integers = std::vector<std::int64_t>;

Array ints(const Integers& values) {
  return array_of({std::ssize(values)}, values);
}

// What import says of a node whose first input, x, is computed on the device.
std::string refusal_of(NodeText node, const std::vector<std::int64_t>& shape, const std::vector<Array>& more = {},
                       std::int64_t opset = 20) {
  OnnxText text;
  text.input("x", ElementType::f32, shape).output("y", ElementType::f32, {});
  node.inputs.insert(node.inputs.begin(), "x");
  for (std::size_t i = 0; i < more.size(); ++i) {
    node.inputs.push_back("more" + std::to_string(i));
    text.initializer(node.inputs.back(), more[i]);
  }
  node.outputs = {"y"};
  text.node(node);
  const onnx::Model model = text.parse(opset);
  return test::error_of([&] { onnx::import_model(model, std::vector<onnx::Feed>{{.name = "x", .shape = shape}}); });
}

#define CHECK_SAYS(refusal, part)                    \
  do {                                               \
    const std::string said = refusal;                \
    CHECK_MESSAGE(test::contains(said, part), said); \
  } while (false)

}  // namespace

TEST_CASE("onnx nodes: attributes have the values that the operator knows") {
  const Array weight = float_array({1, 1, 1, 1}, {2});
  const std::vector<std::int64_t> image = {1, 1, 4, 4};
  const std::string paddings = "auto_pad is \"SAME\", not one of NOTSET, SAME_UPPER, SAME_LOWER, VALID";
  for (const char* op : {"Conv", "ConvTranspose"})
    CHECK_SAYS(refusal_of({.op = op, .texts = {{"auto_pad", "SAME"}}}, image, {weight}), paddings);
  for (const char* op : {"MaxPool", "AveragePool"})
    CHECK_SAYS(refusal_of({.op = op, .lists = {{"kernel_shape", {2, 2}}}, .texts = {{"auto_pad", "SAME"}}}, image),
               paddings);
  CHECK_SAYS(refusal_of({.op = "Gelu", .texts = {{"approximate", "foo"}}}, image),
             "approximate is \"foo\", not one of none, tanh");
  CHECK_SAYS(refusal_of({.op = "DepthToSpace", .numbers = {{"blocksize", 1}}, .texts = {{"mode", "XYZ"}}}, image),
             "mode is \"XYZ\", not one of DCR, CRD");
  const Array nothing = float_array({0}, {});
  CHECK_SAYS(refusal_of({.op = "Resize", .texts = {{"keep_aspect_ratio_policy", "larger"}}}, image,
                        {nothing, nothing, ints({1, 1, 8, 8})}),
             "keep_aspect_ratio_policy is \"larger\", not one of stretch, not_larger, not_smaller");
  CHECK(refusal_of({.op = "Conv", .texts = {{"auto_pad", "SAME_LOWER"}}}, image, {weight}).empty());
}

TEST_CASE("onnx nodes: a transposed convolution's output has a size that it can have") {
  const Array weight = float_array({1, 1, 1, 1}, {2});
  for (const std::int64_t extent : {INT64_MIN, std::int64_t{0}, INT64_MAX})
    CHECK_SAYS(refusal_of({.op = "ConvTranspose", .lists = {{"output_shape", {extent, 4}}}}, {1, 1, 4, 4}, {weight}),
               "is impossible");
  CHECK_SAYS(refusal_of({.op = "ConvTranspose", .lists = {{"output_padding", {INT64_MAX, 0}}}}, {1, 1, 4, 4}, {weight}),
             "output_padding is impossible");
}

TEST_CASE("onnx nodes: inputs are of the types that the operator takes") {
  CHECK_SAYS(refusal_of({.op = "Mul"}, {2}, {ints({1, 2})}), "inputs 0 and 1 are f32 and i64, not of one type");
  CHECK_SAYS(refusal_of({.op = "Less"}, {2}, {ints({1, 2})}), "not of one type");
  CHECK_SAYS(refusal_of({.op = "Where"}, {2}, {float_array({1}, {1}), float_array({1}, {1})}),
             "input 0 is f32, must be bool");
  for (const char* op : {"Gather", "GatherElements"})
    CHECK_SAYS(refusal_of({.op = op}, {2}, {float_array({1}, {1})}), "input 1 is f32, must be integers");
  CHECK_SAYS(refusal_of({.op = "GatherND"}, {2}, {float_array({1, 1}, {1})}), "must be integers");
  for (const char* op : {"ScatterElements", "ScatterND"})
    CHECK_SAYS(refusal_of({.op = op}, {2}, {float_array({1, 1}, {1}), float_array({1}, {1})}), "must be integers");
}

TEST_CASE("onnx nodes: constant tuples of indices lie inside, each component along its own axis") {
  const auto gather = [](const Integers& indices) {
    return refusal_of({.op = "GatherND"}, {2, 3}, {array_of({1, 2}, indices)});
  };
  CHECK(gather({1, 2}).empty());
  CHECK(gather({-2, -3}).empty());
  CHECK_SAYS(gather({2, 0}), "index 2 lies outside of an axis of extent 2");
  CHECK_SAYS(gather({1, -4}), "index -4 lies outside of an axis of extent 3");
  const auto scatter = [](std::int64_t index) {
    return refusal_of({.op = "ScatterND"}, {3}, {array_of({1, 1}, Integers{index}), float_array({1}, {7})});
  };
  CHECK(scatter(2).empty());
  CHECK_SAYS(scatter(5), "index 5 lies outside of an axis of extent 3");
}

TEST_CASE("onnx nodes: integers that f32 can't hold aren't rounded in silence") {
  const auto prelu = [](std::int64_t value) {
    OnnxText text;
    text.output("y", ElementType::i64, {1}).initializer("x", ints({value})).initializer("slope", ints({1}));
    text.node({.op = "PRelu", .inputs = {"x", "slope"}, .outputs = {"y"}});
    const onnx::Model model = text.parse();
    return test::error_of([&] { onnx::import_model(model, {}); });
  };
  constexpr std::int64_t most = std::int64_t{1} << 24;
  for (const std::int64_t value : {most, -most, most + 2, std::int64_t{1} << 40, INT64_MIN})
    CHECK(prelu(value).empty());
  for (const std::int64_t value : {most + 1, -most - 1, (std::int64_t{1} << 40) + 1, INT64_MAX})
    CHECK_SAYS(prelu(value), "holds integers that f32, which it is computed in, can't hold");
}

TEST_CASE("onnx nodes: weights of an interpolation are computed for axes of a sensible length alone") {
  const double start = os::monotonic_seconds();
  const NodeText cubic{.op = "Resize", .texts = {{"mode", "cubic"}}};
  const Array none(ElementType::f32, {0});
  CHECK_SAYS(refusal_of(cubic, {2}, {none, float_array({1}, {3.3e7f})}), "an extent of 66000000");
  CHECK_SAYS(refusal_of(cubic, {1, 1, 1, 1}, {none, float_array({4}, {1, 1, 6e7f, 1})}), "an extent of 60000000");
  CHECK(os::monotonic_seconds() - start < 2);
}

TEST_CASE("onnx nodes: the mask of a Dropout isn't made for extents beyond reason") {
  constexpr std::int64_t many = std::int64_t{1} << 40;
  OnnxText text;
  text.input("x", ElementType::f32, {-1}).output("mask", ElementType::boolean, {-1});
  text.node({.op = "Dropout", .inputs = {"x"}, .outputs = {"y", "mask"}});
  const onnx::Model model = text.parse();
  const auto import = [&](std::int64_t extent) {
    return test::error_of(
        [&] { onnx::import_model(model, std::vector<onnx::Feed>{{.name = "x", .shape = {extent}}}); });
  };
  CHECK(import(3).empty());
  CHECK_SAYS(import(many), "a mask of 1099511627776 is too large");
}

}  // namespace tuff
