// Transposed convolution (PyTorch's conv_transpose1d, 2d, 3d): the gradient of conv with respect to its input.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "ops/conv_geometry.h"
#include "plan/kernel.h"

namespace tuff {

// x (N, I, 1 to 3 spatial axes); weight (I, O / groups, kernel...) in Layout::transposed_weight; bias (O) or empty.
// Result (N, O, conv_transpose_output_size()). f32.
Value conv_transpose(Value x, Value weight, Value bias, const ConvAttributes& attributes = {});

class ConvTranspose : public Op {
 public:
  explicit ConvTranspose(ConvAttributes attributes) : attributes_(std::move(attributes)) {}
  const ConvAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "conv_transpose"; }
  std::string attributes() const override { return to_string(attributes_); }
  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;

 private:
  ConvAttributes attributes_;
};

std::vector<Kernel> conv_transpose_kernels();

}  // namespace tuff
