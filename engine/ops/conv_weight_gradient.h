// The gradient of a convolution with respect to its weight.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "ops/conv_geometry.h"
#include "plan/kernel.h"

namespace tuff {

// x (N, C, spatial...) is what was convolved, upstream (N, O, spatial...) the gradient of the result, `weight` the
// weight's shape (O, C / groups, kernel...). Result of that shape in Layout::weight:
// dw[o, c, k] = sum over n and output pixels p of upstream[n, o, p] x[n, c, p stride - padding + k dilation]. f32.
Value conv_weight_gradient(Value x, Value upstream, const Shape& weight, const ConvAttributes& attributes);

class ConvWeightGradient : public Op {
 public:
  ConvWeightGradient(Shape weight, ConvAttributes attributes)
      : weight_(std::move(weight)), attributes_(std::move(attributes)) {}
  const Shape& weight() const { return weight_; }
  const ConvAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "conv_weight_gradient"; }
  std::string attributes() const override;
  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0, 1}, {}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;

 private:
  Shape weight_;
  ConvAttributes attributes_;
};

std::vector<Kernel> conv_weight_gradient_kernels();

}  // namespace tuff
