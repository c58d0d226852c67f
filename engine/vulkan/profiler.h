// Device timestamps.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "vulkan/functions.h"

namespace tuff {

struct DeviceContext;

// A fixed number of timestamps. Only where caps().timestamps; Device::timestamps() throws Error otherwise.
class TimestampPool {
 public:
  TimestampPool(TimestampPool&& other) noexcept;
  TimestampPool& operator=(TimestampPool&& other) noexcept;
  ~TimestampPool();

  std::uint32_t size() const { return size_; }
  VkQueryPool handle() const { return handle_; }
  // Nanoseconds of every timestamp since the first one. Call after waiting for the submission that wrote them all.
  std::vector<double> nanoseconds() const;

 private:
  friend class Device;
  TimestampPool(std::shared_ptr<DeviceContext> context, std::uint32_t size);
  void release() noexcept;

  std::shared_ptr<DeviceContext> context_;
  VkQueryPool handle_ = VK_NULL_HANDLE;
  std::uint32_t size_ = 0;
};

}  // namespace tuff
