// Tensors of one value, made on the device.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// Every element is `value`. f32 only.
Value full(Graph& graph, TensorType type, float value);
Value zeros(Graph& graph, TensorType type);

class Fill : public Op {
 public:
  Fill(TensorType type, float value) : type_(std::move(type)), value_(value) {}
  float value() const { return value_; }

  std::string_view name() const override { return "fill"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext&) const override { return {}; }

 private:
  TensorType type_;
  float value_;
};

// Writes `value` to the first `count` elements of a buffer; counts 4 bytes for each.
Dispatch fill_dispatch(const BufferUse& buffer, std::uint32_t count, float value, const DeviceCaps& caps);

std::vector<Kernel> fill_kernels();

}  // namespace tuff
