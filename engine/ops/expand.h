// Copies that read through strides: broadcasting to a larger shape, axes inserted anywhere.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// PyTorch's expand: x aligned at the right of `shape`, extents of 1 stretched. Gives x itself where
// shape and layout are already x's.
Value expand(Value x, Shape shape, Layout layout = Layout::channels_last);

// The same with x's axis i placed at axes[i] of the result (increasing); other axes of the result are
// new. Undoes a reduction without keepdim.
Value expand(Value x, Shape shape, std::vector<int> axes, Layout layout = Layout::channels_last);

class Expand : public Op {
 public:
  Expand(Shape shape, std::vector<int> axes, Layout layout);
  const Shape& shape() const { return shape_; }
  const std::vector<int>& axes() const { return axes_; }

  std::string_view name() const override { return "expand"; }
  std::string attributes() const override;
  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;

 private:
  Shape shape_;
  std::vector<int> axes_;
  Layout layout_;
};

std::vector<Kernel> expand_kernels();

}  // namespace tuff
