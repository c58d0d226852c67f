// What the implicit_gemm kernels of convolution and of its weight gradient share: tiles of 64x64 in shared memory, by
// groups of 128 invocations.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>

#include "ops/spatial.h"

namespace tuff {

inline constexpr std::uint32_t kGemmInvocations = 128, kGemmTile = 64, kGemmSharedBytes = 2 * 16 * 65 * 4;

inline std::uint64_t gemm_tiles(std::int64_t count) {
  return (static_cast<std::uint64_t>(count) + kGemmTile - 1) / kGemmTile;
}

// `channel_groups`: of the convolution.
inline std::optional<std::string> refuse_gemm(std::int64_t channel_groups, const KernelRequest& request) {
  if (channel_groups != 1) return "takes no groups";
  if (request.caps.max_shared_memory < kGemmSharedBytes)
    return fmt::format("needs {} bytes of shared memory, device has {}", kGemmSharedBytes,
                       request.caps.max_shared_memory);
  if (request.caps.max_invocations < kGemmInvocations)
    return fmt::format("needs groups of {} invocations, device has {}", kGemmInvocations, request.caps.max_invocations);
  return refuse_large(request);
}

}  // namespace tuff
