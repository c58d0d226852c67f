// Device memory: one VkBuffer with its own VkDeviceMemory each, as Tuff makes few and big ones (arenas).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "vulkan/functions.h"

namespace tuff {

struct DeviceContext;

enum class MemoryKind : std::uint8_t {
  device,    // where kernels run fastest; mapped too where the device shares the host's memory
  upload,    // written by the host: mapped, coherent
  download,  // read by the host: mapped, coherent, cached where there is such memory
};

// Move-only owner. Keeps the device alive; must not end while submitted work uses it.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  VkBuffer handle() const { return handle_; }
  std::uint64_t address() const { return address_; }  // for push constants; aligned to 16 bytes at least
  std::uint64_t bytes() const { return bytes_; }
  std::byte* mapped() const { return mapped_; }  // null where the host can't see it
  bool cached() const { return cached_; }        // mapped, and fast for the host to read
  explicit operator bool() const { return handle_ != VK_NULL_HANDLE; }

 private:
  friend class Device;
  Buffer(std::shared_ptr<DeviceContext> context, std::uint64_t bytes, MemoryKind kind, std::string_view what);
  Buffer(std::shared_ptr<DeviceContext> context, VkBuffer borrowed, std::uint64_t bytes);
  void allocate(std::uint64_t bytes, std::uint32_t type, std::string_view what);
  void find_address();
  void release() noexcept;

  std::shared_ptr<DeviceContext> context_;
  VkBuffer handle_ = VK_NULL_HANDLE;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;  // null for a borrowed buffer
  std::uint64_t address_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t allocated_ = 0;  // bytes of memory_
  std::byte* mapped_ = nullptr;
  bool cached_ = false;
};

}  // namespace tuff
