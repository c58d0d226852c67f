// Sums of products, reductions, sums and searches along an axis, softmax.
#include <algorithm>

#include "onnx/export_node.h"
#include "ops/einsum.h"
#include "ops/reduce.h"

namespace tuff::onnx {
namespace {

constexpr std::int64_t kOne = 1;

std::string without(const std::string& letters, const std::string& dropped) {
  std::string rest;
  for (const char letter : letters)
    if (dropped.find(letter) == std::string::npos) rest += letter;
  return rest;
}

struct Operand {
  std::string name, letters;
  Extents shape;

  // Without the axes of these letters, whose extents are 1.
  void squeeze(GraphWriter& writer, const std::string& dropped) {
    Extents rest;
    for (std::size_t i = 0; i < letters.size(); ++i)
      if (dropped.find(letters[i]) == std::string::npos) rest.push_back(shape[i]);
    name = writer.reshape(name, shape, rest);
    letters = without(letters, dropped);
    shape = rest;
  }
  std::int64_t extent(char letter) const {
    const std::size_t at = letters.find(letter);
    return at == std::string::npos ? 0 : shape[at];
  }
};

// MatMul where the letters are those of a product of matrices in a batch, each transposed or not.
bool write_matmul(GraphWriter& writer, const Operand& a, const Operand& b, const std::string& result,
                  std::string& name) {
  const std::size_t rank = result.size();
  if (rank < 2 || a.letters.size() != rank || b.letters.size() != rank) return false;
  const std::string batch = result.substr(0, rank - 2);
  const char m = result[rank - 2], n = result[rank - 1];
  const std::string summed = without(a.letters, batch + m);
  if (summed.size() != 1 || m == n) return false;
  const bool a_plain = a.letters == batch + m + summed, a_turned = a.letters == batch + summed + m;
  const bool b_plain = b.letters == batch + summed + n, b_turned = b.letters == batch + n + summed;
  if ((!a_plain && !a_turned) || (!b_plain && !b_turned)) return false;
  if (rank == 2) {
    name = writer.emit("Gemm", {a.name, b.name}, {{"transA", a_plain ? 0 : kOne}, {"transB", b_plain ? 0 : kOne}});
    return true;
  }
  std::vector<int> swap(rank);
  for (std::size_t i = 0; i < rank; ++i) swap[i] = static_cast<int>(i);
  std::swap(swap[rank - 2], swap[rank - 1]);
  const std::string left = a_plain ? a.name : writer.transpose(a.name, swap),
                    right = b_plain ? b.name : writer.transpose(b.name, swap);
  name = writer.emit("MatMul", {left, right});
  return true;
}

// ONNX's Einsum doesn't broadcast: axes of extent 1 that stand for longer ones are left out before, or set in after.
void write_einsum(ExportNode& node) {
  const EinsumAttributes& values = node.as<Einsum>().values();
  GraphWriter& writer = node.writer();
  Operand a{node.input(0), values.a, node.input_shape(0)}, b{node.input(1), values.b, node.input_shape(1)};
  std::string dropped_a, dropped_b, result;
  for (const char letter : a.letters)
    if (a.extent(letter) == 1 && b.extent(letter) > 1) dropped_a += letter;
  for (const char letter : b.letters)
    if (b.extent(letter) == 1 && a.extent(letter) > 1) dropped_b += letter;
  a.squeeze(writer, dropped_a);
  b.squeeze(writer, dropped_b);
  Extents reached;
  for (std::size_t i = 0; i < values.result.size(); ++i) {
    const char letter = values.result[i];
    if (values.shape[static_cast<int>(i)] != std::max(a.extent(letter), b.extent(letter)))
      continue;  // summed over, or 1
    result += letter;
    reached.push_back(values.shape[static_cast<int>(i)]);
  }
  std::string name;
  if (!write_matmul(writer, a, b, result, name)) {
    const std::string equation = a.letters + "," + b.letters + "->" + result;
    name = writer.emit("Einsum", {a.name, b.name}, {{"equation", equation}});
  }
  node.set(writer.reshape(name, reached, node.output_shape()));
}

const char* reduction_name(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum: return "ReduceSum";
    case Reduction::mean: return "ReduceMean";
    case Reduction::sum_of_squares: return "ReduceSumSquare";
    case Reduction::max: return "ReduceMax";
    case Reduction::min: return "ReduceMin";
    case Reduction::prod: return "ReduceProd";
    case Reduction::l1_norm: return "ReduceL1";
    case Reduction::logsumexp: return "ReduceLogSumExp";
  }
  return "";
}

void write_reduce(ExportNode& node) {
  const ReduceAttributes& values = node.as<Reduce>().values();
  GraphWriter& writer = node.writer();
  Extents axes(values.axes.begin(), values.axes.end()), shape = node.input_shape(0);
  std::string x = node.input(0);
  if (axes.empty()) {  // over an axis of its own: ONNX takes none for all
    axes = {std::ssize(shape)};
    Extents longer = shape;
    longer.push_back(1);
    x = writer.reshape(x, shape, longer);
    shape = longer;
  }
  const std::string reduced =
      writer.emit(reduction_name(values.reduction), {x, writer.integers(axes)}, {{"keepdims", kOne}});
  for (const std::int64_t axis : axes) shape[static_cast<std::size_t>(axis)] = 1;
  node.set(writer.reshape(reduced, shape, node.output_shape()));
}

void write_cumsum(ExportNode& node) {
  GraphWriter& writer = node.writer();
  const std::string axis = writer.constant(array_of({}, std::vector{node.integer("axis")}));
  node.set(
      writer.emit("CumSum", {node.input(0), axis},
                  {{"exclusive", node.flag("exclusive") ? kOne : 0}, {"reverse", node.flag("reverse") ? kOne : 0}}));
}

void write_softmax(ExportNode& node) {
  node.set(node.writer().emit(node.flag("log") ? "LogSoftmax" : "Softmax", {node.input(0)},
                              {{"axis", node.integer("axis")}}));
}

void write_argmax(ExportNode& node) {
  const std::string index = node.writer().emit(node.flag("smallest") ? "ArgMin" : "ArgMax", {node.input(0)},
                                               {{"axis", node.integer("axis")},
                                                {"keepdims", kOne},
                                                {"select_last_index", node.flag("select_last_index") ? kOne : 0}});
  node.set(node.writer().cast(index, ElementType::i32));
}

}  // namespace

std::span<const ExporterRow> product_exporters() {
  static constexpr ExporterRow kRows[] = {
      {"argmax", write_argmax}, {"cumsum", write_cumsum},   {"einsum", write_einsum},
      {"reduce", write_reduce}, {"softmax", write_softmax},
  };
  return kRows;
}

}  // namespace tuff::onnx
