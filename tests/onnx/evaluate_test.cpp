// Operators on the host: what they compute, and that nothing is allocated or walked for extents without elements.
#include "onnx/evaluate.h"

#include <cmath>
#include <limits>

#include "base/os.h"
#include "onnx/import.h"
#include "onnx/model_bytes.h"
#include "support/files.h"

namespace tuff {
namespace {

using test::NodeText;
using test::OnnxText;
using Integers = std::vector<std::int64_t>;

Array ints(const Integers& values) {
  return array_of({std::ssize(values)}, values);
}
Array scalar(std::int64_t value) {
  return array_of({}, Integers{value});
}

Array doubles(std::vector<std::int64_t> shape, const std::vector<double>& values) {
  Array array(ElementType::f64, std::move(shape));
  std::ranges::copy(values, array.as<double>().begin());
  return array;
}

Array unsigned_array(const std::vector<std::uint64_t>& values) {
  Array array(ElementType::u64, {std::ssize(values)});
  std::ranges::copy(values, array.as<std::uint64_t>().begin());
  return array;
}

// A model of one node.
onnx::Model model_of(NodeText node, const std::vector<Array>& inputs, std::int64_t opset) {
  OnnxText text;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    node.inputs.push_back("x" + std::to_string(i));
    text.input(node.inputs.back(), inputs[i].type, inputs[i].shape);
  }
  if (node.outputs.empty()) node.outputs = {"y"};
  return text.node(node).output(node.outputs[0], ElementType::f32, {}).parse(opset);
}

onnx::Arrays all_of(const NodeText& node, const std::vector<Array>& inputs, std::int64_t opset = 18) {
  const onnx::Model model = model_of(node, inputs, opset);
  std::vector<const Array*> arrays;
  for (const Array& input : inputs) arrays.push_back(&input);
  return onnx::evaluate(model, model.nodes.at(0), arrays);
}

Array result_of(const NodeText& node, const std::vector<Array>& inputs, std::int64_t opset = 18) {
  return all_of(node, inputs, opset).at(0);
}

std::string refusal_of(const NodeText& node, const std::vector<Array>& inputs, std::int64_t opset = 18) {
  return test::error_of([&] { all_of(node, inputs, opset); });
}

// Bytes that the process has taken at most, and seconds, since it was made.
class Effort {
 public:
  double seconds() const { return os::monotonic_seconds() - start_; }
  std::uint64_t bytes() const { return os::process_peak_memory() - peak_; }

 private:
  double start_ = os::monotonic_seconds();
  std::uint64_t peak_ = os::process_peak_memory();
};

constexpr std::int64_t k18 = std::int64_t{1} << 18, k36 = std::int64_t{1} << 36, k45 = std::int64_t{1} << 45;

}  // namespace

TEST_CASE("onnx host: padding, tiling and slicing of integers") {
  const Array x = array_of({2, 3}, Integers{1, 2, 3, 4, 5, 6});
  const auto padded = [&](const std::string& mode) {
    return result_of({.op = "Pad", .texts = {{"mode", mode}}}, {x, ints({1, 2, 0, 3})});
  };
  CHECK(padded("constant") == array_of({3, 8}, Integers{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0,  //
                                                        0, 0, 4, 5, 6, 0, 0, 0}));
  CHECK(padded("edge") == array_of({3, 8}, Integers{1, 1, 1, 2, 3, 3, 3, 3, 1, 1, 1, 2, 3, 3, 3, 3,  //
                                                    4, 4, 4, 5, 6, 6, 6, 6}));
  CHECK(result_of({.op = "Pad", .texts = {{"mode", "wrap"}}}, {x, ints({1, 2, 0, 3})}, 19) ==
        array_of({3, 8}, Integers{5, 6, 4, 5, 6, 4, 5, 6, 2, 3, 1, 2, 3, 1, 2, 3, 5, 6, 4, 5, 6, 4, 5, 6}));
  CHECK(padded("reflect") == array_of({3, 8}, Integers{6, 5, 4, 5, 6, 5, 4, 5, 3, 2, 1, 2, 3, 2, 1, 2,  //
                                                       6, 5, 4, 5, 6, 5, 4, 5}));
  // Cut off at one edge, filled at others; nothing but filling.
  CHECK(result_of({.op = "Pad"}, {x, ints({2, -1, 1, 0}), scalar(9)}) ==
        array_of({5, 2}, Integers{9, 9, 9, 9, 2, 3, 5, 6, 9, 9}));
  CHECK(result_of({.op = "Pad"}, {Array(ElementType::i64, {0, 1}), ints({1, 0, 1, 1}), scalar(9)}) ==
        array_of({2, 2}, Integers{9, 9, 9, 9}));
  // 2^20 rows are cut off before 2^20 columns come on.
  CHECK(result_of({.op = "Pad"},
                  {Array(ElementType::u8, {std::int64_t{1} << 20, 1}), ints({0, 1 << 20, 1 - (1 << 20), 0})})
            .elements() == (1 << 20) + 1);

  CHECK(result_of({.op = "Tile"}, {x, ints({2, 2})}) ==
        array_of({4, 6}, Integers{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  CHECK(result_of({.op = "Slice"}, {x, ints({1, 2}), ints({-3, -4}), ints({0, 1}), ints({-1, -2})}) ==
        array_of({2, 2}, Integers{6, 4, 3, 1}));
  CHECK(result_of({.op = "Slice"}, {x, ints({1}), ints({2}), ints({1}), ints({INT64_MAX})}) ==
        array_of({2, 1}, Integers{2, 5}));
  CHECK(result_of({.op = "Expand"}, {array_of({2, 1}, Integers{1, 2}), ints({2, 1, 2})}) ==
        array_of({2, 2, 2}, Integers{1, 1, 2, 2, 1, 1, 2, 2}));
  CHECK(result_of({.op = "ReverseSequence"}, {array_of({3, 2}, Integers{1, 2, 3, 4, 5, 6}), ints({2, 3})}) ==
        array_of({3, 2}, Integers{3, 6, 1, 4, 5, 2}));
}

TEST_CASE("onnx host: extents without elements cost nothing, and what they multiply to is refused") {
  struct Row {
    NodeText node;
    std::vector<Array> inputs;
    std::string refusal;  // empty: there is a result
  };
  const Array wide(ElementType::f64, {k18, 0}), tall(ElementType::f64, {0, k18});
  const Array long_rows(ElementType::i64, {k36, 0}), longer_rows(ElementType::i64, {k45, 0});
  const std::vector<Row> rows = {
      {{.op = "MatMul"}, {wide, tall}, "262144x262144 is too large"},
      {{.op = "Gemm"}, {wide, tall}, "262144x262144 is too large"},
      {{.op = "Det"}, {Array(ElementType::f64, {k36, 0, 0})}, "too large"},
      {{.op = "TopK", .outputs = {"y", "i"}, .numbers = {{"axis", 0}}}, {long_rows, ints({0})}, ""},
      {{.op = "TopK", .outputs = {"y", "i"}}, {ints({1, 2}), ints({})}, "isn't one number"},
      {{.op = "Trilu"}, {array_of({1, 1}, Integers{1}), ints({})}, "isn't one number"},
      {{.op = "GatherND"}, {ints({1, 2, 3}), long_rows}, "too large"},
      {{.op = "GatherND"}, {ints({}), long_rows}, ""},
      {{.op = "ScatterND"}, {ints({1, 2, 3}), long_rows, ints({})}, "don't fit"},
      {{.op = "ScatterND"}, {ints({}), longer_rows, Array(ElementType::i64, {k45, 0})}, ""},
      {{.op = "GatherElements"}, {longer_rows, longer_rows}, ""},
      {{.op = "ScatterElements"}, {longer_rows, longer_rows, longer_rows}, ""},
      {{.op = "Gather"}, {longer_rows, ints({0})}, ""},
      {{.op = "Concat", .numbers = {{"axis", 1}}}, {longer_rows, longer_rows}, ""},
      {{.op = "Concat", .numbers = {{"axis", 0}}},
       {Array(ElementType::u8, {INT64_MAX, 0}), Array(ElementType::u8, {INT64_MAX, 0})},
       "too long"},
      {{.op = "CumSum"}, {longer_rows, scalar(1)}, ""},
      {{.op = "EyeLike"}, {longer_rows}, ""},
      {{.op = "EyeLike", .numbers = {{"k", INT64_MAX}}}, {array_of({1, 1}, Integers{1})}, ""},
      {{.op = "ArgMax", .numbers = {{"axis", 1}}}, {Array(ElementType::i64, {k36, 5, 0})}, ""},
      {{.op = "ReduceSum"}, {long_rows, ints({1})}, "too large"},
      {{.op = "ReduceLogSumExp"}, {long_rows, ints({1})}, "too large"},
      {{.op = "ReduceMax"}, {long_rows, ints({1})}, "too large"},
      {{.op = "NonZero"}, {longer_rows}, ""},
      {{.op = "Compress"}, {longer_rows, Array(ElementType::boolean, {1})}, ""},
      {{.op = "Transpose"}, {longer_rows}, ""},
      {{.op = "Pad"}, {longer_rows, ints({0, 0, 0, 1})}, "too large"},
      {{.op = "Pad"}, {ints({1}), ints({INT64_MIN, INT64_MAX})}, "impossible"},
      {{.op = "Tile"}, {longer_rows, ints({1, 9})}, ""},
      {{.op = "Expand"}, {ints({1}), ints({k36, 1})}, "too large"},
      {{.op = "OneHot"}, {ints({}), scalar(k45), ints({0, 1})}, ""},
      {{.op = "OneHot"}, {ints({1}), scalar(k45), ints({0, 1})}, "too large"},
      {{.op = "ConstantOfShape"}, {ints({k36, 9})}, "too large"},
      {{.op = "Range"}, {scalar(0), scalar(k36), scalar(1)}, "too large"},
      {{.op = "DepthToSpace", .numbers = {{"blocksize", 2}}},
       {Array(ElementType::u8, {0, 1, INT64_MAX, 1})},
       "doesn't fit"},
      {{.op = "SpaceToDepth", .numbers = {{"blocksize", 2}}},
       {Array(ElementType::u8, {0, INT64_MAX, 1, 1})},
       "doesn't fit"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.node.op);
    CAPTURE(row.inputs[0].shape.size());
    const Effort effort;
    const std::string refusal = refusal_of(row.node, row.inputs);
    CHECK_MESSAGE((row.refusal.empty() ? refusal.empty() : test::contains(refusal, row.refusal)), refusal);
    CHECK(effort.seconds() < 2);
    CHECK(effort.bytes() < 100 << 20);
  }
}

TEST_CASE("onnx host: log of sums of exponentials neither overflows nor loses fractions") {
  const auto reduced = [](const Array& x) {
    return result_of({.op = "ReduceLogSumExp", .numbers = {{"keepdims", 0}}}, {x});
  };
  CHECK(reduced(doubles({2}, {1000, 1000.5})).as<double>()[0] == doctest::Approx(1000.9740769841801));
  CHECK(reduced(doubles({2}, {-1000, -1000})).as<double>()[0] == doctest::Approx(-1000 + std::log(2.0)));
  CHECK(integers(reduced(ints({40, 50, 60}))) == Integers{60});
  CHECK(integers(reduced(ints({-1, -1, -1}))) == Integers{0});
  constexpr double inf = std::numeric_limits<double>::infinity();
  CHECK(reduced(doubles({2}, {-inf, -inf})).as<double>()[0] == -inf);
  CHECK(reduced(doubles({2}, {0, inf})).as<double>()[0] == inf);
  CHECK(std::isnan(reduced(doubles({2}, {NAN, inf})).as<double>()[0]));
}

TEST_CASE("onnx host: unsigned integers of 64 bits have no sign") {
  constexpr std::uint64_t top = std::uint64_t{1} << 63;
  const Array x = unsigned_array({3, top + 5, 7});
  const NodeText flat{.op = "", .numbers = {{"keepdims", 0}}};
  const auto of = [&](const char* op) {
    NodeText node = flat;
    node.op = op;
    return result_of(node, {x});
  };
  CHECK(of("ReduceMax").as<std::uint64_t>()[0] == top + 5);
  CHECK(of("ReduceMin").as<std::uint64_t>()[0] == 3);
  CHECK(of("ReduceSum").as<std::uint64_t>()[0] == top + 15);
  CHECK(of("ReduceL1").as<std::uint64_t>()[0] == top + 15);
  CHECK(integers(of("ArgMax")) == Integers{1});
  CHECK(integers(of("ArgMin")) == Integers{0});
  const onnx::Arrays best = all_of({.op = "TopK", .outputs = {"y", "i"}}, {x, ints({2})});
  CHECK(best.at(0).as<std::uint64_t>()[0] == top + 5);
  CHECK(integers(best.at(1)) == Integers{1, 2});
}

TEST_CASE("onnx host: TopK takes NaN for the largest number") {
  const Array x = doubles({5}, {1, NAN, 3, NAN, 2});
  CHECK(integers(all_of({.op = "TopK", .outputs = {"y", "i"}}, {x, ints({4})}).at(1)) == Integers{1, 3, 2, 4});
  const NodeText smallest{.op = "TopK", .outputs = {"y", "i"}, .numbers = {{"largest", 0}}};
  CHECK(integers(all_of(smallest, {x, ints({4})}).at(1)) == Integers{0, 4, 2, 1});
}

TEST_CASE("onnx host: Gemm of integers and doubles is exact") {
  const std::int64_t large = (std::int64_t{1} << 40) + 1;
  const Array a = array_of({1, 2}, Integers{large, 3}), b = array_of({2, 2}, Integers{1, 2, 10, 20});
  CHECK(integers(result_of({.op = "Gemm"}, {a, b})) == Integers{large + 30, 2 * large + 60});
  CHECK(integers(result_of({.op = "Gemm", .numbers = {{"transB", 1}}}, {a, b, ints({5})})) ==
        Integers{large + 11, 10 * large + 65});
  const Array column = array_of({2, 1}, Integers{large, 3});
  CHECK(integers(result_of({.op = "Gemm", .numbers = {{"transA", 1}}}, {column, b, ints({1, 2})})) ==
        Integers{large + 31, 2 * large + 62});
  CHECK(result_of({.op = "Gemm"}, {doubles({1, 1}, {1 + 0x1p-40}), doubles({1, 1}, {3})}).as<double>()[0] ==
        3 + 3 * 0x1p-40);
  CHECK(test::contains(refusal_of({.op = "Gemm"}, {a, a}), "don't fit"));
  CHECK(test::contains(refusal_of({.op = "Gemm"}, {a, b, ints({1, 2, 3})}), "don't broadcast"));
}

TEST_CASE("onnx host: what the operators don't define is refused") {
  const Array n = ints({1, 2, 3, 4, 5}), x = doubles({5}, {1, 2, 3, 4, 5});
  const Array bytes = convert(n, ElementType::u8);
  CHECK(test::contains(refusal_of({.op = "BitShift"}, {bytes, bytes}), "it has no direction: LEFT, RIGHT"));
  CHECK(test::contains(refusal_of({.op = "BitShift", .texts = {{"direction", "UP"}}}, {bytes, bytes}),
                       "direction is \"UP\", not one of LEFT, RIGHT"));
  CHECK(result_of({.op = "BitShift", .texts = {{"direction", "LEFT"}}}, {bytes, convert(ints({1}), ElementType::u8)})
            .as<std::uint8_t>()[4] == 10);
  CHECK(test::contains(refusal_of({.op = "DepthToSpace", .numbers = {{"blocksize", 1}}, .texts = {{"mode", "XYZ"}}},
                                  {array_of({1, 1, 1, 1}, Integers{1})}),
                       "mode is \"XYZ\""));
  CHECK(test::contains(refusal_of({.op = "Mul"}, {n, x}), "inputs 0 and 1 are i64 and f64"));
  CHECK(test::contains(refusal_of({.op = "Sum"}, {n, n, x}), "inputs 0 and 2 are i64 and f64"));
  CHECK(result_of({.op = "Pow"}, {n, x}).as<std::int64_t>()[2] == 27);  // whose types may differ
  CHECK(test::contains(refusal_of({.op = "Where"}, {n, n, n}), "input 0 is i64, must be bool"));
  CHECK(test::contains(refusal_of({.op = "Not"}, {n}), "must be bool"));
  for (const char* op : {"Gather", "GatherElements", "GatherND"})
    CHECK(test::contains(refusal_of({.op = op}, {n, x}), "input 1 is f64, must be integers"));
  const NodeText split{.op = "Split", .outputs = {"y", "z"}};
  CHECK(test::contains(refusal_of(split, {n}, 13), "before opset 18"));
  CHECK(all_of({.op = "Split", .outputs = {"y", "z"}, .numbers = {{"num_outputs", 2}}}, {n}).at(1).elements() == 2);
}

}  // namespace tuff
