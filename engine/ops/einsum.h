// Products of two tensors summed over some of their axes, in Einstein's notation: what matmul, linear, gemm and their
// gradients are. One letter names an axis; the gradient of "ab,bc->ac" with respect to the first is "ac,bc->ab".
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// PyTorch's einsum of two operands: "bmk,bkn->bmn". Without "->" the result has the letters that stand once, sorted. An
// extent of 1 broadcasts. f32, sums in f32; a sum of more than 4096 terms in parts, in a fixed order. Error for
// ellipses, letters twice in one operand (a diagonal), and extents that don't fit.
Value einsum(const std::string& equation, Value a, Value b);

struct EinsumAttributes {
  std::string a, b, result;               // a letter for each axis
  Shape shape;                            // of the result; where it has 1 and an operand more, the axis is summed over
  Layout layout = Layout::channels_last;  // of the result

  bool operator==(const EinsumAttributes&) const = default;
};

class Einsum : public Op {
 public:
  explicit Einsum(EinsumAttributes attributes) : attributes_(std::move(attributes)) {}
  const EinsumAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "einsum"; }
  std::string attributes() const override;
  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0, 1}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;

 private:
  EinsumAttributes attributes_;
};

std::vector<Kernel> einsum_kernels();

}  // namespace tuff
