// Device-level interception: faults on submission, wait and allocation, and the counts.
#include "layer/intercept.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <vector>

#include "layer/state.h"
#include "layer/statistics.h"
#include "layer/weaken.h"

namespace tuff_test {

Registry<Device> devices;
Counters counters;

namespace {

void write_counts(const std::string& path) {
  const TuffTestLayerCounts counts = counters.snapshot();
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return;
  std::fprintf(file,
               "{\"devices\": %llu, \"pipelines\": %llu, \"command_buffers\": %llu, \"allocations\": %llu, "
               "\"submissions\": %llu, \"bytes\": %llu, \"peak_bytes\": %llu}\n",
               static_cast<unsigned long long>(counts.devices), static_cast<unsigned long long>(counts.pipelines),
               static_cast<unsigned long long>(counts.command_buffers),
               static_cast<unsigned long long>(counts.allocations), static_cast<unsigned long long>(counts.submissions),
               static_cast<unsigned long long>(counts.bytes), static_cast<unsigned long long>(counts.peak_bytes));
  std::fclose(file);
}

VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo* info,
                                             const VkAllocationCallbacks* allocator, VkDevice* out) {
  const auto instance = instances.find(physical);
  auto* link = find_link<VkLayerDeviceCreateInfo>(info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
  if (link == nullptr) return VK_ERROR_INITIALIZATION_FAILED;
  if (asks_for_hidden_feature(instance->settings, *info)) return VK_ERROR_FEATURE_NOT_PRESENT;
  for (std::uint32_t i = 0; i < info->enabledExtensionCount; ++i) {
    if (instance->settings.hides(info->ppEnabledExtensionNames[i])) return VK_ERROR_EXTENSION_NOT_PRESENT;
  }
  auto device = std::make_shared<Device>();
  device->lookup = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  device->settings = instance->settings;
  const auto next_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  const auto next = reinterpret_cast<PFN_vkCreateDevice>(next_instance(instance->handle, "vkCreateDevice"));
  std::optional<WithoutStatistics> without;
  if (device->settings.pipeline_statistics) info = &without.emplace(*info).info();
  const VkResult result = next(physical, info, allocator, out);
  if (result != VK_SUCCESS) return result;
  device->handle = *out;
  devices.add(*out, device);
  ++counters.devices;
  return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL destroy_device(VkDevice handle, const VkAllocationCallbacks* allocator) {
  if (handle == VK_NULL_HANDLE) return;
  const auto device = devices.remove(handle);
  device->next<PFN_vkDestroyDevice>("vkDestroyDevice")(handle, allocator);
  counters.bytes -= device->bytes;  // of memory that was never freed
  if (!device->settings.counts_file.empty()) write_counts(device->settings.counts_file);
}

// Counts a submission and says what becomes of it; it runs where the device is well.
Health admit_submission(Device& device) {
  const std::lock_guard lock(device.mutex);
  ++counters.submissions;
  ++device.submissions;
  if (device.submissions == device.settings.lose_at_submit) device.health = Health::lost;
  if (device.submissions == device.settings.hang_at_submit) device.health = Health::hung;
  return device.health;
}

VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, std::uint32_t count, const VkSubmitInfo* infos,
                                            VkFence fence) {
  const auto device = devices.find(queue);
  const Health health = admit_submission(*device);
  if (health != Health::well) return health == Health::hung ? VK_SUCCESS : VK_ERROR_DEVICE_LOST;
  return device->next<PFN_vkQueueSubmit>("vkQueueSubmit")(queue, count, infos, fence);
}

VkResult submit2(const char* name, VkQueue queue, std::uint32_t count, const VkSubmitInfo2* infos, VkFence fence) {
  const auto device = devices.find(queue);
  const Health health = admit_submission(*device);
  if (health != Health::well) return health == Health::hung ? VK_SUCCESS : VK_ERROR_DEVICE_LOST;
  return device->next<PFN_vkQueueSubmit2>(name)(queue, count, infos, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL queue_submit2(VkQueue queue, std::uint32_t count, const VkSubmitInfo2* infos,
                                             VkFence fence) {
  return submit2("vkQueueSubmit2", queue, count, infos, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL queue_submit2_khr(VkQueue queue, std::uint32_t count, const VkSubmitInfo2* infos,
                                                 VkFence fence) {
  return submit2("vkQueueSubmit2KHR", queue, count, infos, fence);
}

// Waits and queries report a loss, and find out about a hang.
bool is_lost(Device& device) {
  const std::lock_guard lock(device.mutex);
  if (device.health == Health::hung) device.health = Health::lost;
  return device.health == Health::lost;
}

VKAPI_ATTR VkResult VKAPI_CALL queue_wait_idle(VkQueue queue) {
  const auto device = devices.find(queue);
  if (is_lost(*device)) return VK_ERROR_DEVICE_LOST;
  return device->next<PFN_vkQueueWaitIdle>("vkQueueWaitIdle")(queue);
}

VKAPI_ATTR VkResult VKAPI_CALL device_wait_idle(VkDevice handle) {
  const auto device = devices.find(handle);
  if (is_lost(*device)) return VK_ERROR_DEVICE_LOST;
  return device->next<PFN_vkDeviceWaitIdle>("vkDeviceWaitIdle")(handle);
}

VKAPI_ATTR VkResult VKAPI_CALL wait_for_fences(VkDevice handle, std::uint32_t count, const VkFence* fences,
                                               VkBool32 all, std::uint64_t timeout) {
  const auto device = devices.find(handle);
  if (is_lost(*device)) return VK_ERROR_DEVICE_LOST;
  return device->next<PFN_vkWaitForFences>("vkWaitForFences")(handle, count, fences, all, timeout);
}

VKAPI_ATTR VkResult VKAPI_CALL get_fence_status(VkDevice handle, VkFence fence) {
  const auto device = devices.find(handle);
  if (is_lost(*device)) return VK_ERROR_DEVICE_LOST;
  return device->next<PFN_vkGetFenceStatus>("vkGetFenceStatus")(handle, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL wait_semaphores(VkDevice handle, const VkSemaphoreWaitInfo* info,
                                               std::uint64_t timeout) {
  const auto device = devices.find(handle);
  if (is_lost(*device)) return VK_ERROR_DEVICE_LOST;
  return device->next<PFN_vkWaitSemaphores>("vkWaitSemaphores")(handle, info, timeout);
}

VKAPI_ATTR VkResult VKAPI_CALL get_semaphore_value(VkDevice handle, VkSemaphore semaphore, std::uint64_t* value) {
  const auto device = devices.find(handle);
  if (is_lost(*device)) return VK_ERROR_DEVICE_LOST;
  return device->next<PFN_vkGetSemaphoreCounterValue>("vkGetSemaphoreCounterValue")(handle, semaphore, value);
}

// With VK_QUERY_RESULT_WAIT_BIT it would wait for ever on a submission that never ran.
VKAPI_ATTR VkResult VKAPI_CALL get_query_results(VkDevice handle, VkQueryPool pool, std::uint32_t first,
                                                 std::uint32_t count, std::size_t size, void* data, VkDeviceSize stride,
                                                 VkQueryResultFlags flags) {
  const auto device = devices.find(handle);
  if (is_lost(*device)) return VK_ERROR_DEVICE_LOST;
  return device->next<PFN_vkGetQueryPoolResults>("vkGetQueryPoolResults")(handle, pool, first, count, size, data,
                                                                          stride, flags);
}

VKAPI_ATTR VkResult VKAPI_CALL allocate_memory(VkDevice handle, const VkMemoryAllocateInfo* info,
                                               const VkAllocationCallbacks* allocator, VkDeviceMemory* out) {
  const auto device = devices.find(handle);
  const std::lock_guard lock(device->mutex);
  const std::uint64_t size = info->allocationSize;
  const bool fails = ++device->allocation_attempts == device->settings.out_of_memory_at_allocation;
  const std::uint64_t room = device->settings.memory_budget - std::min(device->settings.memory_budget, device->bytes);
  if (fails || size > room) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  const VkResult result = device->next<PFN_vkAllocateMemory>("vkAllocateMemory")(handle, info, allocator, out);
  if (result != VK_SUCCESS) return result;
  device->memory[*out] = size;
  device->bytes += size;
  ++counters.allocations;
  counters.add_bytes(size);
  return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL free_memory(VkDevice handle, VkDeviceMemory memory, const VkAllocationCallbacks* allocator) {
  const auto device = devices.find(handle);
  {
    const std::lock_guard lock(device->mutex);
    const auto node = device->memory.extract(memory);
    if (!node.empty()) {
      device->bytes -= node.mapped();
      counters.bytes -= node.mapped();
    }
  }
  device->next<PFN_vkFreeMemory>("vkFreeMemory")(handle, memory, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL create_compute_pipelines(VkDevice handle, VkPipelineCache cache, std::uint32_t count,
                                                        const VkComputePipelineCreateInfo* infos,
                                                        const VkAllocationCallbacks* allocator, VkPipeline* out) {
  const auto device = devices.find(handle);
  counters.pipelines += count;
  const auto next = device->next<PFN_vkCreateComputePipelines>("vkCreateComputePipelines");
  if (!device->settings.pipeline_statistics) return next(handle, cache, count, infos, allocator, out);
  std::vector<VkComputePipelineCreateInfo> plain(infos, infos + count);
  for (VkComputePipelineCreateInfo& info : plain) info.flags &= ~VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;
  const VkResult result = next(handle, cache, count, plain.data(), allocator, out);
  const std::lock_guard lock(device->mutex);
  for (std::uint32_t i = 0; i < count; ++i)
    if ((infos[i].flags & VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR) != 0) device->captured.insert(out[i]);
  return result;
}

VKAPI_ATTR VkResult VKAPI_CALL begin_command_buffer(VkCommandBuffer commands, const VkCommandBufferBeginInfo* info) {
  const auto device = devices.find(commands);
  ++counters.command_buffers;
  return device->next<PFN_vkBeginCommandBuffer>("vkBeginCommandBuffer")(commands, info);
}

}  // namespace

PFN_vkVoidFunction device_intercept(std::string_view name) {
  static constexpr Intercept kTable[] = {
      {"vkCreateDevice", erased<create_device>},
      {"vkDestroyDevice", erased<destroy_device>},
      {"vkQueueSubmit", erased<queue_submit>},
      {"vkQueueSubmit2", erased<queue_submit2>},
      {"vkQueueSubmit2KHR", erased<queue_submit2_khr>},
      {"vkQueueWaitIdle", erased<queue_wait_idle>},
      {"vkDeviceWaitIdle", erased<device_wait_idle>},
      {"vkWaitForFences", erased<wait_for_fences>},
      {"vkGetFenceStatus", erased<get_fence_status>},
      {"vkWaitSemaphores", erased<wait_semaphores>},
      {"vkWaitSemaphoresKHR", erased<wait_semaphores>},
      {"vkGetSemaphoreCounterValue", erased<get_semaphore_value>},
      {"vkGetSemaphoreCounterValueKHR", erased<get_semaphore_value>},
      {"vkGetQueryPoolResults", erased<get_query_results>},
      {"vkAllocateMemory", erased<allocate_memory>},
      {"vkFreeMemory", erased<free_memory>},
      {"vkCreateComputePipelines", erased<create_compute_pipelines>},
      {"vkBeginCommandBuffer", erased<begin_command_buffer>},
  };
  return find_intercept(kTable, name);
}

}  // namespace tuff_test
