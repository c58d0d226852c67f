#include "vulkan/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>
#include <tuple>

#include "base/os.h"
#include "embedded.h"
#include "vulkan/cooperative_matrix.h"
#include "vulkan/cores.h"
#include "vulkan/quirks.h"
#include "vulkan/result.h"

namespace tuff {
namespace {

std::string version_text(std::uint32_t version) {
  return fmt::format("{}.{}.{}", VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version),
                     VK_API_VERSION_PATCH(version));
}

DeviceKind kind_of(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: return DeviceKind::discrete;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: return DeviceKind::integrated;
    case VK_PHYSICAL_DEVICE_TYPE_CPU: return DeviceKind::cpu;
    default: return DeviceKind::other;
  }
}

const char* kind_text(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::discrete: return "GPU";
    case DeviceKind::integrated: return "integrated GPU";
    case DeviceKind::cpu: return "software driver";
    case DeviceKind::other: break;
  }
  return "other device";
}

// Everything asked of one physical device. Structures of a newer version or an extension are only
// chained where the device has it: drivers may crash or complain otherwise.
struct Query {
  std::set<std::string, std::less<>> extensions;
  VkPhysicalDeviceVulkan11Properties properties11 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES};
  VkPhysicalDeviceVulkan12Properties properties12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES};
  VkPhysicalDeviceMaintenance4Properties maintenance4 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES};
  VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
  VkPhysicalDeviceVulkan11Features features11 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES};
  VkPhysicalDeviceVulkan12Features features12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  VkPhysicalDeviceSubgroupSizeControlFeatures size_control = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES};
  VkPhysicalDeviceSubgroupSizeControlProperties sizes = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES};
  CooperativeMatrixFeatures cooperative;
  CooperativeMatrix2Features cooperative2;
  MatrixShape matrix;
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executable_properties = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR};
  VkPhysicalDevicePCIBusInfoPropertiesEXT bus = {.sType =
                                                     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT};
  VkPhysicalDeviceMemoryProperties memory = {};
  std::vector<VkQueueFamilyProperties> families;

  bool has(std::string_view extension) const { return extensions.contains(extension); }
  bool is_new_enough() const { return properties.properties.apiVersion >= VK_API_VERSION_1_2; }
  bool is_vulkan_1_3() const { return properties.properties.apiVersion >= VK_API_VERSION_1_3; }
};

std::set<std::string, std::less<>> device_extensions(const InstanceFunctions& vk, VkPhysicalDevice device) {
  std::uint32_t count = 0;
  vk.enumerate_device_extensions(device, nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> found(count);
  vk.enumerate_device_extensions(device, nullptr, &count, found.data());
  std::set<std::string, std::less<>> names;
  for (const auto& extension : std::span(found).first(count)) names.emplace(extension.extensionName);
  return names;
}

void query(const InstanceFunctions& vk, VkPhysicalDevice device, Query& answer) {
  answer.extensions = device_extensions(vk, device);
  vk.get_memory_properties(device, &answer.memory);
  std::uint32_t families = 0;
  vk.get_queue_families(device, &families, nullptr);
  answer.families.resize(families);
  vk.get_queue_families(device, &families, answer.families.data());
  vk.get_properties(device, &answer.properties.properties);
  if (!answer.is_new_enough()) return;

  answer.properties.pNext = &answer.properties11;
  answer.properties11.pNext = &answer.properties12;
  if (answer.is_vulkan_1_3() || answer.has(VK_KHR_MAINTENANCE_4_EXTENSION_NAME))
    answer.properties12.pNext = &answer.maintenance4;
  answer.features.pNext = &answer.features11;
  answer.features11.pNext = &answer.features12;
  if (answer.is_vulkan_1_3()) {
    answer.sizes.pNext = answer.properties.pNext;
    answer.properties.pNext = &answer.sizes;
    answer.size_control.pNext = answer.features.pNext;
    answer.features.pNext = &answer.size_control;
  }
  if (answer.has(kCooperativeMatrixExtension)) {
    answer.cooperative.pNext = answer.features.pNext;
    answer.features.pNext = &answer.cooperative;
    answer.matrix = cooperative_shape(
        reinterpret_cast<GetCooperativeMatrixProperties>(vk.get_cooperative_matrix_properties), device);
  }
  if (answer.has(kCooperativeMatrix2Extension)) {
    answer.cooperative2.pNext = answer.features.pNext;
    answer.features.pNext = &answer.cooperative2;
  }
  if (answer.has(VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME)) {
    answer.executable_properties.pNext = answer.features.pNext;
    answer.features.pNext = &answer.executable_properties;
  }
  if (answer.has(VK_EXT_PCI_BUS_INFO_EXTENSION_NAME)) {
    answer.bus.pNext = answer.properties.pNext;
    answer.properties.pNext = &answer.bus;
  }
  vk.get_properties2(device, &answer.properties);
  vk.get_features2(device, &answer.features);
}

// A family for compute; one without graphics where there is one, as it isn't shared with the desktop.
int compute_family(const std::vector<VkQueueFamilyProperties>& families) {
  int best = -1;
  for (std::size_t family = 0; family < families.size(); ++family) {
    const VkQueueFlags flags = families[family].queueFlags;
    if ((flags & VK_QUEUE_COMPUTE_BIT) == 0 || families[family].queueCount == 0) continue;
    if ((flags & VK_QUEUE_GRAPHICS_BIT) == 0) return static_cast<int>(family);
    if (best < 0) best = static_cast<int>(family);
  }
  return best;
}

std::string why_not_usable(const Query& answer) {
  if (!answer.is_new_enough())
    return fmt::format("has Vulkan {}, 1.2 is needed: update its driver",
                       version_text(answer.properties.properties.apiVersion));
  if (compute_family(answer.families) < 0) return "has no queue for compute";
  if (!answer.features12.bufferDeviceAddress) return "lacks bufferDeviceAddress: update its driver";
  if (!answer.features12.timelineSemaphore) return "lacks timelineSemaphore: update its driver";
  return {};
}

std::uint64_t largest_local_heap(const VkPhysicalDeviceMemoryProperties& memory) {
  std::uint64_t largest = 0;
  for (std::uint32_t heap = 0; heap < memory.memoryHeapCount; ++heap)
    if ((memory.memoryHeaps[heap].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0)
      largest = std::max(largest, memory.memoryHeaps[heap].size);
  return largest;
}

bool controls_subgroup_size(const Query& answer) {
  const std::uint32_t size = answer.properties11.subgroupSize;
  return answer.size_control.subgroupSizeControl == VK_TRUE && answer.size_control.computeFullSubgroups == VK_TRUE &&
         (answer.sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0 &&
         answer.sizes.minSubgroupSize <= size && size <= answer.sizes.maxSubgroupSize;
}

// A build may be without the shaders with cooperative matrices.
bool is_built(std::string_view name) {
  return std::ranges::any_of(embedded_shaders(), [&](const EmbeddedShader& shader) { return shader.name == name; });
}

// Kernels with cooperative matrices use Vulkan's memory model and whole subgroups.
bool runs_cooperative_matrices(const Query& answer) {
  return is_built("conv/tiled_gemm.cooperative_f32_f16") && controls_subgroup_size(answer) &&
         answer.cooperative.cooperativeMatrix == VK_TRUE && answer.features12.vulkanMemoryModel == VK_TRUE &&
         answer.features12.shaderFloat16 == VK_TRUE && answer.features11.storageBuffer16BitAccess == VK_TRUE;
}

DeviceCaps caps_of(const Query& answer, std::uint32_t timestamp_bits) {
  const VkPhysicalDeviceProperties& properties = answer.properties.properties;
  const VkPhysicalDeviceLimits& limits = properties.limits;
  DeviceCaps caps;
  caps.name = properties.deviceName;
  caps.driver = answer.is_new_enough() ? answer.properties12.driverName : "unknown driver";
  caps.kind = kind_of(properties.deviceType);
  caps.vendor_id = properties.vendorID;
  caps.device_id = properties.deviceID;
  caps.driver_version = properties.driverVersion;
  caps.max_shared_memory = limits.maxComputeSharedMemorySize;
  caps.max_invocations = limits.maxComputeWorkGroupInvocations;
  std::copy_n(limits.maxComputeWorkGroupSize, 3, caps.max_group_size.begin());
  std::copy_n(limits.maxComputeWorkGroupCount, 3, caps.max_groups.begin());
  caps.max_push_constants = limits.maxPushConstantsSize;
  caps.memory = largest_local_heap(answer.memory);
  caps.timestamps = timestamp_bits > 0;
  caps.timestamp_period_ns = static_cast<double>(limits.timestampPeriod);
  if (!answer.is_new_enough()) return caps;
  caps.max_allocation = answer.properties11.maxMemoryAllocationSize;
  if (answer.maintenance4.maxBufferSize > 0)
    caps.max_allocation = std::min<std::uint64_t>(caps.max_allocation, answer.maintenance4.maxBufferSize);
  caps.subgroup_size = answer.properties11.subgroupSize;
  constexpr VkSubgroupFeatureFlags kBroadcast = VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_BALLOT_BIT;
  caps.subgroup_broadcast = (answer.properties11.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0 &&
                            (answer.properties11.subgroupSupportedOperations & kBroadcast) == kBroadcast &&
                            answer.features12.subgroupBroadcastDynamicId == VK_TRUE;
  caps.storage_16bit = answer.features11.storageBuffer16BitAccess == VK_TRUE;
  caps.arithmetic_fp16 = answer.features12.shaderFloat16 == VK_TRUE;
  caps.int64 = answer.features.features.shaderInt64 == VK_TRUE;
  if (runs_cooperative_matrices(answer)) caps.cooperative_matrix = answer.matrix;
  // SPIR-V 1.6, which the shaders are in, comes with Vulkan 1.3.
  caps.cooperative_elements = caps.cooperative_matrix.m > 0 && answer.is_vulkan_1_3() &&
                              answer.cooperative2.perElementOperations == VK_TRUE &&
                              is_built("conv/tiled_gemm.cooperative2_f32_f16");
  return caps;
}

// Mesa's software driver is developed quickly: a convolution took 10 times as long on 22.3 as on 25.0.
std::string advice_for(const Query& answer) {
  constexpr int kFastMesa = 25;
  if (!answer.is_new_enough() || answer.properties12.driverID != VK_DRIVER_ID_MESA_LLVMPIPE) return {};
  int major = 0;
  if (std::sscanf(answer.properties12.driverInfo, "Mesa %d", &major) != 1 || major >= kFastMesa) return {};
  return fmt::format(
      "Mesa {}'s software driver is slow: Mesa {} or newer is about ten times faster (Debian 12: sudo "
      "apt install -t bookworm-backports mesa-vulkan-drivers)",
      major, kFastMesa);
}

void list_limits(const Query& answer, DeviceDescription& device) {
  const DeviceCaps& caps = device.caps;
  const auto mebibytes = [](std::uint64_t bytes) { return fmt::format("{} MiB", bytes >> 20); };
  const auto triple = [](const std::array<std::uint32_t, 3>& values) {
    return fmt::format("{} x {} x {}", values[0], values[1], values[2]);
  };
  device.limits = {
      {"shared memory", fmt::format("{} bytes", caps.max_shared_memory)},
      {"invocations a group", fmt::format("{}", caps.max_invocations)},
      {"group size", triple(caps.max_group_size)},
      {"groups", triple(caps.max_groups)},
      {"push constants", fmt::format("{} bytes", caps.max_push_constants)},
      {"largest allocation", mebibytes(caps.max_allocation)},
      {"subgroup size", caps.subgroup_size == 0 ? "unknown" : fmt::format("{}", caps.subgroup_size)},
      {"cooperative matrix",
       caps.cooperative_matrix.m == 0
           ? "none"
           : fmt::format("{}x{}x{}, f16 to f32{}", caps.cooperative_matrix.m, caps.cooperative_matrix.n,
                         caps.cooperative_matrix.k, caps.cooperative_elements ? ", by element" : "")},
      {"cores", fmt::format("{} ({})", caps.cores, device.cores_source)},
      {"timestamps",
       caps.timestamps ? fmt::format("{} bits, {:g} ns", device.timestamp_bits, caps.timestamp_period_ns) : "none"},
      {"vendor, device, driver",
       fmt::format("{:#06x}, {:#06x}, {:#x}", caps.vendor_id, caps.device_id, caps.driver_version)},
  };
  for (std::uint32_t heap = 0; heap < answer.memory.memoryHeapCount; ++heap) {
    const bool local = (answer.memory.memoryHeaps[heap].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
    device.limits.emplace_back(fmt::format("heap {}", heap),
                               mebibytes(answer.memory.memoryHeaps[heap].size) + (local ? ", device local" : ""));
  }
}

void list_features(const Query& answer, DeviceDescription& device) {
  const auto& [v11, v12] = std::tie(answer.features11, answer.features12);
  const auto add = [&](const char* name, VkBool32 there) { device.features.emplace_back(name, there == VK_TRUE); };
  add("bufferDeviceAddress", v12.bufferDeviceAddress);
  add("timelineSemaphore", v12.timelineSemaphore);
  add("storageBuffer16BitAccess", v11.storageBuffer16BitAccess);
  add("shaderFloat16", v12.shaderFloat16);
  add("subgroupBroadcastDynamicId", v12.subgroupBroadcastDynamicId);
  add("vulkanMemoryModel", v12.vulkanMemoryModel);
  add("shaderInt64", answer.features.features.shaderInt64);
  add("shaderInt16", answer.features.features.shaderInt16);
  add("storageBuffer8BitAccess", v12.storageBuffer8BitAccess);
  add("shaderInt8", v12.shaderInt8);
  for (const char* extension : {"VK_EXT_subgroup_size_control", "VK_EXT_memory_budget", "VK_KHR_cooperative_matrix",
                                "VK_NV_cooperative_matrix2", "VK_KHR_pipeline_executable_properties"})
    device.features.emplace_back(extension, answer.has(extension));
}

DeviceDescription describe_device(const Instance& instance, VkPhysicalDevice handle, int index) {
  Query answer;
  query(instance.functions(), handle, answer);
  DeviceDescription device;
  device.index = index;
  device.handle = handle;
  device.why_not = why_not_usable(answer);
  device.usable = device.why_not.empty();
  if (const int family = compute_family(answer.families); family >= 0) {
    device.queue_family = static_cast<std::uint32_t>(family);
    device.timestamp_bits = answer.families[device.queue_family].timestampValidBits;
  }
  device.caps = caps_of(answer, device.timestamp_bits);
  const CoreCount cores = count_cores(instance.functions(), handle, device.caps,
                                      [&](std::string_view extension) { return answer.has(extension); });
  device.caps.cores = cores.cores;
  device.cores_source = cores.source;
  device.quirks = apply_quirks(device.caps);
  device.kind_text = kind_text(device.caps.kind);
  device.driver_info = answer.properties12.driverInfo;
  device.api_version = version_text(answer.properties.properties.apiVersion);
  device.memory = device.caps.memory;
  device.advice = advice_for(answer);
  device.portability_subset = answer.has("VK_KHR_portability_subset");
  device.memory_budget = answer.has(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  if (answer.is_new_enough() && answer.has(VK_EXT_PCI_BUS_INFO_EXTENSION_NAME))
    device.pci_address = fmt::format("{:04x}:{:02x}:{:02x}.{:x}", answer.bus.pciDomain, answer.bus.pciBus,
                                     answer.bus.pciDevice, answer.bus.pciFunction);
  device.pipeline_statistics = answer.executable_properties.pipelineExecutableInfo == VK_TRUE;
  std::copy_n(answer.properties.properties.pipelineCacheUUID, VK_UUID_SIZE, device.pipeline_cache_uuid.begin());
  list_limits(answer, device);
  list_features(answer, device);
  return device;
}

}  // namespace

std::vector<DeviceDescription> describe_devices(const Instance& instance) {
  const InstanceFunctions& vk = instance.functions();
  std::uint32_t count = 0;
  std::vector<VkPhysicalDevice> handles;
  VkResult result = VK_INCOMPLETE;
  while (result == VK_INCOMPLETE) {  // a device may come between the two calls
    check(vk.enumerate_physical_devices(instance.handle(), &count, nullptr), "Vulkan", "listing devices");
    handles.resize(count);
    result = vk.enumerate_physical_devices(instance.handle(), &count, handles.data());
    check(result, "Vulkan", "listing devices");
    handles.resize(count);
  }
  std::vector<DeviceDescription> devices;
  for (const VkPhysicalDevice handle : handles)
    devices.push_back(describe_device(instance, handle, static_cast<int>(devices.size())));
  mark_preferred(devices);
  return devices;
}

DeviceDescription describe_device(const Instance& instance, VkPhysicalDevice handle) {
  return describe_device(instance, handle, 0);
}

}  // namespace tuff
