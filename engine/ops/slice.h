// Parts of a tensor: x[starts[0]:ends[0]:steps[0], ...]. The valid U-Net's crop is one; flips are slices with step -1.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct SliceAttributes {
  std::vector<std::int64_t> starts;  // one per axis, from 0
  std::vector<std::int64_t> ends;    // in the step's direction one past the last: -1 where a step back ends at 0
  std::vector<std::int64_t> steps;   // not 0
  bool operator==(const SliceAttributes&) const = default;
};

// One start and end per axis, in elements, 0 <= start < end <= extent. f32 or i32, any layout.
Value slice(Value x, std::vector<std::int64_t> starts, std::vector<std::int64_t> ends);

// One start, end and step per axis as in Python and ONNX: negative starts and ends count from the last element, then
// both are clamped to the axis; negative steps walk backwards (an end of -extent - 1 or less then takes element 0 too).
// Something must be left of each axis.
Value slice(Value x, std::vector<std::int64_t> starts, std::vector<std::int64_t> ends, std::vector<std::int64_t> steps);

// `length` elements of one axis from `start` on (torch.narrow); negative axes and starts count from the last.
Value narrow(Value x, int axis, std::int64_t start, std::int64_t length);

// Element `index` of one axis, which the result lacks (torch.select). Negative ones count from the last.
Value select(Value x, int axis, std::int64_t index);

// The axes backwards (torch.flip); negative ones count from the last.
Value flip(Value x, std::vector<int> axes);

// Parts of these sizes along one axis, which they must fill (torch.split).
std::vector<Value> split(Value x, const std::vector<std::int64_t>& sizes, int axis = 0);

// At most `chunks` parts of one axis, all of size ceil(extent / chunks) but the last (torch.chunk, ONNX's Split).
std::vector<Value> chunk(Value x, std::int64_t chunks, int axis = 0);

// The middle of the spatial axes of x (N, C, spatial...), `spatial` in size; where the border is odd, the larger half
// is cut at the end.
Value center_crop(Value x, const std::vector<std::int64_t>& spatial);

// slice()'s op, for passes, and what one of its nodes takes.
std::shared_ptr<const Op> slice_op(SliceAttributes attributes);
const SliceAttributes& slice_attributes(const Op& op);

std::vector<Kernel> slice_kernels();
std::vector<Kernel> slice_gradient_kernels();

}  // namespace tuff
