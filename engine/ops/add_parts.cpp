#include "ops/add_parts.h"

#include "ops/spatial.h"

namespace tuff {

// CPU drivers take four elements at once, so that a subgroup reads whole cache lines: it reads all parts before the
// next subgroup of its group reads any (Mesa 25: 24 parts of 73,728 elements took 3.0 ms one by one, 0.9 ms so).
Dispatch add_parts(std::uint64_t elements, std::uint32_t parts, const DeviceCaps& caps) {
  const std::uint32_t lanes = caps.is_cpu() && elements % 4 == 0 ? 4 : 1;
  Dispatch dispatch;
  dispatch.shader = "conv_weight_gradient/sum_parts." + vector_variant(lanes, caps);
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_workspace(0), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(elements / lanes), parts};
  dispatch.groups = linear_groups(elements / lanes, caps);
  dispatch.flops = static_cast<double>(elements) * parts;
  dispatch.bytes = 4.0 * static_cast<double>(elements) * (parts + 1);
  return dispatch;
}

}  // namespace tuff
