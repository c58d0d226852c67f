// Copies that read a tensor through strides and write another in its memory order, or the other way round: what most
// ops that move data lower to (expand, permute, reshape, slice, concat). Elements of 32 bits, whatever they mean.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plan/kernel.h"

namespace tuff {

struct StridedAxis {
  std::int64_t extent, stride;  // stride in the other tensor, elements; 0 repeats, negative ones walk backwards
};

struct StridedCopy {
  std::vector<StridedAxis> axes;  // of the dense tensor, from the innermost in memory outwards; none: one element
  std::int64_t offset = 0;        // of element 0 in the other tensor
};

// How `dense`, in its memory order, walks through the other tensor, whose strides are given along the logical axes of
// `dense`. Neighbouring axes that one stride serves are merged.
StridedCopy strided_copy(const TensorType& dense, const std::vector<std::int64_t>& other_strides,
                         std::int64_t offset = 0);

// The same from axes that the caller brought into the memory order of the dense tensor, innermost first.
StridedCopy merged(const std::vector<StridedAxis>& axes, std::int64_t offset = 0);

// Both lie in the same order: no copy is needed.
bool is_plain(const StridedCopy& copy);

inline constexpr std::size_t kStridedAxes = 8;  // that the kernels have, after merging

// Reads `from` through the strides and writes `to` in order. Four elements at a time where `vec4` is set and it is
// possible.
Dispatch strided_dispatch(BufferUse from, BufferUse to, const StridedCopy& copy, bool vec4, const DeviceCaps& caps);
Dispatch strided_dispatch(BufferUse from, BufferUse to, const TensorType& result,
                          const std::vector<std::int64_t>& input_strides, bool vec4, const DeviceCaps& caps);

// Reads `from` in order and writes `to` through the strides, each place once.
Dispatch strided_scatter(BufferUse from, BufferUse to, const StridedCopy& copy, bool vec4, const DeviceCaps& caps);

// Whether four elements of the dense tensor are neighbours in the other one too, or one repeated.
bool strided_vec4(const StridedCopy& copy);

// What a node copies; nothing where strides can't say it.
using DescribeCopy = std::optional<StridedCopy> (*)(const KernelRequest&);

// Candidates of an op with one input and one output.
enum class StridedKernel : std::uint8_t { vec4, transpose, scalar };
std::optional<std::string> refuse_strided(const KernelRequest& request, DescribeCopy describe, StridedKernel kernel);
KernelDispatches emit_strided(const KernelRequest& request, DescribeCopy describe, StridedKernel kernel);

template <DescribeCopy describe>
std::vector<Kernel> strided_kernels() {
  using enum StridedKernel;
  return {{"strided_vec4", [](const KernelRequest& request) { return refuse_strided(request, describe, vec4); },
           [](const KernelRequest& request) { return emit_strided(request, describe, vec4); }},
          {"transpose", [](const KernelRequest& request) { return refuse_strided(request, describe, transpose); },
           [](const KernelRequest& request) { return emit_strided(request, describe, transpose); }},
          {"strided", [](const KernelRequest& request) { return refuse_strided(request, describe, scalar); },
           [](const KernelRequest& request) { return emit_strided(request, describe, scalar); }}};
}

}  // namespace tuff
