// Compute pipelines: a shader with its specialization constants, compiled by the driver.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
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
  bool in_pieces = false;                     // dispatches may begin at another group than 0
  std::uint32_t subgroup_size = 0;            // which the workgroup consists of whole ones of; 0: as the driver likes
  auto operator<=>(const PipelineRequest&) const = default;
};

// What the driver tells of a compiled pipeline.
struct PipelineStatistics {
  PipelineRequest request;
  std::vector<std::pair<std::string, double>> values;  // by the driver's names; a truth is 0 or 1
};

// All pipelines of a Device, by request. Safe to use from several threads.
class PipelineStore {
 public:
  // `cache`: what cache_data() gave in an earlier run, for the driver to start from; may be empty.
  PipelineStore(std::shared_ptr<DeviceContext> context, std::span<const std::byte> cache);
  ~PipelineStore();
  PipelineStore(const PipelineStore&) = delete;
  PipelineStore& operator=(const PipelineStore&) = delete;

  const Pipeline& get(const PipelineRequest& request);
  // A shader that isn't in this build, for later requests. Error where it is no SPIR-V, or the name is taken.
  void add(const std::string& shader, std::vector<std::uint32_t> spirv);
  void compile(std::span<const PipelineRequest> requests);
  std::vector<std::byte> cache_data() const;
  std::uint64_t created() const;
  std::vector<PipelineStatistics> statistics() const;  // see Device::pipeline_statistics

 private:
  std::span<const std::uint32_t> spirv(const std::string& shader) const;
  VkShaderModule module(const std::string& shader);
  std::unique_ptr<Pipeline> create(const PipelineRequest& request);
  const Pipeline* find(const PipelineRequest& request) const;

  std::shared_ptr<DeviceContext> context_;
  VkPipelineCache cache_ = VK_NULL_HANDLE;
  mutable std::mutex mutex_;  // of the maps and the count
  std::map<std::string, std::vector<std::uint32_t>> added_;
  std::map<std::string, VkShaderModule> modules_;
  std::map<PipelineRequest, std::unique_ptr<Pipeline>> pipelines_;
  std::uint64_t created_ = 0;
};

}  // namespace tuff
