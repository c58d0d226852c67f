// Convolution (cross-correlation, as PyTorch's conv1d, conv2d, conv3d) and the transposed one.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "ops/conv_geometry.h"
#include "plan/kernel.h"

namespace tuff {

// x (N, C, 1 to 3 spatial axes); weight (O, C / groups, kernel...) in Layout::weight; bias (O), or empty for none.
// Result (N, O, conv_output_size()). f32. Error naming the shapes where they don't fit. Padding of another mode than
// zeros is added by pad() before, and flip_kernel mirrors a copy of the weight.
Value conv(Value x, Value weight, Value bias, const ConvAttributes& attributes = {});

class Conv : public Op {
 public:
  explicit Conv(ConvAttributes attributes) : attributes_(std::move(attributes)) {}
  const ConvAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "conv"; }
  std::string attributes() const override { return to_string(attributes_); }
  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;

 private:
  ConvAttributes attributes_;
};

std::vector<Kernel> conv_kernels();

// The attributes of a Conv or ConvTranspose.
const ConvAttributes& conv_attributes(const Op& op);

// What the kernels of conv and conv_transpose (`transposed`) run for a request.
ConvGeometry conv_geometry(const KernelRequest& request, bool& transposed);

// The weight with every spatial axis reversed.
Value mirrored_kernel(Value weight);

// The gradient with respect to what the fused activation was applied to, from that to its result.
Value activation_gradient(const ConvAttributes& attributes, Value upstream, Value result);

// Sum over all but the channels.
Value bias_gradient(Value upstream);

// Error unless the weight is f32 of the layout, of x's rank, and the channels and the bias fit.
void require_conv_inputs(std::string_view op, std::span<const TensorType> inputs, Layout layout,
                         const ConvAttributes& complete);

}  // namespace tuff
