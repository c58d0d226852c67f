// Linear maps along one axis whose every result reads few neighbouring elements: what resizing, blurring, pyramids and
// mirroring are, axis by axis. The weights are a table that the host computes, so one kernel serves them all, and the
// gradient is the same op with the table transposed.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// y[o] = sum over t < taps of weights[o * taps + t] x[first[o] + t]. A tap of weight 0 isn't read.
struct ResampleTable {
  std::int64_t in = 1;              // extent of x
  std::int64_t out = 1;             // extent of y
  std::int64_t taps = 1;            // at most in
  std::vector<std::int32_t> first;  // out; 0 <= first, first + taps <= in
  std::vector<float> weights;       // out * taps
};

// The sources of one result and their weights, in any order; those of equal sources add up.
using ResampleTaps = std::vector<std::pair<std::int64_t, double>>;

// One entry of `results` for each element of y, with sources from 0 to in - 1. The table is as wide as the result whose
// sources lie farthest apart.
ResampleTable resample_table(std::int64_t in, const std::vector<ResampleTaps>& results);
ResampleTable transposed(const ResampleTable& table);
ResampleTable mirror_table(std::int64_t extent);  // y[o] = x[extent - 1 - o]

// x: f32 of any rank and layout; gives its type with the axis' extent replaced by table.out. Error unless the axis has
// table.in elements. Negative axes count from the last.
Value resample(Value x, int axis, const ResampleTable& table);

// Index `at` mirrored at both ends into 0 to extent - 1, as often as needed, without repeating the edge.
std::int64_t mirrored_index(std::int64_t at, std::int64_t extent);

class Resample : public Op {
 public:
  Resample(int axis, std::shared_ptr<const ResampleTable> table) : axis_(axis), table_(std::move(table)) {}
  int axis() const { return axis_; }
  const ResampleTable& table() const { return *table_; }

  std::string_view name() const override { return "resample"; }
  std::string attributes() const override;
  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;

 private:
  int axis_;
  std::shared_ptr<const ResampleTable> table_;
};

std::vector<Kernel> resample_kernels();

}  // namespace tuff
