#include "vulkan/cores.h"

#include "base/os.h"

namespace tuff {
namespace {

// Typical parts: a middle-class card, a laptop's or a phone's GPU.
struct Guess {
  std::uint32_t vendor_id;
  std::uint32_t discrete, integrated;
};
constexpr Guess kGuesses[] = {
    {0x1002, 32, 8},   // AMD: compute units
    {0x10de, 32, 8},   // NVIDIA: streaming multiprocessors (integrated: Jetson)
    {0x8086, 24, 8},   // Intel: Xe cores, or eight execution units each
    {0x106b, 16, 10},  // Apple: GPU cores
    {0x13b5, 8, 8},    // Arm: shader cores
    {0x5143, 4, 4},    // Qualcomm: shader processors
    {0x14e4, 2, 2},    // Broadcom: VideoCore slices
};
constexpr std::uint32_t kUnknownVendor = 8;

template <typename Properties>
Properties ask(const InstanceFunctions& vk, VkPhysicalDevice device, VkStructureType type) {
  Properties answer = {};
  answer.sType = type;
  VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &answer};
  vk.get_properties2(device, &properties);
  return answer;
}

}  // namespace

CoreCount count_cores(const InstanceFunctions& vk, VkPhysicalDevice device, const DeviceCaps& caps,
                      const std::function<bool(std::string_view)>& has_extension) {
  if (caps.is_cpu()) return {os::physical_cores(), "physical cores"};
  if (has_extension(VK_AMD_SHADER_CORE_PROPERTIES_2_EXTENSION_NAME)) {
    const auto answer = ask<VkPhysicalDeviceShaderCoreProperties2AMD>(
        vk, device, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_2_AMD);
    if (answer.activeComputeUnitCount > 0)
      return {answer.activeComputeUnitCount, VK_AMD_SHADER_CORE_PROPERTIES_2_EXTENSION_NAME};
  }
  if (has_extension(VK_NV_SHADER_SM_BUILTINS_EXTENSION_NAME)) {
    const auto answer = ask<VkPhysicalDeviceShaderSMBuiltinsPropertiesNV>(
        vk, device, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SM_BUILTINS_PROPERTIES_NV);
    if (answer.shaderSMCount > 0) return {answer.shaderSMCount, VK_NV_SHADER_SM_BUILTINS_EXTENSION_NAME};
  }
  if (has_extension(VK_ARM_SHADER_CORE_BUILTINS_EXTENSION_NAME)) {
    const auto answer = ask<VkPhysicalDeviceShaderCoreBuiltinsPropertiesARM>(
        vk, device, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_BUILTINS_PROPERTIES_ARM);
    if (answer.shaderCoreCount > 0) return {answer.shaderCoreCount, VK_ARM_SHADER_CORE_BUILTINS_EXTENSION_NAME};
  }
  for (const Guess& guess : kGuesses)
    if (guess.vendor_id == caps.vendor_id)
      return {caps.kind == DeviceKind::discrete ? guess.discrete : guess.integrated, "a guess by vendor"};
  return {kUnknownVendor, "a guess"};
}

}  // namespace tuff
