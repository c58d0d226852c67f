// What a device can do, as plain data: kernel selection sees this and nothing else of Vulkan, so it can
// be tested for any pretended device. vulkan/device.cpp fills it; `restrict_caps` lowers it to a named
// profile so that every tier of kernels runs on every driver.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tuff {

enum class DeviceKind : std::uint8_t { discrete, integrated, cpu, other };

// Products of matrices (m, k) and (k, n) that a subgroup computes as one instruction.
struct MatrixShape {
  std::uint32_t m = 0, n = 0, k = 0;
};

struct DeviceCaps {
  std::string name;    // "llvmpipe (LLVM 19.1.7, 256 bits)"
  std::string driver;  // "llvmpipe Mesa 25.0.7"
  DeviceKind kind = DeviceKind::other;
  std::uint32_t vendor_id = 0;
  std::uint32_t device_id = 0;
  std::uint32_t driver_version = 0;

  // Limits. The defaults are the smallest device that is served.
  std::uint32_t max_shared_memory = 16384;  // bytes a workgroup
  std::uint32_t max_invocations = 128;      // a workgroup
  std::array<std::uint32_t, 3> max_group_size = {128, 128, 64};
  std::array<std::uint32_t, 3> max_groups = {65535, 65535, 65535};
  std::uint32_t max_push_constants = 128;     // bytes
  std::uint64_t max_allocation = 1ull << 30;  // bytes, one VkDeviceMemory and one buffer
  std::uint64_t memory = 0;                   // bytes of the heap that tensors live in
  std::uint32_t subgroup_size = 0;            // 0: unknown

  // Parallel units: physical cores of a CPU driver, compute units where a vendor tells, else a guess.
  // Decides how far reductions and weight gradients are split; results depend on it, so it is part of
  // what "same device" means.
  std::uint32_t cores = 8;

  // Optional features.
  bool storage_16bit = false;  // 16-bit values in buffers
  bool arithmetic_fp16 = false;
  bool int64 = false;
  bool subgroup_broadcast = false;  // in compute shaders, from a lane that is computed
  bool shared_loads =
      false;  // CPU drivers: a load from one address for a whole workgroup is done once, not for each lane
  MatrixShape cooperative_matrix;  // f16 in, f32 sums, 0: none; workgroups then can be had in whole subgroups
  // Invocations can be handed the single elements of matrices that they hold (VK_NV_cooperative_matrix2).
  bool cooperative_elements = false;
  bool timestamps = false;
  double timestamp_period_ns = 0;

  bool is_cpu() const { return kind == DeviceKind::cpu; }
};

// Lowers caps to a named profile: "minimal" is the smallest device served, "full" changes nothing.
// Unknown names throw Error with the list of profiles.
DeviceCaps restrict_caps(DeviceCaps caps, std::string_view profile);

// Caps of a pretended device for tests and dry runs: "discrete", "integrated", "cpu", "minimal".
DeviceCaps pretended_caps(std::string_view profile);

}  // namespace tuff
