// VK_KHR_cooperative_matrix and VK_NV_cooperative_matrix2: what their specifications declare, as Vulkan's headers
// before 1.3.255 and 1.4.300 lack it.
#pragma once

#include "plan/device_caps.h"
#include "vulkan/functions.h"

namespace tuff {

inline constexpr const char* kCooperativeMatrixExtension = "VK_KHR_cooperative_matrix";
inline constexpr const char* kCooperativeMatrix2Extension = "VK_NV_cooperative_matrix2";

struct CooperativeMatrixFeatures {  // VkPhysicalDeviceCooperativeMatrixFeaturesKHR
  VkStructureType sType = static_cast<VkStructureType>(1000506000);
  void* pNext = nullptr;
  VkBool32 cooperativeMatrix = VK_FALSE;
  VkBool32 cooperativeMatrixRobustBufferAccess = VK_FALSE;
};

// What kernels use of it is perElementOperations; Mesa's lavapipe has no workgroup scope, tensor addressing and block
// loads.
struct CooperativeMatrix2Features {  // VkPhysicalDeviceCooperativeMatrix2FeaturesNV
  VkStructureType sType = static_cast<VkStructureType>(1000593000);
  void* pNext = nullptr;
  VkBool32 workgroupScope = VK_FALSE;
  VkBool32 flexibleDimensions = VK_FALSE;
  VkBool32 reductions = VK_FALSE;
  VkBool32 conversions = VK_FALSE;
  VkBool32 perElementOperations = VK_FALSE;
  VkBool32 tensorAddressing = VK_FALSE;
  VkBool32 blockLoads = VK_FALSE;
};

struct CooperativeMatrixProperties {  // VkCooperativeMatrixPropertiesKHR
  VkStructureType sType = static_cast<VkStructureType>(1000506001);
  void* pNext = nullptr;
  std::uint32_t MSize = 0;
  std::uint32_t NSize = 0;
  std::uint32_t KSize = 0;
  std::int32_t AType = 0;  // VkComponentTypeKHR
  std::int32_t BType = 0;
  std::int32_t CType = 0;
  std::int32_t ResultType = 0;
  VkBool32 saturatingAccumulation = VK_FALSE;
  std::int32_t scope = 0;  // VkScopeKHR
};

// vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR
using GetCooperativeMatrixProperties = VkResult(VKAPI_PTR*)(VkPhysicalDevice, std::uint32_t*,
                                                            CooperativeMatrixProperties*);

// The shape that kernels use of those a device offers for f16 operands and f32 sums by a subgroup: 16x16x16 where it is
// there, as most reuse what they load; else the largest whose sides are multiples of 8. m is 0 where none fits.
MatrixShape cooperative_shape(GetCooperativeMatrixProperties get, VkPhysicalDevice device);

}  // namespace tuff
