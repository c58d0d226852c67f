// Compute pipelines: a shader with its specialization constants, compiled by the driver.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "vulkan/functions.h"

namespace tuff {

struct DeviceContext;

// Owned by the Device that made it, for the Device's life.
class Pipeline {
 public:
  VkPipeline handle() const { return handle_; }
  const std::string& shader() const { return shader_; }

 private:
  friend class PipelineStore;
  VkPipeline handle_ = VK_NULL_HANDLE;
  std::string shader_;
};

struct PipelineRequest {
  std::string shader;                         // a name in the shader table: "conv/implicit_gemm.f32"
  std::vector<std::uint32_t> specialization;  // constants 0, 1, 2, ...
  auto operator<=>(const PipelineRequest&) const = default;
};

}  // namespace tuff
