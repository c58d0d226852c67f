#include "vulkan/command.h"

#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "base/error.h"
#include "vulkan/context.h"

namespace tuff {

CommandBuffer::CommandBuffer(std::shared_ptr<DeviceContext> context) : context_(std::move(context)) {
  const DeviceContext& device = *context_;
  // A pool for each: it is reset as a whole, and there are few.
  const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                        .queueFamilyIndex = device.queue_family};
  device.check(device.vk.create_command_pool(device.device, &pool, nullptr, &pool_), "creating a command pool");
  const VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .commandPool = pool_,
                                            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                            .commandBufferCount = 1};
  const VkResult result = device.vk.allocate_command_buffers(device.device, &info, &handle_);
  if (result != VK_SUCCESS) release();
  tuff::check(result, "Vulkan", "creating a command buffer");
}

CommandBuffer::CommandBuffer(CommandBuffer&& other) noexcept {
  *this = std::move(other);
}

CommandBuffer& CommandBuffer::operator=(CommandBuffer&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(pool_, other.pool_);
  std::swap(handle_, other.handle_);
  std::swap(bound_, other.bound_);
  std::swap(last_use_, other.last_use_);
  if (this != &other) other.release();
  return *this;
}

CommandBuffer::~CommandBuffer() {
  release();
}

void CommandBuffer::release() noexcept {
  if (context_ == nullptr) return;
  context_->wait_quietly(last_use_);
  if (pool_ != VK_NULL_HANDLE) context_->vk.destroy_command_pool(context_->device, pool_, nullptr);
  pool_ = VK_NULL_HANDLE;
  handle_ = VK_NULL_HANDLE;
  last_use_ = {};
  context_.reset();
}

void CommandBuffer::begin(bool reusable) {
  DeviceContext& device = *context_;
  device.wait(last_use_);
  device.check(device.vk.reset_command_pool(device.device, pool_, 0), "resetting a command pool");
  const VkCommandBufferBeginInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
      .flags = static_cast<VkCommandBufferUsageFlags>(reusable ? VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT
                                                               : VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT)};
  device.check(device.vk.begin_command_buffer(handle_, &info), "recording");
  bound_ = VK_NULL_HANDLE;
  barrier();
}

void CommandBuffer::dispatch(const Pipeline& pipeline, std::span<const std::byte> push_constants,
                             std::array<std::uint32_t, 3> groups, std::array<std::uint32_t, 3> first) {
  assert(push_constants.size() % 4 == 0);
  const DeviceContext& device = *context_;
  if (push_constants.size() > kPushConstantBytes)
    throw Error(fmt::format("{}: {} bytes of push constants; {} is the most", pipeline.shader(), push_constants.size(),
                            kPushConstantBytes));
  for (std::size_t axis = 0; axis < 3; ++axis)
    if (first[axis] + groups[axis] > device.caps.max_groups[axis])
      throw Error(fmt::format("{}: {} x {} x {} groups; {} takes {} x {} x {} at most", pipeline.shader(), groups[0],
                              groups[1], groups[2], device.name, device.caps.max_groups[0], device.caps.max_groups[1],
                              device.caps.max_groups[2]));
  if (bound_ != pipeline.handle()) {
    device.vk.cmd_bind_pipeline(handle_, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.handle());
    bound_ = pipeline.handle();
  }
  if (!push_constants.empty())
    device.vk.cmd_push_constants(handle_, device.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                 static_cast<std::uint32_t>(push_constants.size()), push_constants.data());
  if (first == std::array<std::uint32_t, 3>{})
    device.vk.cmd_dispatch(handle_, groups[0], groups[1], groups[2]);
  else
    device.vk.cmd_dispatch_base(handle_, first[0], first[1], first[2], groups[0], groups[1], groups[2]);
}

void CommandBuffer::barrier() {
  barrier(0, 0);
}

void CommandBuffer::barrier(VkPipelineStageFlags more_stages, VkAccessFlags more_reads) {
  constexpr VkPipelineStageFlags kWork = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
  constexpr VkAccessFlags kWrites = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  constexpr VkAccessFlags kReads = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_TRANSFER_READ_BIT;
  const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                   .srcAccessMask = kWrites,
                                   .dstAccessMask = kWrites | kReads | more_reads};
  context_->vk.cmd_pipeline_barrier(handle_, kWork, kWork | more_stages, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

void CommandBuffer::copy(const Buffer& source, std::uint64_t source_offset, const Buffer& target,
                         std::uint64_t target_offset, std::uint64_t bytes) {
  assert(source_offset + bytes <= source.bytes() && target_offset + bytes <= target.bytes());
  if (bytes == 0) return;
  const VkBufferCopy region = {.srcOffset = source_offset, .dstOffset = target_offset, .size = bytes};
  context_->vk.cmd_copy_buffer(handle_, source.handle(), target.handle(), 1, &region);
}

void CommandBuffer::fill(const Buffer& buffer, std::uint64_t offset, std::uint64_t bytes, std::uint32_t value) {
  assert(offset % 4 == 0 && bytes % 4 == 0 && offset + bytes <= buffer.bytes());
  if (bytes == 0) return;
  context_->vk.cmd_fill_buffer(handle_, buffer.handle(), offset, bytes, value);
}

void CommandBuffer::reset(const TimestampPool& pool) {
  context_->vk.cmd_reset_query_pool(handle_, pool.handle(), 0, pool.size());
}

void CommandBuffer::timestamp(const TimestampPool& pool, std::uint32_t index) {
  assert(index < pool.size());
  context_->vk.cmd_write_timestamp(handle_, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool.handle(), index);
}

void CommandBuffer::end() {
  // Only here: some drivers flush all caches for the host.
  barrier(VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
  context_->check(context_->vk.end_command_buffer(handle_), "recording");
  ++context_->counters.command_buffers;
}

}  // namespace tuff
