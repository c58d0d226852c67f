// Instance-level interception: reads the settings and weakens what the driver says of its devices.
#include "layer/intercept.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "layer/state.h"
#include "layer/statistics.h"
#include "layer/weaken.h"

namespace tuff_test {

Registry<Instance> instances;

namespace {

VKAPI_ATTR void VKAPI_CALL destroy_instance(VkInstance handle, const VkAllocationCallbacks* allocator) {
  if (handle == VK_NULL_HANDLE) return;
  const auto instance = instances.remove(handle);
  instance->next<PFN_vkDestroyInstance>("vkDestroyInstance")(handle, allocator);
}

VKAPI_ATTR void VKAPI_CALL get_properties(VkPhysicalDevice device, VkPhysicalDeviceProperties* properties) {
  const auto instance = instances.find(device);
  instance->next<PFN_vkGetPhysicalDeviceProperties>("vkGetPhysicalDeviceProperties")(device, properties);
  weaken_properties(instance->settings, *properties);
}

VKAPI_ATTR void VKAPI_CALL get_properties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2* properties) {
  const auto instance = instances.find(device);
  instance->next<PFN_vkGetPhysicalDeviceProperties2>("vkGetPhysicalDeviceProperties2")(device, properties);
  weaken_properties(instance->settings, properties->properties);
  weaken_property_chain(instance->settings, properties->pNext);
}

VKAPI_ATTR void VKAPI_CALL get_features(VkPhysicalDevice device, VkPhysicalDeviceFeatures* features) {
  const auto instance = instances.find(device);
  instance->next<PFN_vkGetPhysicalDeviceFeatures>("vkGetPhysicalDeviceFeatures")(device, features);
  weaken_features(instance->settings, *features);
}

VKAPI_ATTR void VKAPI_CALL get_features2(VkPhysicalDevice device, VkPhysicalDeviceFeatures2* features) {
  const auto instance = instances.find(device);
  instance->next<PFN_vkGetPhysicalDeviceFeatures2>("vkGetPhysicalDeviceFeatures2")(device, features);
  weaken_feature_chain(instance->settings, features);
  if (instance->settings.pipeline_statistics) offer_statistics_feature(features);
}

VKAPI_ATTR void VKAPI_CALL get_memory(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties* memory) {
  const auto instance = instances.find(device);
  instance->next<PFN_vkGetPhysicalDeviceMemoryProperties>("vkGetPhysicalDeviceMemoryProperties")(device, memory);
  weaken_memory(instance->settings, *memory);
}

VKAPI_ATTR void VKAPI_CALL get_memory2(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties2* memory) {
  const auto instance = instances.find(device);
  instance->next<PFN_vkGetPhysicalDeviceMemoryProperties2>("vkGetPhysicalDeviceMemoryProperties2")(device, memory);
  weaken_memory(instance->settings, memory->memoryProperties);
  for (auto* at = static_cast<VkBaseOutStructure*>(memory->pNext); at != nullptr; at = at->pNext) {
    if (at->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT) continue;
    void* data = at;
    for (VkDeviceSize& budget : static_cast<VkPhysicalDeviceMemoryBudgetPropertiesEXT*>(data)->heapBudget) {
      budget = std::min(budget, instance->settings.memory_budget);
    }
  }
}

VKAPI_ATTR void VKAPI_CALL get_queue_families(VkPhysicalDevice device, std::uint32_t* count,
                                              VkQueueFamilyProperties* families) {
  const auto instance = instances.find(device);
  instance->next<PFN_vkGetPhysicalDeviceQueueFamilyProperties>("vkGetPhysicalDeviceQueueFamilyProperties")(
      device, count, families);
  for (std::uint32_t i = 0; families != nullptr && i < *count; ++i) {
    weaken_queue_family(instance->settings, families[i]);
  }
}

VKAPI_ATTR void VKAPI_CALL get_queue_families2(VkPhysicalDevice device, std::uint32_t* count,
                                               VkQueueFamilyProperties2* families) {
  const auto instance = instances.find(device);
  instance->next<PFN_vkGetPhysicalDeviceQueueFamilyProperties2>("vkGetPhysicalDeviceQueueFamilyProperties2")(
      device, count, families);
  for (std::uint32_t i = 0; families != nullptr && i < *count; ++i) {
    weaken_queue_family(instance->settings, families[i].queueFamilyProperties);
  }
}

VKAPI_ATTR VkResult VKAPI_CALL enumerate_extensions(VkPhysicalDevice device, const char* layer, std::uint32_t* count,
                                                    VkExtensionProperties* out) {
  if (layer != nullptr && std::string_view(layer) == kLayerName) {
    *count = 0;
    return VK_SUCCESS;
  }
  const auto instance = instances.find(device);
  const auto next = instance->next<PFN_vkEnumerateDeviceExtensionProperties>("vkEnumerateDeviceExtensionProperties");
  std::uint32_t all = 0;
  VkResult result = next(device, layer, &all, nullptr);
  std::vector<VkExtensionProperties> extensions(all);
  if (result == VK_SUCCESS) result = next(device, layer, &all, extensions.data());
  if (result != VK_SUCCESS) return result;
  std::erase_if(extensions, [&](const VkExtensionProperties& e) { return instance->settings.hides(e.extensionName); });
  if (layer == nullptr && instance->settings.pipeline_statistics) offer_statistics(extensions);
  const auto visible = static_cast<std::uint32_t>(extensions.size());
  if (out == nullptr) {
    *count = visible;
    return VK_SUCCESS;
  }
  const std::uint32_t room = *count;
  *count = std::min(room, visible);
  std::copy_n(extensions.begin(), *count, out);
  return room < visible ? VK_INCOMPLETE : VK_SUCCESS;
}

constexpr Intercept kTable[] = {
    {"vkDestroyInstance", erased<destroy_instance>},
    {"vkGetPhysicalDeviceProperties", erased<get_properties>},
    {"vkGetPhysicalDeviceProperties2", erased<get_properties2>},
    {"vkGetPhysicalDeviceProperties2KHR", erased<get_properties2>},
    {"vkGetPhysicalDeviceFeatures", erased<get_features>},
    {"vkGetPhysicalDeviceFeatures2", erased<get_features2>},
    {"vkGetPhysicalDeviceFeatures2KHR", erased<get_features2>},
    {"vkGetPhysicalDeviceMemoryProperties", erased<get_memory>},
    {"vkGetPhysicalDeviceMemoryProperties2", erased<get_memory2>},
    {"vkGetPhysicalDeviceMemoryProperties2KHR", erased<get_memory2>},
    {"vkGetPhysicalDeviceQueueFamilyProperties", erased<get_queue_families>},
    {"vkGetPhysicalDeviceQueueFamilyProperties2", erased<get_queue_families2>},
    {"vkGetPhysicalDeviceQueueFamilyProperties2KHR", erased<get_queue_families2>},
    {"vkEnumerateDeviceExtensionProperties", erased<enumerate_extensions>},
};

VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo* info, const VkAllocationCallbacks* allocator,
                                               VkInstance* out) {
  auto* link = find_link<VkLayerInstanceCreateInfo>(info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
  if (link == nullptr) return VK_ERROR_INITIALIZATION_FAILED;
  auto instance = std::make_shared<Instance>();
  const char* words = std::getenv("TUFF_TEST_LAYER");
  std::string error;
  if (words != nullptr && !parse_settings(words, instance->settings, error)) {
    std::fprintf(stderr, "VK_LAYER_TUFF_test: TUFF_TEST_LAYER has an unknown word: %s\n", error.c_str());
    return VK_ERROR_INITIALIZATION_FAILED;
  }
  instance->lookup = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  const auto next = reinterpret_cast<PFN_vkCreateInstance>(instance->lookup(VK_NULL_HANDLE, "vkCreateInstance"));
  const VkResult result = next(info, allocator, out);
  if (result != VK_SUCCESS) return result;
  instance->handle = *out;
  for (const Intercept& entry : kTable) {
    instance->functions[entry.name] = instance->lookup(*out, entry.name.data());  // literals: they end with 0
  }
  instances.add(*out, instance);
  return VK_SUCCESS;
}

}  // namespace

PFN_vkVoidFunction instance_intercept(std::string_view name) {
  if (name == "vkCreateInstance") return erased<create_instance>();
  return find_intercept(kTable, name);
}

}  // namespace tuff_test
