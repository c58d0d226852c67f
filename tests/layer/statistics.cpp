#include "layer/statistics.h"

#include <algorithm>
#include <cstdio>

#include "layer/intercept.h"
#include "layer/state.h"

namespace tuff_test {
namespace {

constexpr std::string_view kExtension = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
constexpr auto kFeature = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR;

struct Statistic {
  const char* name;
  VkPipelineExecutableStatisticFormatKHR format;
  VkPipelineExecutableStatisticValueKHR value;
};

// Of each type there is; layer.h tells them.
constexpr Statistic kStatistics[] = {
    {"registers", VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR, {.u64 = 48}},
    {"spills", VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR, {.i64 = -3}},
    {"occupancy", VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR, {.f64 = 0.75}},
    {"scratch", VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR, {.b32 = VK_TRUE}},
};

bool was_captured(VkDevice handle, VkPipeline pipeline) {
  const auto device = devices.find(handle);
  const std::lock_guard lock(device->mutex);
  return device->captured.contains(pipeline);
}

VKAPI_ATTR VkResult VKAPI_CALL get_executables(VkDevice device, const VkPipelineInfoKHR* info, std::uint32_t* count,
                                               VkPipelineExecutablePropertiesKHR* out) {
  if (!was_captured(device, info->pipeline)) return VK_ERROR_UNKNOWN;
  if (out != nullptr && *count > 0) {
    out->stages = VK_SHADER_STAGE_COMPUTE_BIT;
    std::snprintf(out->name, sizeof out->name, "compute");
    std::snprintf(out->description, sizeof out->description, "compute shader");
    out->subgroupSize = 32;
  }
  *count = 1;
  return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL get_statistics(VkDevice device, const VkPipelineExecutableInfoKHR* info,
                                              std::uint32_t* count, VkPipelineExecutableStatisticKHR* out) {
  if (!was_captured(device, info->pipeline) || info->executableIndex != 0) return VK_ERROR_UNKNOWN;
  constexpr auto kAll = static_cast<std::uint32_t>(std::size(kStatistics));
  if (out == nullptr) {
    *count = kAll;
    return VK_SUCCESS;
  }
  const std::uint32_t room = *count;
  *count = std::min(room, kAll);
  for (std::uint32_t i = 0; i < *count; ++i) {
    std::snprintf(out[i].name, sizeof out[i].name, "%s", kStatistics[i].name);
    std::snprintf(out[i].description, sizeof out[i].description, "made up");
    out[i].format = kStatistics[i].format;
    out[i].value = kStatistics[i].value;
  }
  return room < kAll ? VK_INCOMPLETE : VK_SUCCESS;
}

}  // namespace

void offer_statistics(std::vector<VkExtensionProperties>& extensions) {
  const auto is_it = [](const VkExtensionProperties& extension) { return extension.extensionName == kExtension; };
  if (std::ranges::any_of(extensions, is_it)) return;
  VkExtensionProperties& added = extensions.emplace_back();
  std::copy(kExtension.begin(), kExtension.end(), added.extensionName);
  added.specVersion = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_SPEC_VERSION;
}

void offer_statistics_feature(void* chain) {
  for (auto* at = static_cast<VkBaseOutStructure*>(chain); at != nullptr; at = at->pNext) {
    void* data = at;
    if (at->sType == kFeature)
      static_cast<VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR*>(data)->pipelineExecutableInfo = VK_TRUE;
  }
}

WithoutStatistics::WithoutStatistics(const VkDeviceCreateInfo& info)
    : info_(info),
      extensions_(info.ppEnabledExtensionNames, info.ppEnabledExtensionNames + info.enabledExtensionCount) {
  std::erase_if(extensions_, [](const char* name) { return name == kExtension; });
  info_.enabledExtensionCount = static_cast<std::uint32_t>(extensions_.size());
  info_.ppEnabledExtensionNames = extensions_.data();
  auto* before = static_cast<VkBaseOutStructure*>(static_cast<void*>(&info_));
  for (; before->pNext != nullptr; before = before->pNext) {
    if (before->pNext->sType != kFeature) continue;
    before_ = before;
    feature_ = before->pNext;
    before->pNext = feature_->pNext;
    return;
  }
}

WithoutStatistics::~WithoutStatistics() {
  if (before_ != nullptr) before_->pNext = feature_;
}

PFN_vkVoidFunction statistics_function(std::string_view name) {
  static constexpr Intercept kTable[] = {
      {"vkGetPipelineExecutablePropertiesKHR", erased<get_executables>},
      {"vkGetPipelineExecutableStatisticsKHR", erased<get_statistics>},
  };
  return find_intercept(kTable, name);
}

}  // namespace tuff_test
