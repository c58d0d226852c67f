// Pretends VK_KHR_pipeline_executable_properties (the word pipeline_statistics), which no software driver has.
#pragma once

#include <string_view>
#include <vector>

#include <vulkan/vulkan_core.h>

namespace tuff_test {

void offer_statistics(std::vector<VkExtensionProperties>& extensions);
void offer_statistics_feature(void* chain);

// A device's create-info without the extension and its feature, of which the driver knows nothing. The caller's chain
// is as before once this is gone.
class WithoutStatistics {
 public:
  explicit WithoutStatistics(const VkDeviceCreateInfo& info);
  ~WithoutStatistics();
  WithoutStatistics(const WithoutStatistics&) = delete;
  WithoutStatistics& operator=(const WithoutStatistics&) = delete;
  const VkDeviceCreateInfo& info() const { return info_; }

 private:
  VkDeviceCreateInfo info_;
  std::vector<const char*> extensions_;
  VkBaseOutStructure* before_ = nullptr;  // the structure that pointed to the feature's
  VkBaseOutStructure* feature_ = nullptr;
};

// The extension's functions; null for others.
PFN_vkVoidFunction statistics_function(std::string_view name);

}  // namespace tuff_test
