// Reading ONNX files, above all those that are none.
#include <cmath>

#include "base/os.h"
#include "onnx/import.h"
#include "onnx/model_bytes.h"
#include "onnx/serialize.h"
#include "support/files.h"

namespace tuff {
namespace {

using test::OnnxText;

// A convolution, a shape-computing subgraph and a reshape: all kinds of fields.
OnnxText small_model() {
  OnnxText text;
  text.input("x", ElementType::f32, {-1, 2, 4, 4});
  text.initializer("w", test::float_array({1, 2, 3, 3}, std::vector<float>(18, 0.5f)));
  text.initializer("b", test::float_array({1}, {1}));
  text.initializer("front", array_of({1}, std::vector<std::int64_t>{0}));
  text.initializer("rest", array_of({1}, std::vector<std::int64_t>{-1}));
  text.node({.op = "Conv", .inputs = {"x", "w", "b"}, .outputs = {"y"}, .lists = {{"pads", {1, 1, 1, 1}}}});
  text.node({.op = "Shape", .inputs = {"y"}, .outputs = {"s"}});
  text.node({.op = "Gather", .inputs = {"s", "front"}, .outputs = {"n"}});
  text.node({.op = "Concat", .inputs = {"n", "rest"}, .outputs = {"to"}, .numbers = {{"axis", 0}}});
  text.node({.op = "Reshape", .inputs = {"y", "to"}, .outputs = {"z"}});
  text.output("z", ElementType::f32, {-1, -1});
  return text;
}

std::string refusal(const OnnxText& text, std::vector<onnx::Feed> feeds = {{.name = "x", .shape = {2}}}) {
  return test::error_of([&] { onnx::import_model(text.parse(), feeds); });
}

}  // namespace

TEST_CASE("onnx model: a file becomes nodes, initializers and ports") {
  const onnx::Model model = small_model().parse(13);
  CHECK(model.opset == 13);
  CHECK(model.nodes.size() == 5);
  CHECK(model.nodes[0].attributes.at("pads").integers == std::vector<std::int64_t>{1, 1, 1, 1});
  CHECK(model.initializers.size() == 4);
  CHECK(model.initializers[0].array->shape == std::vector<std::int64_t>{1, 2, 3, 3});
  CHECK_FALSE((*model.inputs[0].shape)[0].extent.has_value());
  CHECK((*model.inputs[0].shape)[1].extent == 2);
}

TEST_CASE("onnx model: cut at every byte and with every bit flipped, it is an error or a graph") {
  const std::string whole = small_model().bytes();
  const std::vector<onnx::Feed> feeds = {{.name = "x", .shape = {3, 2, 4, 4}}};
  std::size_t refused = 0, read = 0;
  const auto attempt = [&](const std::string& bytes) {
    const std::string message = test::error_of(
        [&] { onnx::import_model(onnx::parse_model(std::as_bytes(std::span(bytes)), "m.onnx", {}), feeds); });
    ++(message.empty() ? read : refused);
    CHECK(message.find('\n') == std::string::npos);
  };
  for (std::size_t length = 0; length < whole.size(); ++length) attempt(whole.substr(0, length));
  CHECK(read == 0);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    attempt(damaged);
  }
  CHECK(read > 18 * 32);  // the weights' own bits
  CHECK(refused > 1000);
}

TEST_CASE("onnx model: impossible shapes, cycles and names given twice are refused") {
  const Array one = test::float_array({1}, {1});
  const auto graph = [&] { return OnnxText().input("x", ElementType::f32, {2}).output("y", ElementType::f32, {2}); };
  CHECK(test::contains(refusal(graph().node({.op = "Add", .inputs = {"x", "y"}, .outputs = {"y"}})),
                       "nothing before it gives"));
  CHECK(test::contains(refusal(graph()
                                   .node({.op = "Relu", .inputs = {"x"}, .outputs = {"y"}})
                                   .node({.op = "Relu", .inputs = {"x"}, .outputs = {"y"}})),
                       "there already"));
  CHECK(test::contains(refusal(graph().initializer("a", one).initializer("a", one)), "two initializers"));
  CHECK(test::contains(refusal(graph()), "given by nothing"));
  CHECK(test::contains(refusal(graph().input("x", ElementType::f32, {2})), "two inputs"));

  OnnxText huge = graph();  // an initializer of 2^60 elements in 4 bytes
  test::WireWriter tensor;
  tensor.varint(1, std::int64_t{1} << 60);
  tensor.varint(2, 1);
  tensor.bytes(9, "abcd");
  huge.graph().message(5, tensor);
  CHECK(test::contains(refusal(huge), "4 bytes are there"));

  const std::vector<std::int64_t> extents = {std::int64_t{1} << 40, std::int64_t{1} << 20};
  OnnxText made = graph();
  made.initializer("s", array_of({2}, extents));
  made.node({.op = "ConstantOfShape", .inputs = {"s"}, .outputs = {"y"}});
  CHECK(test::contains(refusal(made), "too large"));
}

TEST_CASE("onnx model: all unsupported operators are named at once") {
  OnnxText text;
  text.input("x", ElementType::f32, {2}).output("z", ElementType::f32, {2});
  text.node({.op = "LSTM", .inputs = {"x"}, .outputs = {"y"}})
      .node({.op = "NoSuchThing", .inputs = {"y"}, .outputs = {"z"}});
  CHECK(test::contains(refusal(text), "unsupported operators: LSTM, NoSuchThing"));
}

TEST_CASE("onnx model: external data lie in the model's folder, whole, or are refused") {
  test::TemporaryFolder folder;
  const auto attempt = [&](const std::string& location, std::int64_t offset, std::int64_t elements) {
    test::WireWriter tensor, entry, start;
    tensor.varint(1, elements);
    tensor.varint(2, 1);
    tensor.bytes(8, "w");
    entry.bytes(1, "location");
    entry.bytes(2, location);
    start.bytes(1, "offset");
    start.bytes(2, std::to_string(offset));
    tensor.message(13, entry);
    tensor.message(13, start);
    tensor.varint(14, 1);
    OnnxText text;
    text.graph().message(5, tensor);
    return text.parse(17, folder.path() / "models");
  };
  std::filesystem::create_directory(folder / "models");
  const float values[] = {1, 2, 3, 4};
  os::write_file(folder / "models" / "data", std::as_bytes(std::span(values)));
  os::write_file(folder / "secret", std::as_bytes(std::span(values)));
  std::filesystem::create_symlink(folder / "secret", folder / "models" / "link");
  CHECK(attempt("data", 4, 3).initializers[0].array->as<float>()[0] == 2);
  CHECK(test::contains(test::error_of([&] { attempt("data", 4, 4); }), "aren't in data"));
  CHECK(test::contains(test::error_of([&] { attempt("data", 0, std::int64_t{1} << 50); }), "aren't in data"));
  CHECK(test::contains(test::error_of([&] { attempt("missing", 0, 1); }), "aren't in missing"));
  for (const std::string& path :
       {std::string("../secret"), (folder / "secret").string(), std::string("link"), std::string("a/../../secret")})
    CHECK(test::contains(test::error_of([&] { attempt(path, 0, 4); }), "outside of the model's folder"));
}

TEST_CASE("onnx model: what is written is read again the same") {
  OnnxText text;
  text.input("x", ElementType::f32, {-1, 2})
      .output("y", ElementType::f16, {})
      .initializer("w", test::float_array({2, 1}, {1, -0.5f}));
  text.node({.op = "Odd",
             .inputs = {"x", "", "w"},
             .outputs = {"y", "", "z"},
             .lists = {{"list", {3, -4}}},
             .numbers = {{"one", -1}}});
  onnx::Model model = text.parse();
  using Attribute = onnx::Attribute;
  auto& attributes = model.nodes[0].attributes;
  attributes["f"] = {.kind = Attribute::Kind::number, .number = -0.25f};
  attributes["s"] = {.kind = Attribute::Kind::text, .text = "mode"};
  attributes["t"] = {.kind = Attribute::Kind::tensor, .tensor = {"", 1, test::float_array({}, {7})}};
  attributes["fs"] = {.kind = Attribute::Kind::numbers, .numbers = {1, 2.5f}};
  attributes["ss"] = {.kind = Attribute::Kind::texts, .texts = {"a", "b"}};
  model.nodes[0].domain = "com.example";
  model.opsets["com.example"] = 3;
  model.producer = "tuff";
  model.metadata["key"] = "two\nlines";
  const std::string first = onnx::serialize_model(model);
  const onnx::Model again = onnx::parse(std::as_bytes(std::span(first)));
  CHECK(onnx::serialize_model(again) == first);
  CHECK(again.metadata == model.metadata);
  CHECK(again.opsets == model.opsets);
  CHECK(again.inputs[0].shape->at(0).name == "any");
  CHECK(again.initializers[0].array == model.initializers[0].array);
  const onnx::Node& node = again.nodes[0];
  CHECK(node.inputs == std::vector<std::string>{"x", "", "w"});
  CHECK(node.outputs == std::vector<std::string>{"y", "", "z"});
  CHECK(node.attributes.at("list").integers == std::vector<std::int64_t>{3, -4});
  CHECK(node.attributes.at("f").number == -0.25f);
  CHECK(node.attributes.at("t").tensor.array->as<float>()[0] == 7);
  CHECK(node.attributes.at("ss").texts == std::vector<std::string>{"a", "b"});
  model.nodes[0].attributes["subgraph"] = {.kind = Attribute::Kind::other};
  CHECK(test::contains(test::error_of([&] { onnx::serialize_model(model); }),
                       "the attribute \"subgraph\" of Odd can't be written"));
}

}  // namespace tuff
