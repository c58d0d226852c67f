#include "plan/device_caps.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace tuff {

DeviceCaps restrict_caps(DeviceCaps caps, std::string_view profile) {
  if (profile.empty() || profile == "full") return caps;
  if (profile != "minimal")
    throw Error(fmt::format("TUFF_CAPS: unknown profile \"{}\"; profiles are: full, minimal", profile));
  const DeviceCaps smallest;
  caps.max_shared_memory = std::min(caps.max_shared_memory, smallest.max_shared_memory);
  caps.max_invocations = std::min(caps.max_invocations, smallest.max_invocations);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    caps.max_group_size[axis] = std::min(caps.max_group_size[axis], smallest.max_group_size[axis]);
    caps.max_groups[axis] = std::min(caps.max_groups[axis], smallest.max_groups[axis]);
  }
  caps.max_push_constants = smallest.max_push_constants;
  caps.subgroup_size = 0;
  // A CPU driver's own kernels are for CPU drivers; the weak device that is played here is a GPU.
  caps.kind = DeviceKind::integrated;
  caps.storage_16bit = caps.arithmetic_fp16 = caps.int64 = caps.subgroup_broadcast = caps.shared_loads = false;
  caps.cooperative_matrix = {};
  caps.cooperative_elements = false;
  return caps;
}

DeviceCaps pretended_caps(std::string_view profile) {
  DeviceCaps caps;
  caps.name = fmt::format("pretended {} device", profile);
  caps.driver = "none";
  caps.memory = 4ull << 30;
  if (profile == "minimal") {
    caps.kind = DeviceKind::integrated;
    return caps;
  }
  caps.max_shared_memory = 32768;
  caps.max_invocations = 1024;
  caps.max_group_size = {1024, 1024, 64};
  caps.storage_16bit = caps.arithmetic_fp16 = caps.int64 = caps.timestamps = true;
  caps.timestamp_period_ns = 1;
  if (profile == "discrete") {
    caps.kind = DeviceKind::discrete;
    caps.subgroup_size = 32;
    caps.cores = 64;
    caps.max_allocation = 4ull << 30;
    caps.cooperative_matrix = {16, 16, 16};
  } else if (profile == "integrated") {
    caps.kind = DeviceKind::integrated;
    caps.subgroup_size = 16;
  } else if (profile == "cpu") {
    caps.kind = DeviceKind::cpu;
    caps.subgroup_size = 8;
    caps.cores = 2;
    caps.max_allocation = 2ull << 30;
  } else {
    throw Error(fmt::format("no pretended device \"{}\"; there are: discrete, integrated, cpu, minimal", profile));
  }
  return caps;
}

}  // namespace tuff
