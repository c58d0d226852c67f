#include "vulkan/device.h"

#include <fmt/format.h>

#include "base/error.h"
#include "vulkan/context.h"
#include "vulkan/cooperative_matrix.h"
#include "vulkan/pipeline_cache.h"

namespace tuff {
namespace {

constexpr std::uint64_t kSaveEvery = 64;  // new pipelines, so that a crash loses few

// Asks for what the device has of all that some kernel may use.
VkDevice create_device(const InstanceFunctions& vk, const DeviceDescription& device, bool pipeline_statistics) {
  VkPhysicalDeviceVulkan12Features features12 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
      .shaderFloat16 = device.caps.arithmetic_fp16,
      .timelineSemaphore = VK_TRUE,
      .bufferDeviceAddress = VK_TRUE,
      .vulkanMemoryModel = device.caps.cooperative_matrix.m > 0,
      .subgroupBroadcastDynamicId = device.caps.subgroup_broadcast,
  };
  VkPhysicalDeviceVulkan11Features features11 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
                                                 .pNext = &features12,
                                                 .storageBuffer16BitAccess = device.caps.storage_16bit};
  VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &features11};
  features.features.shaderInt64 = device.caps.int64;
  std::vector<const char*> extensions;
  VkPhysicalDeviceSubgroupSizeControlFeatures size_control = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
      .subgroupSizeControl = VK_TRUE,
      .computeFullSubgroups = VK_TRUE};
  CooperativeMatrixFeatures cooperative = {.cooperativeMatrix = VK_TRUE};
  if (device.caps.cooperative_matrix.m > 0) {
    size_control.pNext = features.pNext;
    cooperative.pNext = &size_control;
    features.pNext = &cooperative;
    extensions.push_back(kCooperativeMatrixExtension);
  }
  CooperativeMatrix2Features cooperative2 = {.perElementOperations = VK_TRUE};
  VkPhysicalDeviceMaintenance4Features maintenance4 = {
      // sizes of workgroups in SPIR-V 1.6
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_FEATURES,
      .maintenance4 = VK_TRUE};
  if (device.caps.cooperative_elements) {
    maintenance4.pNext = features.pNext;
    cooperative2.pNext = &maintenance4;
    features.pNext = &cooperative2;
    extensions.push_back(kCooperativeMatrix2Extension);
  }
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executable_properties = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR,
      .pipelineExecutableInfo = VK_TRUE};
  if (pipeline_statistics) {
    executable_properties.pNext = features.pNext;
    features.pNext = &executable_properties;
    extensions.push_back(VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME);
  }
  if (device.portability_subset) extensions.push_back("VK_KHR_portability_subset");
  if (device.memory_budget) extensions.push_back(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  const float priority = 1.0f;
  const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                         .queueFamilyIndex = device.queue_family,
                                         .queueCount = 1,
                                         .pQueuePriorities = &priority};
  const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                   .pNext = &features,
                                   .queueCreateInfoCount = 1,
                                   .pQueueCreateInfos = &queue,
                                   .enabledExtensionCount = static_cast<std::uint32_t>(extensions.size()),
                                   .ppEnabledExtensionNames = extensions.data()};
  VkDevice handle = VK_NULL_HANDLE;
  check(vk.create_device(device.handle, &info, nullptr, &handle), device.caps.name, "opening the device");
  return handle;
}

std::shared_ptr<DeviceContext> make_context(std::shared_ptr<Instance> instance, const DeviceDescription& device) {
  auto context = std::make_shared<DeviceContext>();
  context->instance = std::move(instance);
  context->physical_device = device.handle;
  context->name = device.caps.name;
  context->caps = device.caps;
  context->timestamp_bits = device.timestamp_bits;
  context->instance->functions().get_memory_properties(device.handle, &context->memory);
  return context;
}

std::uint32_t timestamp_bits(const InstanceFunctions& vk, const AdoptedDevice& adopted) {
  std::uint32_t count = 0;
  vk.get_queue_families(adopted.physical_device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vk.get_queue_families(adopted.physical_device, &count, families.data());
  return adopted.queue_family < count ? families[adopted.queue_family].timestampValidBits : 0;
}

void say(const LogSink& log, LogLevel level, const std::string& message) {
  if (log) log(level, message);
}

}  // namespace

class Device::Impl {
 public:
  Impl(std::shared_ptr<DeviceContext> shared, DeviceDescription described, const DeviceOptions& options)
      : context(std::move(shared)),
        description(std::move(described)),
        caps(restrict_caps(description.caps, options.caps_profile)),
        cache_file(options.cache_folder, description),
        pipelines(context, cache_file.read()) {}

  std::shared_ptr<DeviceContext> context;
  DeviceDescription description;
  DeviceCaps caps;
  PipelineCacheFile cache_file;
  PipelineStore pipelines;
  std::uint64_t saved = 0;  // pipelines created when the cache was last written
};

std::unique_ptr<Device> Device::open(const DeviceOptions& options) {
  restrict_caps({}, options.caps_profile);  // an unknown profile is the user's fault, not a device's
  const auto instance = Instance::open(options.instance);
  auto devices = describe_devices(*instance);
  while (true) {
    const DeviceDescription& chosen = choose_device(devices, options.device);
    try {
      auto device = open(instance, chosen, options);
      if (options.device.empty())
        for (const std::string& warning : choice_warnings(devices, chosen))
          say(options.log, LogLevel::warning, warning);
      say(options.log, LogLevel::info, fmt::format("device {}: {}", chosen.index, chosen.caps.name));
      return device;
    } catch (const Error& error) {  // a driver that fails though it promised: the next best device, if none is named
      if (!options.device.empty()) throw;
      DeviceDescription& failed = devices[static_cast<std::size_t>(chosen.index)];
      failed.usable = false;
      failed.why_not = fmt::format("fails: {}: update its driver", error.what());
      mark_preferred(devices);
    }
  }
}

std::unique_ptr<Device> Device::open(std::shared_ptr<Instance> instance, const DeviceDescription& chosen,
                                     const DeviceOptions& options) {
  auto context = make_context(instance, chosen);
  context->pipeline_statistics = options.pipeline_statistics && chosen.pipeline_statistics;
  context->device = create_device(instance->functions(), chosen, context->pipeline_statistics);
  context->owned = true;
  context->queue_family = chosen.queue_family;
  context->memory_budget = chosen.memory_budget;
  context->vk = load_device_functions(instance->functions().get_device_proc_addr, context->device);
  context->vk.get_device_queue(context->device, chosen.queue_family, 0, &context->queue);
  context->create_shared_objects();
  return std::unique_ptr<Device>(new Device(std::make_unique<Impl>(std::move(context), chosen, options)));
}

std::unique_ptr<Device> Device::adopt(const AdoptedDevice& adopted, const DeviceOptions& options) {
  auto instance = Instance::adopt(adopted.instance, adopted.lookup);
  DeviceDescription device = describe_device(*instance, adopted.physical_device);
  if (!device.usable) throw Error(fmt::format("device \"{}\" can't be used: it {}", device.caps.name, device.why_not));
  device.caps.storage_16bit = adopted.storage_16bit;
  device.caps.arithmetic_fp16 = adopted.arithmetic_fp16;
  device.caps.int64 = adopted.int64;
  device.caps.cooperative_elements = false;
  device.caps.cooperative_matrix = {};  // needs features and an extension that the caller may not have asked for
  device.caps.subgroup_broadcast = device.caps.subgroup_broadcast && adopted.subgroup_broadcast_dynamic_id;
  device.timestamp_bits = timestamp_bits(instance->functions(), adopted);
  device.caps.timestamps = device.caps.timestamps && device.timestamp_bits > 0;
  auto context = make_context(instance, device);
  context->device = adopted.device;
  context->queue = adopted.queue;
  context->queue_family = adopted.queue_family;
  context->queue_lock = adopted.queue_lock;
  context->vk = load_device_functions(instance->functions().get_device_proc_addr, context->device);
  context->create_shared_objects();
  return std::unique_ptr<Device>(new Device(std::make_unique<Impl>(std::move(context), std::move(device), options)));
}

Device::Device(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Device::~Device() {
  impl_->context->wait_quietly({impl_->context->last_ticket});
  save_pipeline_cache();
}

const DeviceCaps& Device::caps() const {
  return impl_->caps;
}

const DeviceDescription& Device::description() const {
  return impl_->description;
}

DeviceCounters Device::counters() const {
  DeviceCounters counters = impl_->context->counters;
  counters.pipelines = impl_->pipelines.created();
  return counters;
}

std::vector<PipelineStatistics> Device::pipeline_statistics() const {
  return impl_->pipelines.statistics();
}

Buffer Device::allocate(std::uint64_t bytes, MemoryKind kind, std::string_view what) {
  return {impl_->context, bytes, kind, what};
}

Buffer Device::borrow(VkBuffer buffer, std::uint64_t bytes) {
  return {impl_->context, buffer, bytes};
}

std::uint64_t Device::available_memory() const {
  return impl_->context->available_memory();
}

const Pipeline& Device::pipeline(const PipelineRequest& request) {
  return impl_->pipelines.get(request);
}

void Device::add_shader(const std::string& name, std::vector<std::uint32_t> spirv) {
  impl_->pipelines.add(name, std::move(spirv));
}

void Device::compile(std::span<const PipelineRequest> requests) {
  impl_->pipelines.compile(requests);
  if (impl_->pipelines.created() - impl_->saved >= kSaveEvery) save_pipeline_cache();
}

void Device::save_pipeline_cache() noexcept try {
  const std::uint64_t created = impl_->pipelines.created();
  if (created == impl_->saved || impl_->cache_file.path().empty()) return;
  impl_->saved = created;
  impl_->cache_file.write(impl_->pipelines.cache_data());
} catch (...) {  // a cache
}

CommandBuffer Device::command_buffer() {
  return CommandBuffer(impl_->context);
}

TimestampPool Device::timestamps(std::uint32_t count) {
  return {impl_->context, count};
}

Ticket Device::submit(std::span<const CommandBuffer* const> commands, std::span<const SemaphorePoint> after,
                      std::span<const SemaphorePoint> signal) {
  DeviceContext& context = *impl_->context;
  const Ticket ticket{context.last_ticket + 1};
  std::vector<VkCommandBuffer> handles;
  for (const CommandBuffer* buffer : commands) handles.push_back(buffer->handle_);
  std::vector<VkSemaphore> waits, signals = {context.timeline};
  std::vector<std::uint64_t> wait_values, signal_values = {ticket.value};
  for (const SemaphorePoint& point : after) waits.push_back(point.semaphore), wait_values.push_back(point.value);
  for (const SemaphorePoint& point : signal) signals.push_back(point.semaphore), signal_values.push_back(point.value);
  const std::vector<VkPipelineStageFlags> stages(waits.size(),
                                                 VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT);
  const VkTimelineSemaphoreSubmitInfo values = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .waitSemaphoreValueCount = static_cast<std::uint32_t>(wait_values.size()),
      .pWaitSemaphoreValues = wait_values.data(),
      .signalSemaphoreValueCount = static_cast<std::uint32_t>(signal_values.size()),
      .pSignalSemaphoreValues = signal_values.data()};
  const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                             .pNext = &values,
                             .waitSemaphoreCount = static_cast<std::uint32_t>(waits.size()),
                             .pWaitSemaphores = waits.data(),
                             .pWaitDstStageMask = stages.data(),
                             .commandBufferCount = static_cast<std::uint32_t>(handles.size()),
                             .pCommandBuffers = handles.data(),
                             .signalSemaphoreCount = static_cast<std::uint32_t>(signals.size()),
                             .pSignalSemaphores = signals.data()};
  {
    std::unique_lock<std::mutex> lock;
    if (context.queue_lock != nullptr) lock = std::unique_lock(*context.queue_lock);
    context.check(context.vk.queue_submit(context.queue, 1, &info, VK_NULL_HANDLE), "submitting work");
  }
  context.last_ticket = ticket.value;
  for (const CommandBuffer* buffer : commands) buffer->last_use_ = ticket;
  ++context.counters.submissions;
  return ticket;
}

Ticket Device::submit(const CommandBuffer& commands) {
  const CommandBuffer* one = &commands;
  return submit(std::span(&one, 1));
}

void Device::wait(Ticket ticket) {
  impl_->context->wait(ticket);
}

bool Device::done(Ticket ticket) const {
  const DeviceContext& context = *impl_->context;
  std::uint64_t reached = 0;
  context.check(context.vk.get_semaphore_counter_value(context.device, context.timeline, &reached), "waiting for it");
  return reached >= ticket.value;
}

void Device::wait_idle() {
  impl_->context->wait({impl_->context->last_ticket});
}

}  // namespace tuff
