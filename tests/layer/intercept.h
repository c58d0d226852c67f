// The tables by which the loader finds the layer's functions. A function that is in none goes to the next layer.
#pragma once

#include <span>
#include <string_view>

#include <vulkan/vk_layer.h>

namespace tuff_test {

inline constexpr std::string_view kLayerName = "VK_LAYER_TUFF_test";

// Keeps the function's own type, as a conversion to PFN_vkVoidFunction is no constant expression.
struct Intercept {
  std::string_view name;
  PFN_vkVoidFunction (*function)();
};

template <auto Function>
PFN_vkVoidFunction erased() {
  return reinterpret_cast<PFN_vkVoidFunction>(Function);
}

inline PFN_vkVoidFunction find_intercept(std::span<const Intercept> table, std::string_view name) {
  for (const Intercept& entry : table) {
    if (entry.name == name) return entry.function();
  }
  return nullptr;
}

// Null where the layer leaves the function alone.
PFN_vkVoidFunction instance_intercept(std::string_view name);
PFN_vkVoidFunction device_intercept(std::string_view name);

// The structure of a create-info's chain with which the loader hands over the next layer; null if absent.
template <class Info>
Info* find_link(const void* chain, VkStructureType type) {
  for (auto* at = static_cast<const Info*>(chain); at != nullptr; at = static_cast<const Info*>(at->pNext)) {
    if (at->sType == type && at->function == VK_LAYER_LINK_INFO) return const_cast<Info*>(at);  // the loader's rule
  }
  return nullptr;
}

}  // namespace tuff_test
