#include "vulkan/functions.h"

#include <fmt/format.h>

#include "base/error.h"

namespace tuff {
namespace {

template <typename Lookup, typename Function>
void load(const Lookup& lookup, Function& function, const char* name) {
  function = reinterpret_cast<Function>(lookup(name));
  if (function == nullptr)
    throw Error(fmt::format("the Vulkan loader or driver has no {}: update it to Vulkan 1.2 or newer", name));
}

template <typename Lookup, typename Function>
void load_optional(const Lookup& lookup, Function& function, const char* name) {
  function = reinterpret_cast<Function>(lookup(name));
}

}  // namespace

GlobalFunctions load_global_functions(PFN_vkGetInstanceProcAddr lookup) {
  GlobalFunctions table;
  table.get_instance_proc_addr = lookup;
  const auto find = [&](const char* name) { return lookup(VK_NULL_HANDLE, name); };
  load(find, table.create_instance, "vkCreateInstance");
  load(find, table.enumerate_instance_extensions, "vkEnumerateInstanceExtensionProperties");
  load(find, table.enumerate_instance_layers, "vkEnumerateInstanceLayerProperties");
  return table;
}

InstanceFunctions load_instance_functions(PFN_vkGetInstanceProcAddr lookup, VkInstance instance) {
  InstanceFunctions table;
  const auto find = [&](const char* name) { return lookup(instance, name); };
  load(find, table.destroy_instance, "vkDestroyInstance");
  load(find, table.enumerate_physical_devices, "vkEnumeratePhysicalDevices");
  load(find, table.get_properties, "vkGetPhysicalDeviceProperties");
  load(find, table.get_properties2, "vkGetPhysicalDeviceProperties2");
  load(find, table.get_features2, "vkGetPhysicalDeviceFeatures2");
  load(find, table.get_memory_properties, "vkGetPhysicalDeviceMemoryProperties");
  load(find, table.get_memory_properties2, "vkGetPhysicalDeviceMemoryProperties2");
  load(find, table.get_queue_families, "vkGetPhysicalDeviceQueueFamilyProperties");
  load(find, table.enumerate_device_extensions, "vkEnumerateDeviceExtensionProperties");
  load(find, table.create_device, "vkCreateDevice");
  load(find, table.get_device_proc_addr, "vkGetDeviceProcAddr");
  load_optional(find, table.get_cooperative_matrix_properties, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
  load_optional(find, table.create_debug_messenger, "vkCreateDebugUtilsMessengerEXT");
  load_optional(find, table.destroy_debug_messenger, "vkDestroyDebugUtilsMessengerEXT");
  return table;
}

DeviceFunctions load_device_functions(PFN_vkGetDeviceProcAddr lookup, VkDevice device) {
  DeviceFunctions table;
  const auto find = [&](const char* name) { return lookup(device, name); };
  load(find, table.destroy_device, "vkDestroyDevice");
  load(find, table.get_device_queue, "vkGetDeviceQueue");
  load(find, table.device_wait_idle, "vkDeviceWaitIdle");
  load(find, table.queue_submit, "vkQueueSubmit");
  load(find, table.allocate_memory, "vkAllocateMemory");
  load(find, table.free_memory, "vkFreeMemory");
  load(find, table.map_memory, "vkMapMemory");
  load(find, table.create_buffer, "vkCreateBuffer");
  load(find, table.destroy_buffer, "vkDestroyBuffer");
  load(find, table.get_buffer_memory_requirements, "vkGetBufferMemoryRequirements");
  load(find, table.bind_buffer_memory, "vkBindBufferMemory");
  load(find, table.get_buffer_device_address, "vkGetBufferDeviceAddress");
  load(find, table.create_semaphore, "vkCreateSemaphore");
  load(find, table.destroy_semaphore, "vkDestroySemaphore");
  load(find, table.wait_semaphores, "vkWaitSemaphores");
  load(find, table.get_semaphore_counter_value, "vkGetSemaphoreCounterValue");
  load(find, table.create_shader_module, "vkCreateShaderModule");
  load(find, table.destroy_shader_module, "vkDestroyShaderModule");
  load(find, table.create_pipeline_layout, "vkCreatePipelineLayout");
  load(find, table.destroy_pipeline_layout, "vkDestroyPipelineLayout");
  load(find, table.create_pipeline_cache, "vkCreatePipelineCache");
  load(find, table.destroy_pipeline_cache, "vkDestroyPipelineCache");
  load(find, table.get_pipeline_cache_data, "vkGetPipelineCacheData");
  load(find, table.create_compute_pipelines, "vkCreateComputePipelines");
  load(find, table.destroy_pipeline, "vkDestroyPipeline");
  load_optional(find, table.get_pipeline_executable_properties, "vkGetPipelineExecutablePropertiesKHR");
  load_optional(find, table.get_pipeline_executable_statistics, "vkGetPipelineExecutableStatisticsKHR");
  load(find, table.create_command_pool, "vkCreateCommandPool");
  load(find, table.destroy_command_pool, "vkDestroyCommandPool");
  load(find, table.reset_command_pool, "vkResetCommandPool");
  load(find, table.allocate_command_buffers, "vkAllocateCommandBuffers");
  load(find, table.begin_command_buffer, "vkBeginCommandBuffer");
  load(find, table.end_command_buffer, "vkEndCommandBuffer");
  load(find, table.cmd_bind_pipeline, "vkCmdBindPipeline");
  load(find, table.cmd_push_constants, "vkCmdPushConstants");
  load(find, table.cmd_dispatch, "vkCmdDispatch");
  load(find, table.cmd_dispatch_base, "vkCmdDispatchBase");
  load(find, table.cmd_pipeline_barrier, "vkCmdPipelineBarrier");
  load(find, table.cmd_copy_buffer, "vkCmdCopyBuffer");
  load(find, table.cmd_fill_buffer, "vkCmdFillBuffer");
  load(find, table.create_query_pool, "vkCreateQueryPool");
  load(find, table.destroy_query_pool, "vkDestroyQueryPool");
  load(find, table.get_query_pool_results, "vkGetQueryPoolResults");
  load(find, table.cmd_reset_query_pool, "vkCmdResetQueryPool");
  load(find, table.cmd_write_timestamp, "vkCmdWriteTimestamp");
  return table;
}

}  // namespace tuff
