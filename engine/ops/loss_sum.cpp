#include "ops/loss_sum.h"

#include <algorithm>

#include "ops/spatial.h"

namespace tuff {

// Enough invocations to fill the device, and no fewer than 16 elements each. A CPU's lanes are few and its threads
// dear to start; a GPU wants some thousands in flight. The last sum is serial, hence the cap.
std::uint32_t loss_parts(std::uint64_t count, const DeviceCaps& caps) {
  const std::uint64_t wanted = std::uint64_t{caps.cores} * (caps.is_cpu() ? 64 : 128);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(count / 16, 1, std::min<std::uint64_t>(wanted, 4096)));
}

Dispatch sum_parts(std::uint32_t parts, float scale) {
  Dispatch dispatch;
  dispatch.shader = "loss/sum_parts.scalar";
  dispatch.specialization = {1, 1, 1};
  dispatch.buffers = {reads_workspace(0), writes_output(0)};
  dispatch.constants = {parts, float_bits(scale)};
  return dispatch;
}

bool is_class_map(const TensorType& target, const TensorType& x) {
  if (target.dtype != DType::i32 || target.layout != Layout::channels_last) return false;
  std::vector<std::int64_t> extents = x.shape.extents();
  extents[1] = 1;
  if (target.shape.extents() == extents) return true;
  extents.erase(extents.begin() + 1);
  return target.shape.extents() == extents;
}

ClassMap class_map(const TensorType& target, const TensorType& x) {
  const Volume pixels = volume(x);
  ClassMap map;
  if (target.shape.rank() == x.shape.rank() || target.shape.rank() < 3) return map;
  map.constants = {0, pixels.depth, pixels.height, pixels.width, 0, 0, 0, 0};
  const std::vector<std::int64_t> stride = strides(target);
  map.constants[4] = static_cast<std::uint32_t>(stride[0]);
  for (std::size_t axis = 1; axis < stride.size(); ++axis)
    map.constants[8 - stride.size() + axis] = static_cast<std::uint32_t>(stride[axis]);
  return map;
}

}  // namespace tuff
