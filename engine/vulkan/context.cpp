#include "vulkan/context.h"

#include <algorithm>

#include "base/error.h"
#include "base/os.h"

namespace tuff {

DeviceContext::~DeviceContext() {
  if (device == VK_NULL_HANDLE) return;
  if (layout != VK_NULL_HANDLE) vk.destroy_pipeline_layout(device, layout, nullptr);
  if (timeline != VK_NULL_HANDLE) vk.destroy_semaphore(device, timeline, nullptr);
  if (owned && vk.destroy_device != nullptr) vk.destroy_device(device, nullptr);
}

void DeviceContext::create_shared_objects() {
  const VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                          .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
  const VkSemaphoreCreateInfo semaphore = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
  check(vk.create_semaphore(device, &semaphore, nullptr, &timeline), "creating a semaphore");
  const VkPushConstantRange range = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .size = kPushConstantBytes};
  const VkPipelineLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                           .pushConstantRangeCount = 1,
                                           .pPushConstantRanges = &range};
  check(vk.create_pipeline_layout(device, &info, nullptr, &layout), "creating a pipeline layout");
}

void DeviceContext::wait(Ticket ticket) {
  if (ticket.value == 0) return;
  const VkSemaphoreWaitInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                    .semaphoreCount = 1,
                                    .pSemaphores = &timeline,
                                    .pValues = &ticket.value};
  check(vk.wait_semaphores(device, &info, UINT64_MAX), "waiting for it");
}

void DeviceContext::wait_quietly(Ticket ticket) noexcept {
  try {
    wait(ticket);
  } catch (const Error&) {
  }
}

std::uint64_t DeviceContext::available_memory() const {
  std::uint64_t available = caps.memory - std::min(caps.memory, counters.bytes);
  if (memory_budget) {
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
                                                    .pNext = &budget};
    instance->functions().get_memory_properties2(physical_device, &properties);
    std::uint64_t best = 0;
    for (std::uint32_t heap = 0; heap < memory.memoryHeapCount; ++heap)
      if ((memory.memoryHeaps[heap].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0)
        best = std::max(best, budget.heapBudget[heap] - std::min(budget.heapBudget[heap], budget.heapUsage[heap]));
    if (best > 0) available = std::min(available, best);
  }
  // A CPU driver reports what the machine has, not what is free.
  if (caps.is_cpu()) available = std::min(available, os::available_memory());
  return available;
}

}  // namespace tuff
