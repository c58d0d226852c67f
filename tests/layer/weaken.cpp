#include "layer/weaken.h"

#include <algorithm>
#include <array>

namespace tuff_test {
namespace {

constexpr std::array<std::string_view, 11> kLimits = {"maxComputeSharedMemorySize",
                                                      "maxComputeWorkGroupInvocations",
                                                      "maxComputeWorkGroupSize",
                                                      "maxComputeWorkGroupCount",
                                                      "maxPushConstantsSize",
                                                      "maxStorageBufferRange",
                                                      "maxMemoryAllocationCount",
                                                      "maxMemoryAllocationSize",
                                                      "maxBufferSize",
                                                      "heapSize",
                                                      "subgroupSize"};

template <class Visit>
void visit_features(VkPhysicalDeviceFeatures& features, Visit&& visit) {
  visit("shaderInt64", features.shaderInt64);
  visit("shaderInt16", features.shaderInt16);
  visit("shaderFloat64", features.shaderFloat64);
  visit("robustBufferAccess", features.robustBufferAccess);
}

template <class Features, class Visit>
void visit_16bit_storage(Features& features, Visit&& visit) {
  visit("storageBuffer16BitAccess", features.storageBuffer16BitAccess);
  visit("uniformAndStorageBuffer16BitAccess", features.uniformAndStorageBuffer16BitAccess);
  visit("storagePushConstant16", features.storagePushConstant16);
}

template <class Visit>
void visit_vulkan12(VkPhysicalDeviceVulkan12Features& features, Visit&& visit) {
  visit("shaderFloat16", features.shaderFloat16);
  visit("shaderInt8", features.shaderInt8);
  visit("storageBuffer8BitAccess", features.storageBuffer8BitAccess);
  visit("bufferDeviceAddress", features.bufferDeviceAddress);
  visit("timelineSemaphore", features.timelineSemaphore);
  visit("vulkanMemoryModel", features.vulkanMemoryModel);
  visit("scalarBlockLayout", features.scalarBlockLayout);
  visit("hostQueryReset", features.hostQueryReset);
}

template <class Visit>
void visit_vulkan13(VkPhysicalDeviceVulkan13Features& features, Visit&& visit) {
  visit("subgroupSizeControl", features.subgroupSizeControl);
  visit("computeFullSubgroups", features.computeFullSubgroups);
  visit("synchronization2", features.synchronization2);
  visit("maintenance4", features.maintenance4);
  visit("shaderIntegerDotProduct", features.shaderIntegerDotProduct);
}

template <class Visit>
void visit_structure(VkBaseOutStructure* structure, Visit&& visit) {
  void* data = structure;
  switch (structure->sType) {
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2:
      return visit_features(static_cast<VkPhysicalDeviceFeatures2*>(data)->features, visit);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES:
      return visit_16bit_storage(*static_cast<VkPhysicalDeviceVulkan11Features*>(data), visit);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES:
      return visit_16bit_storage(*static_cast<VkPhysicalDevice16BitStorageFeatures*>(data), visit);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES:
      return visit("storageBuffer8BitAccess",
                   static_cast<VkPhysicalDevice8BitStorageFeatures*>(data)->storageBuffer8BitAccess);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES: {
      auto* features = static_cast<VkPhysicalDeviceShaderFloat16Int8Features*>(data);
      visit("shaderFloat16", features->shaderFloat16);
      return visit("shaderInt8", features->shaderInt8);
    }
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES:
      return visit("bufferDeviceAddress",
                   static_cast<VkPhysicalDeviceBufferDeviceAddressFeatures*>(data)->bufferDeviceAddress);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES:
      return visit("timelineSemaphore",
                   static_cast<VkPhysicalDeviceTimelineSemaphoreFeatures*>(data)->timelineSemaphore);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES:
      return visit_vulkan12(*static_cast<VkPhysicalDeviceVulkan12Features*>(data), visit);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES:
      return visit_vulkan13(*static_cast<VkPhysicalDeviceVulkan13Features*>(data), visit);
    default: return;
  }
}

template <class Visit>
void visit_chain(void* chain, Visit&& visit) {
  for (auto* at = static_cast<VkBaseOutStructure*>(chain); at != nullptr; at = at->pNext) visit_structure(at, visit);
}

template <class Value>
void lower(const Settings& settings, std::string_view name, Value& value) {
  const auto found = settings.limits.find(name);
  if (found != settings.limits.end() && found->second < value) value = static_cast<Value>(found->second);
}

void set_subgroup_size(const Settings& settings, std::uint32_t& value) {
  const auto found = settings.limits.find("subgroupSize");
  if (found != settings.limits.end()) value = static_cast<std::uint32_t>(found->second);
}

}  // namespace

bool is_limit(std::string_view name) {
  return std::ranges::find(kLimits, name) != kLimits.end();
}

bool is_feature(std::string_view name) {
  bool found = false;
  const auto compare = [&](std::string_view feature, VkBool32&) { found = found || feature == name; };
  VkPhysicalDeviceFeatures core{};
  VkPhysicalDeviceVulkan11Features vulkan11{};
  VkPhysicalDeviceVulkan12Features vulkan12{};
  VkPhysicalDeviceVulkan13Features vulkan13{};
  visit_features(core, compare);
  visit_16bit_storage(vulkan11, compare);
  visit_vulkan12(vulkan12, compare);
  visit_vulkan13(vulkan13, compare);
  return found;
}

void weaken_properties(const Settings& settings, VkPhysicalDeviceProperties& properties) {
  VkPhysicalDeviceLimits& limits = properties.limits;
  lower(settings, "maxComputeSharedMemorySize", limits.maxComputeSharedMemorySize);
  lower(settings, "maxComputeWorkGroupInvocations", limits.maxComputeWorkGroupInvocations);
  for (std::uint32_t& size : limits.maxComputeWorkGroupSize) lower(settings, "maxComputeWorkGroupSize", size);
  for (std::uint32_t& count : limits.maxComputeWorkGroupCount) lower(settings, "maxComputeWorkGroupCount", count);
  lower(settings, "maxPushConstantsSize", limits.maxPushConstantsSize);
  lower(settings, "maxStorageBufferRange", limits.maxStorageBufferRange);
  lower(settings, "maxMemoryAllocationCount", limits.maxMemoryAllocationCount);
  if (settings.hides("timestamps")) limits.timestampComputeAndGraphics = VK_FALSE;
}

void weaken_property_chain(const Settings& settings, void* chain) {
  for (auto* at = static_cast<VkBaseOutStructure*>(chain); at != nullptr; at = at->pNext) {
    void* data = at;
    if (at->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES) {
      set_subgroup_size(settings, static_cast<VkPhysicalDeviceSubgroupProperties*>(data)->subgroupSize);
    } else if (at->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES) {
      auto* properties = static_cast<VkPhysicalDeviceVulkan11Properties*>(data);
      set_subgroup_size(settings, properties->subgroupSize);
      lower(settings, "maxMemoryAllocationSize", properties->maxMemoryAllocationSize);
    } else if (at->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES) {
      lower(settings, "maxMemoryAllocationSize",
            static_cast<VkPhysicalDeviceMaintenance3Properties*>(data)->maxMemoryAllocationSize);
    } else if (at->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES) {
      lower(settings, "maxBufferSize", static_cast<VkPhysicalDeviceVulkan13Properties*>(data)->maxBufferSize);
    } else if (at->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES) {
      lower(settings, "maxBufferSize", static_cast<VkPhysicalDeviceMaintenance4Properties*>(data)->maxBufferSize);
    }
  }
}

void weaken_features(const Settings& settings, VkPhysicalDeviceFeatures& features) {
  visit_features(features, [&](std::string_view name, VkBool32& value) {
    if (settings.hides(name)) value = VK_FALSE;
  });
}

void weaken_feature_chain(const Settings& settings, void* chain) {
  visit_chain(chain, [&](std::string_view name, VkBool32& value) {
    if (settings.hides(name)) value = VK_FALSE;
  });
}

void weaken_memory(const Settings& settings, VkPhysicalDeviceMemoryProperties& memory) {
  for (std::uint32_t i = 0; i < memory.memoryHeapCount; ++i) lower(settings, "heapSize", memory.memoryHeaps[i].size);
}

void weaken_queue_family(const Settings& settings, VkQueueFamilyProperties& family) {
  if (settings.hides("timestamps")) family.timestampValidBits = 0;
}

bool asks_for_hidden_feature(const Settings& settings, const VkDeviceCreateInfo& info) {
  bool asks = false;
  const auto check = [&](std::string_view name, const VkBool32& value) {
    asks = asks || (value == VK_TRUE && settings.hides(name));
  };
  if (info.pEnabledFeatures != nullptr) {
    VkPhysicalDeviceFeatures features = *info.pEnabledFeatures;
    visit_features(features, check);
  }
  visit_chain(const_cast<void*>(info.pNext), check);  // only read
  return asks;
}

}  // namespace tuff_test
