// Lowers what a driver says of itself, by the names in Settings.
#pragma once

#include <string_view>

#include <vulkan/vulkan_core.h>

#include "layer/settings.h"

namespace tuff_test {

bool is_limit(std::string_view name);
bool is_feature(std::string_view name);

// `chain`: the pNext of the query, any structures.
void weaken_properties(const Settings& settings, VkPhysicalDeviceProperties& properties);
void weaken_property_chain(const Settings& settings, void* chain);
void weaken_features(const Settings& settings, VkPhysicalDeviceFeatures& features);
void weaken_feature_chain(const Settings& settings, void* chain);
void weaken_memory(const Settings& settings, VkPhysicalDeviceMemoryProperties& memory);
void weaken_queue_family(const Settings& settings, VkQueueFamilyProperties& family);

// Does vkCreateDevice ask for a feature that is hidden?
bool asks_for_hidden_feature(const Settings& settings, const VkDeviceCreateInfo& info);

}  // namespace tuff_test
