// The same tensor in another memory layout: makes the weight arrangement that the other of conv and
// conv_transpose reads. A copy; tiny beside the convolution it serves.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// Same logical shape and values, f32. Returns x itself where it already lies so.
Value relayout(Value x, Layout layout);

class Relayout : public Op {
 public:
  explicit Relayout(Layout layout) : layout_(layout) {}

  std::string_view name() const override { return "relayout"; }
  std::string attributes() const override;
  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;

 private:
  Layout layout_;
};

std::vector<Kernel> relayout_kernels();

}  // namespace tuff
