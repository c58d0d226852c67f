// How many parallel units a device has. Vulkan doesn't say: vendors' extensions do, for the rest there is
// a guess per vendor.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "plan/device_caps.h"
#include "vulkan/functions.h"

namespace tuff {

struct CoreCount {
  std::uint32_t cores = 1;
  std::string source;  // "VK_NV_shader_sm_builtins", "physical cores", "a guess"
};

CoreCount count_cores(const InstanceFunctions& vk, VkPhysicalDevice device, const DeviceCaps& caps,
                      const std::function<bool(std::string_view)>& has_extension);

}  // namespace tuff
