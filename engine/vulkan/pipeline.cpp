#include "vulkan/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/os.h"
#include "embedded.h"
#include "vulkan/context.h"

namespace tuff {
namespace {

constexpr std::uint32_t kSpirvMagic = 0x07230203;

const EmbeddedShader* find_embedded(const std::string& shader) {
  for (const EmbeddedShader& embedded : embedded_shaders())
    if (embedded.name == shader) return &embedded;
  return nullptr;
}

// Runs body(0) ... body(count - 1) on some threads; rethrows the first exception when all have ended.
template <typename Body>
void in_parallel(std::size_t count, const Body& body) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr first;
  const auto work = [&] {
    for (std::size_t index = next++; index < count; index = next++) {
      try {
        body(index);
      } catch (...) {
        next = count;
        const std::lock_guard lock(mutex);
        if (!first) first = std::current_exception();
      }
    }
  };
  {
    // Not std::jthread, which Apple's library lacks. `work` throws nothing, so all are joined.
    std::vector<std::thread> threads;
    const std::size_t wanted = std::min<std::size_t>(os::physical_cores(), count);
    for (std::size_t thread = 1; thread < wanted; ++thread) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
  }
  if (first) std::rethrow_exception(first);
}

double value_of(const VkPipelineExecutableStatisticKHR& statistic) {
  switch (statistic.format) {
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR: return statistic.value.b32 != VK_FALSE ? 1 : 0;
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR: return static_cast<double>(statistic.value.i64);
    case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR: return static_cast<double>(statistic.value.u64);
    default: return statistic.value.f64;
  }
}

// Of all executables that the driver made of it, a compute pipeline's being one as a rule.
std::vector<std::pair<std::string, double>> statistics_of(const DeviceContext& device, VkPipeline pipeline) {
  const VkPipelineInfoKHR info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, .pipeline = pipeline};
  std::uint32_t executables = 0;
  device.check(device.vk.get_pipeline_executable_properties(device.device, &info, &executables, nullptr),
               "reading a pipeline's executables");
  std::vector<std::pair<std::string, double>> values;
  for (std::uint32_t index = 0; index < executables; ++index) {
    const VkPipelineExecutableInfoKHR executable = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline, .executableIndex = index};
    std::uint32_t count = 0;
    device.check(device.vk.get_pipeline_executable_statistics(device.device, &executable, &count, nullptr),
                 "reading a pipeline's statistics");
    std::vector<VkPipelineExecutableStatisticKHR> statistics(
        count, {.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR});
    device.check(device.vk.get_pipeline_executable_statistics(device.device, &executable, &count, statistics.data()),
                 "reading a pipeline's statistics");
    for (const VkPipelineExecutableStatisticKHR& statistic : statistics)
      values.emplace_back(static_cast<const char*>(statistic.name), value_of(statistic));
  }
  return values;
}

}  // namespace

PipelineStore::PipelineStore(std::shared_ptr<DeviceContext> context, std::span<const std::byte> cache)
    : context_(std::move(context)) {
  VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
                                    .initialDataSize = cache.size(),
                                    .pInitialData = cache.data()};
  VkResult result = context_->vk.create_pipeline_cache(context_->device, &info, nullptr, &cache_);
  if (result != VK_SUCCESS && !cache.empty()) {  // the driver doesn't take it: begin anew
    info.initialDataSize = 0;
    info.pInitialData = nullptr;
    result = context_->vk.create_pipeline_cache(context_->device, &info, nullptr, &cache_);
  }
  context_->check(result, "creating a pipeline cache");
}

PipelineStore::~PipelineStore() {
  const DeviceContext& device = *context_;
  for (const auto& [request, pipeline] : pipelines_)
    device.vk.destroy_pipeline(device.device, pipeline->handle(), nullptr);
  for (const auto& [name, shader] : modules_) device.vk.destroy_shader_module(device.device, shader, nullptr);
  device.vk.destroy_pipeline_cache(device.device, cache_, nullptr);
}

const Pipeline* PipelineStore::find(const PipelineRequest& request) const {
  const std::lock_guard lock(mutex_);
  const auto found = pipelines_.find(request);
  return found != pipelines_.end() ? found->second.get() : nullptr;
}

const Pipeline& PipelineStore::get(const PipelineRequest& request) {
  if (const Pipeline* pipeline = find(request)) return *pipeline;
  auto created = create(request);  // unlocked: others compile meanwhile
  const std::lock_guard lock(mutex_);
  const auto [place, inserted] = pipelines_.try_emplace(request, std::move(created));
  if (inserted)
    ++created_;
  else
    context_->vk.destroy_pipeline(context_->device, created->handle(), nullptr);  // another thread was first
  return *place->second;
}

void PipelineStore::compile(std::span<const PipelineRequest> requests) {
  std::set<PipelineRequest> distinct;
  for (const PipelineRequest& request : requests)
    if (find(request) == nullptr) distinct.insert(request);
  const std::vector<PipelineRequest> missing(distinct.begin(), distinct.end());
  in_parallel(missing.size(), [&](std::size_t index) { get(missing[index]); });
}

void PipelineStore::add(const std::string& shader, std::vector<std::uint32_t> spirv) {
  if (spirv.size() < 5 || spirv[0] != kSpirvMagic) throw Error(fmt::format("{}: no SPIR-V", shader));
  const std::lock_guard lock(mutex_);
  if (find_embedded(shader) != nullptr || !added_.try_emplace(shader, std::move(spirv)).second)
    throw Error(fmt::format("there is a shader \"{}\" already", shader));
}

// Of a shader that was added. Called with the lock held.
std::span<const std::uint32_t> PipelineStore::spirv(const std::string& shader) const {
  const auto added = added_.find(shader);
  if (added == added_.end()) throw Error(fmt::format("no shader \"{}\" in this build", shader));
  return added->second;
}

VkShaderModule PipelineStore::module(const std::string& shader) {
  const std::lock_guard lock(mutex_);
  VkShaderModule& module = modules_.try_emplace(shader, VK_NULL_HANDLE).first->second;
  if (module == VK_NULL_HANDLE) {
    const EmbeddedShader* embedded = find_embedded(shader);
    const std::vector<std::uint32_t> inflated = embedded ? embedded->spirv() : std::vector<std::uint32_t>{};
    const std::span<const std::uint32_t> code = embedded ? inflated : spirv(shader);
    const VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = code.size_bytes(), .pCode = code.data()};
    context_->check(context_->vk.create_shader_module(context_->device, &info, nullptr, &module),
                    fmt::format("loading shader {}", shader));
  }
  return module;
}

std::unique_ptr<Pipeline> PipelineStore::create(const PipelineRequest& request) {
  const DeviceContext& device = *context_;
  std::vector<VkSpecializationMapEntry> entries;
  for (std::uint32_t id = 0; id < request.specialization.size(); ++id)
    entries.push_back({.constantID = id, .offset = 4 * id, .size = 4});
  const VkSpecializationInfo constants = {.mapEntryCount = static_cast<std::uint32_t>(entries.size()),
                                          .pMapEntries = entries.data(),
                                          .dataSize = 4 * request.specialization.size(),
                                          .pData = request.specialization.data()};
  const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo whole_subgroups = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
      .requiredSubgroupSize = request.subgroup_size};
  const VkPipelineShaderStageCreateFlags stage_flags =
      request.subgroup_size != 0 ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT : 0;
  const VkPipelineCreateFlags flags = (request.in_pieces ? VK_PIPELINE_CREATE_DISPATCH_BASE_BIT : 0) |
                                      (device.pipeline_statistics ? VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR : 0);
  const VkComputePipelineCreateInfo info = {.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                                            .flags = flags,
                                            .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                      .pNext = request.subgroup_size != 0 ? &whole_subgroups : nullptr,
                                                      .flags = stage_flags,
                                                      .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                                                      .module = module(request.shader),
                                                      .pName = "main",
                                                      .pSpecializationInfo = &constants},
                                            .layout = device.layout};
  auto pipeline = std::make_unique<Pipeline>();
  pipeline->shader_ = request.shader;
  device.check(device.vk.create_compute_pipelines(device.device, cache_, 1, &info, nullptr, &pipeline->handle_),
               fmt::format("compiling shader {}", request.shader));
  return pipeline;
}

std::vector<PipelineStatistics> PipelineStore::statistics() const {
  const DeviceContext& device = *context_;
  std::vector<PipelineStatistics> all;
  if (!device.pipeline_statistics) return all;
  const std::lock_guard lock(mutex_);
  for (const auto& [request, pipeline] : pipelines_)
    all.push_back({request, statistics_of(device, pipeline->handle())});
  return all;
}

std::vector<std::byte> PipelineStore::cache_data() const {
  const DeviceContext& device = *context_;
  std::size_t size = 0;
  device.check(device.vk.get_pipeline_cache_data(device.device, cache_, &size, nullptr), "reading its pipeline cache");
  std::vector<std::byte> data(size);
  device.check(device.vk.get_pipeline_cache_data(device.device, cache_, &size, data.data()),
               "reading its pipeline cache");
  data.resize(size);
  return data;
}

std::uint64_t PipelineStore::created() const {
  const std::lock_guard lock(mutex_);
  return created_;
}

}  // namespace tuff
