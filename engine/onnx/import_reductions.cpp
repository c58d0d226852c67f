// Reductions, searches, sums along an axis and sums of products.
#include <fmt/format.h>

#include <algorithm>

#include "onnx/device_node.h"
#include "onnx/einsum_equation.h"
#include "onnx/shapes.h"
#include "ops/argmax.h"
#include "ops/cumsum.h"
#include "ops/einsum.h"
#include "ops/elementary.h"
#include "ops/matmul.h"
#include "ops/permute.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"

namespace tuff::onnx {
namespace {

using Axes = std::vector<int>;

Value log_sum(Value x, Axes axes, bool keepdim) {
  return log(sum(x, std::move(axes), keepdim));
}
Value l2(Value x, Axes axes, bool keepdim) {
  return norm_root(sum_of_squares(x, std::move(axes), keepdim));
}

// Of integers: rounded down, where f32's results may lie on the other side of a whole number.
Value whole_mean(Value x, Axes axes, bool keepdim) {
  const Value total = sum(x, std::move(axes), keepdim);
  const auto count = static_cast<float>(x.shape().elements() / total.shape().elements());
  return divide_truncating(total, x.graph().scalar(count));
}
Value whole_l2(Value x, Axes axes, bool keepdim) {
  const Value squares = sum_of_squares(x, std::move(axes), keepdim), root = round(sqrt(squares));
  return sub(root, greater(square(root), squares));
}

template <Value (*real)(Value, Axes, bool), Value (*whole)(Value, Axes, bool) = real>
void reduction(DeviceNode& node) {
  Axes axes = reduced_axes(node);
  const Value x = node.real(0);
  const auto function = is_integer(node.type(0)) ? whole : real;
  if (axes.empty() && node.rank(0) > 0) {  // nothing is reduced, but what would be summed is still squared, ...
    Extents shape = node.shape(0);
    shape.push_back(1);
    return node.set(0, function(reshape(x, shape), {static_cast<int>(node.rank(0))}, false));
  }
  node.set(0, function(x, std::move(axes), node.integer("keepdims", 1) != 0));
}

template <Value (*function)(Value, std::optional<int>, bool, bool)>
void arg_extreme(DeviceNode& node) {
  const int axis = node.axis(node.integer("axis", 0), node.rank(0));
  const bool keepdim = node.integer("keepdims", 1) != 0, last = node.integer("select_last_index", 0) != 0;
  node.set(0, function(node.real(0), axis, keepdim, last), ElementType::i64);
}

// Before opset 13 the axis began what was flattened into rows.
void hardmax_node(DeviceNode& node) {
  const Value x = node.real(0);
  if (node.opset() >= 13) return node.set(0, hardmax(x, node.axis(node.integer("axis", -1), node.rank(0))));
  const Extents shape = node.shape(0);
  const auto middle = shape.begin() + node.axis(node.integer("axis", 1), node.rank(0));
  node.set(
      0,
      reshape(hardmax(reshape(x, {product(Extents(shape.begin(), middle)), product(Extents(middle, shape.end()))}), 1),
              shape));
}

void cumsum_node(DeviceNode& node) {
  const int axis = node.axis(static_cast<std::int64_t>(node.scalar(1, 0)), node.rank(0));
  node.set(0, cumsum(node.real(0), axis, node.integer("exclusive", 0) != 0, node.integer("reverse", 0) != 0));
}

void matmul_node(DeviceNode& node) {
  node.set(0, matmul(node.real(0), node.real(1)));
}

void gemm_node(DeviceNode& node) {
  const Value c = node.optional(2);
  node.set(0, gemm(node.real(0), node.real(1), c,
                   {.alpha = node.number("alpha", 1),
                    .beta = node.number("beta", 1),
                    .trans_a = node.integer("transA", 0) != 0,
                    .trans_b = node.integer("transB", 0) != 0}));
}

void einsum_node(DeviceNode& node) {
  const EinsumEquation equation = einsum_equation(node);
  for (std::string operand : equation.operands) {
    std::ranges::sort(operand);
    if (std::ranges::adjacent_find(operand) != operand.end()) node.unsupported("diagonals");
  }
  if (node.inputs() == 2) return node.set(0, einsum(equation.str(), node.real(0), node.real(1)));
  if (node.inputs() != 1) node.unsupported(fmt::format("{} operands", node.inputs()));
  Axes summed, order;
  std::string left;
  const std::string& letters = equation.operands[0];
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (equation.result.find(letters[i]) == std::string::npos)
      summed.push_back(static_cast<int>(i));
    else
      left += letters[i];
  }
  for (const char letter : equation.result) order.push_back(static_cast<int>(left.find(letter)));
  const Value x = node.real(0);
  node.set(0, permute(summed.empty() ? x : sum(x, summed), order));
}

}  // namespace

std::span<const HandlerRow> reduction_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"ArgMax", arg_extreme<argmax>},
      {"ArgMin", arg_extreme<argmin>},
      {"CumSum", cumsum_node},
      {"Einsum", einsum_node},
      {"Gemm", gemm_node},
      {"Hardmax", hardmax_node},
      {"MatMul", matmul_node},
      {"ReduceL1", reduction<l1_norm>},
      {"ReduceL2", reduction<l2, whole_l2>},
      {"ReduceLogSum", reduction<log_sum>},
      {"ReduceLogSumExp", reduction<logsumexp>},
      {"ReduceMax", reduction<max>},
      {"ReduceMean", reduction<mean, whole_mean>},
      {"ReduceMin", reduction<min>},
      {"ReduceProd", reduction<prod>},
      {"ReduceSum", reduction<sum>},
      {"ReduceSumSquare", reduction<sum_of_squares>},
  };
  return kRows;
}

}  // namespace tuff::onnx
