#include "vulkan/cooperative_matrix.h"

#include <vector>

namespace tuff {
namespace {

constexpr std::int32_t kFloat16 = 0, kFloat32 = 1;  // VK_COMPONENT_TYPE_..._KHR
constexpr std::int32_t kSubgroup = 3;               // VK_SCOPE_SUBGROUP_KHR

bool suits(const CooperativeMatrixProperties& offered) {
  return offered.AType == kFloat16 && offered.BType == kFloat16 && offered.CType == kFloat32 &&
         offered.ResultType == kFloat32 && offered.saturatingAccumulation == VK_FALSE && offered.scope == kSubgroup &&
         offered.MSize % 8 == 0 && offered.NSize % 8 == 0 && offered.KSize % 8 == 0;
}

}  // namespace

MatrixShape cooperative_shape(GetCooperativeMatrixProperties get, VkPhysicalDevice device) {
  std::uint32_t count = 0;
  if (get == nullptr || get(device, &count, nullptr) != VK_SUCCESS) return {};
  std::vector<CooperativeMatrixProperties> all(count);
  if (get(device, &count, all.data()) < VK_SUCCESS) return {};
  MatrixShape best;
  for (const CooperativeMatrixProperties& offered : all) {
    if (!suits(offered)) continue;
    const MatrixShape shape = {offered.MSize, offered.NSize, offered.KSize};
    if (shape.m == 16 && shape.n == 16 && shape.k == 16) return shape;
    if (shape.m * shape.n * shape.k > best.m * best.n * best.k) best = shape;
  }
  return best;
}

}  // namespace tuff
