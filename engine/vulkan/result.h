// Vulkan's result codes as our errors.
#pragma once

#include <string>
#include <string_view>

#include "vulkan/functions.h"

namespace tuff {

// "VK_ERROR_DEVICE_LOST"; "VkResult -1234" for unknown ones.
std::string result_name(VkResult result);

// Nothing for a success; DeviceLost, OutOfMemory or Error otherwise. `device`: its name; `action`: what was
// being done ("submitting work").
void check(VkResult result, std::string_view device, std::string_view action);

}  // namespace tuff
