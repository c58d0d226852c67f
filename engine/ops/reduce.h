// Reductions over any axes: f32, blocked partial sums in a fixed order (same device, same bits).
#pragma once

#include <functional>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// Axes count from the front, negative ones from the back; none given means all, whose result is a
// scalar. keepdim leaves extents of 1 where axes were reduced.
Value sum(Value x, std::vector<int> axes = {}, bool keepdim = false);
Value mean(Value x, std::vector<int> axes = {}, bool keepdim = false);
Value sum_of_squares(Value x, std::vector<int> axes = {}, bool keepdim = false);
// PyTorch's amax and amin: NaN wins, and the gradient is shared evenly among ties.
Value max(Value x, std::vector<int> axes = {}, bool keepdim = false);
Value min(Value x, std::vector<int> axes = {}, bool keepdim = false);

Value prod(Value x, std::vector<int> axes = {}, bool keepdim = false);
Value l1_norm(Value x, std::vector<int> axes = {}, bool keepdim = false);  // sum of magnitudes; its gradient at 0 is 0
// log(sum(exp(x))), shifted by maxima so that nothing overflows.
Value logsumexp(Value x, std::vector<int> axes = {}, bool keepdim = false);

// Undoes broadcasting: sums the axes of x that `shape` lacks or has as 1. x itself where nothing is summed.
Value sum_to(Value x, const Shape& shape);

enum class Reduction : std::uint8_t { sum, mean, sum_of_squares, max, min, prod, l1_norm, logsumexp };

struct ReduceAttributes {
  Reduction reduction = Reduction::sum;
  std::vector<int> axes;                  // increasing, not negative; empty: none (a copy)
  std::vector<int> kept;                  // those of axes that stay, with extent 1; the others are left out
  Layout layout = Layout::channels_last;  // of the result

  bool operator==(const ReduceAttributes&) const = default;
};

class Reduce : public Op {
 public:
  explicit Reduce(ReduceAttributes attributes) : attributes_(std::move(attributes)) {}
  const ReduceAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "reduce"; }
  std::string attributes() const override;
  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;

 private:
  Value reduced(Reduction reduction, Value x) const;  // over the same axes
  Value product_of_others(Value x, Value product, const std::function<Value(Value)>& like_input) const;

  ReduceAttributes attributes_;
};

std::vector<Kernel> reduce_kernels();

}  // namespace tuff
