// A Vulkan device that runs compute work: one queue, one timeline, memory, pipelines.
//
//   auto device = Device::open({});
//   Buffer x = device->allocate(bytes, MemoryKind::device, "activations");
//   CommandBuffer commands = device->command_buffer();
//   commands.begin(true); commands.dispatch(device->pipeline({"pointwise/program.f32", {128, 1, 1}}), push, {n, 1, 1});
//   commands.end();
//   device->wait(device->submit(commands));
//
// A Device and all that comes from it belong to one thread at a time. Objects made by it keep the
// VkDevice alive, so the order of destruction is free; pipelines end with the Device.
// Any call throws DeviceLost once the device stops answering, OutOfMemory where memory runs out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "plan/device_caps.h"
#include "vulkan/command.h"
#include "vulkan/description.h"
#include "vulkan/instance.h"
#include "vulkan/memory.h"
#include "vulkan/pipeline.h"
#include "vulkan/profiler.h"

namespace tuff {

struct DeviceOptions {
  std::string device;                  // "" the best, an index, or part of the name (see choose_device)
  std::filesystem::path cache_folder;  // for compiled pipelines; empty: none on disk
  std::string caps_profile;            // lowers caps() (see restrict_caps); "" changes nothing
  LogSink log;                         // the choice and its warnings
  InstanceOptions instance;
  bool pipeline_statistics = false;  // asks the driver to keep what Device::pipeline_statistics() gives
};

// The caller's Vulkan objects. They must outlive the Device and have been created with Vulkan 1.2,
// bufferDeviceAddress and timelineSemaphore enabled.
struct AdoptedDevice {
  PFN_vkGetInstanceProcAddr lookup = nullptr;
  VkInstance instance = VK_NULL_HANDLE;
  VkPhysicalDevice physical_device = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  std::uint32_t queue_family = 0;
  std::mutex* queue_lock = nullptr;  // held around each use of the queue, where the caller uses it too
  // Optional features that the caller enabled.
  bool storage_16bit = false;
  bool arithmetic_fp16 = false;
  bool int64 = false;
  bool subgroup_broadcast_dynamic_id = false;
};

// What has happened so far, for tests of the steady state and for reports.
struct DeviceCounters {
  std::uint64_t pipelines = 0;        // created
  std::uint64_t command_buffers = 0;  // recorded
  std::uint64_t allocations = 0;      // of device memory, of all kinds
  std::uint64_t submissions = 0;
  std::uint64_t bytes = 0;       // of memory allocated now
  std::uint64_t peak_bytes = 0;  // the most there was
};

// A value of a timeline semaphore of the caller's.
struct SemaphorePoint {
  VkSemaphore semaphore = VK_NULL_HANDLE;
  std::uint64_t value = 0;
};

class Device {
 public:
  // Error where there is no usable device or no such device (it lists those there are). With no device named, one
  // whose driver fails is passed over, with a warning.
  static std::unique_ptr<Device> open(const DeviceOptions& options = {});
  static std::unique_ptr<Device> adopt(const AdoptedDevice& adopted, const DeviceOptions& options = {});
  ~Device();  // waits for submitted work; saves the pipeline cache
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const DeviceCaps& caps() const;  // lowered by caps_profile
  const DeviceDescription& description() const;
  DeviceCounters counters() const;

  // At least `bytes` (0 gives a small buffer). `what` names it in the error: "the activations".
  Buffer allocate(std::uint64_t bytes, MemoryKind kind, std::string_view what);
  // The caller's buffer, made with VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT; not freed here.
  Buffer borrow(VkBuffer buffer, std::uint64_t bytes);
  // Bytes that could be allocated now, as the driver tells (VK_EXT_memory_budget), else the heap's size less what
  // is allocated here.
  std::uint64_t available_memory() const;

  // Compiled at first use, kept for the Device's life. Error for an unknown shader.
  const Pipeline& pipeline(const PipelineRequest& request);
  // A shader that isn't in this build, by the name that requests give. Error where it is no SPIR-V, or the name is
  // taken.
  void add_shader(const std::string& name, std::vector<std::uint32_t> spirv);
  // Compiles all that are not there yet, in parallel; pipeline() then finds them.
  void compile(std::span<const PipelineRequest> requests);
  // What the driver tells of each pipeline so far (registers, spills, instructions ...), as it names it; empty where
  // DeviceOptions didn't ask for it or the driver tells nothing. Software drivers compile, and count, at the first
  // dispatch.
  std::vector<PipelineStatistics> pipeline_statistics() const;
  // Writes the pipeline cache now, where new pipelines came; the destructor does too. Never throws.
  void save_pipeline_cache() noexcept;

  CommandBuffer command_buffer();
  TimestampPool timestamps(std::uint32_t count);

  // One submission of all the command buffers, in order, waiting for `after` first and signalling `signal` at its
  // end. Submissions run in order too.
  Ticket submit(std::span<const CommandBuffer* const> commands, std::span<const SemaphorePoint> after = {},
                std::span<const SemaphorePoint> signal = {});
  Ticket submit(const CommandBuffer& commands);
  void wait(Ticket ticket);
  bool done(Ticket ticket) const;
  void wait_idle();  // for all that was submitted

 private:
  class Impl;
  explicit Device(std::unique_ptr<Impl> impl);
  static std::unique_ptr<Device> open(std::shared_ptr<Instance> instance, const DeviceDescription& chosen,
                                      const DeviceOptions& options);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tuff
