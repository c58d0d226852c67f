// Recording of compute work. A reusable command buffer is recorded once and submitted many times.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "vulkan/functions.h"

namespace tuff {

struct DeviceContext;
class Buffer;
class Pipeline;
class TimestampPool;

// A point of a device's timeline: reached once the submission that returned it is done.
struct Ticket {
  std::uint64_t value = 0;  // 0: always reached
};

// Move-only. Its destructor waits for its last submission, so work in flight never loses its commands.
// Declare it after the buffers that it uses, so that it goes first.
class CommandBuffer {
 public:
  CommandBuffer(CommandBuffer&& other) noexcept;
  CommandBuffer& operator=(CommandBuffer&& other) noexcept;
  ~CommandBuffer();

  // Starts recording, dropping what was recorded (waits where that is still running).
  // Reusable: may be submitted again and again, once at a time. The recording begins with a full barrier and
  // ends with one, so command buffers follow each other in order, and the host sees what a finished one wrote.
  void begin(bool reusable = false);
  // `push_constants`: the shader's whole block, a multiple of 4 bytes, at most 128. Another first group than 0 needs
  // PipelineRequest::in_pieces.
  void dispatch(const Pipeline& pipeline, std::span<const std::byte> push_constants,
                std::array<std::uint32_t, 3> groups, std::array<std::uint32_t, 3> first = {0, 0, 0});
  // Everything recorded before is done, and its writes visible to dispatches and copies, before anything after it
  // starts.
  void barrier();
  void copy(const Buffer& source, std::uint64_t source_offset, const Buffer& target, std::uint64_t target_offset,
            std::uint64_t bytes);
  // Offset and bytes: multiples of 4.
  void fill(const Buffer& buffer, std::uint64_t offset, std::uint64_t bytes, std::uint32_t value);
  // Must precede timestamps into the pool, once per recording.
  void reset(const TimestampPool& pool);
  // Written when everything before it is done.
  void timestamp(const TimestampPool& pool, std::uint32_t index);
  void end();

 private:
  friend class Device;
  explicit CommandBuffer(std::shared_ptr<DeviceContext> context);
  void release() noexcept;
  void barrier(VkPipelineStageFlags more_stages, VkAccessFlags more_reads);

  std::shared_ptr<DeviceContext> context_;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  VkCommandBuffer handle_ = VK_NULL_HANDLE;
  VkPipeline bound_ = VK_NULL_HANDLE;
  mutable Ticket last_use_;
};

}  // namespace tuff
