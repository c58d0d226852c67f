// What everything made by a Device shares: handles, functions, the timeline, counters. Internal to this
// folder; buffers and command buffers hold it, so the VkDevice ends with the last of them.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "plan/device_caps.h"
#include "vulkan/device.h"
#include "vulkan/result.h"

namespace tuff {

constexpr std::uint32_t kPushConstantBytes = 128;  // every device has these

struct DeviceContext {
  std::shared_ptr<Instance> instance;
  DeviceFunctions vk;
  VkPhysicalDevice physical_device = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  std::uint32_t queue_family = 0;
  std::mutex* queue_lock = nullptr;
  bool owned = false;  // else the VkDevice is the caller's
  std::string name;
  DeviceCaps caps;                   // as they are, not lowered
  bool memory_budget = false;        // VK_EXT_memory_budget
  bool pipeline_statistics = false;  // VK_KHR_pipeline_executable_properties, where it was asked for
  std::uint32_t timestamp_bits = 0;
  VkPhysicalDeviceMemoryProperties memory{};
  VkSemaphore timeline = VK_NULL_HANDLE;
  VkPipelineLayout layout = VK_NULL_HANDLE;  // push constants only: the same for every kernel
  std::uint64_t last_ticket = 0;
  DeviceCounters counters;

  DeviceContext() = default;
  DeviceContext(const DeviceContext&) = delete;
  DeviceContext& operator=(const DeviceContext&) = delete;
  ~DeviceContext();

  void create_shared_objects();  // timeline and layout, once the device is there
  bool shares_host_memory() const { return caps.is_cpu() || caps.kind == DeviceKind::integrated; }
  void check(VkResult result, std::string_view action) const { tuff::check(result, name, action); }
  void wait(Ticket ticket);
  // For destructors: a lost device has nothing left to wait for.
  void wait_quietly(Ticket ticket) noexcept;
  std::uint64_t available_memory() const;  // see Device
};

}  // namespace tuff
