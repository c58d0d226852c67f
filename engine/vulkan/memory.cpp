#include "vulkan/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "base/error.h"
#include "vulkan/context.h"

namespace tuff {
namespace {

constexpr VkMemoryPropertyFlags kMapped = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kExotic = VK_MEMORY_PROPERTY_PROTECTED_BIT | VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT |
                                          VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD |
                                          VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD;
constexpr VkBufferUsageFlags kUsage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                      VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;

struct Wish {
  VkMemoryPropertyFlags required, preferred, avoided;
};

Wish wish_for(MemoryKind kind, bool shares_host_memory) {
  switch (kind) {
    case MemoryKind::upload: return {kMapped, 0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT};
    case MemoryKind::download:
      return {kMapped, VK_MEMORY_PROPERTY_HOST_CACHED_BIT, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT};
    case MemoryKind::device: break;
  }
  const VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  // Mapped where that saves the copy; on a discrete device mapped memory lies behind a small or slow window.
  if (shares_host_memory) return {0, local | kMapped, 0};
  return {0, local, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT};
}

// The best memory type among `allowed` with room for `bytes`, the earliest of equals (drivers list the
// faster first); -1 where none fits.
int choose_type(const VkPhysicalDeviceMemoryProperties& memory, std::uint32_t allowed, std::uint64_t bytes,
                const Wish& wish) {
  int best = -1, best_score = 0;
  for (std::uint32_t type = 0; type < memory.memoryTypeCount; ++type) {
    const VkMemoryPropertyFlags flags = memory.memoryTypes[type].propertyFlags;
    if ((allowed >> type & 1u) == 0 || (flags & wish.required) != wish.required || (flags & kExotic) != 0) continue;
    if (bytes > memory.memoryHeaps[memory.memoryTypes[type].heapIndex].size) continue;
    const int score = 100 + 4 * std::popcount(flags & wish.preferred) - std::popcount(flags & wish.avoided);
    if (score > best_score) {
      best = static_cast<int>(type);
      best_score = score;
    }
  }
  return best;
}

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

[[noreturn]] void refuse(const DeviceContext& context, std::string_view what, std::uint64_t bytes) {
  throw OutOfMemory(fmt::format(
      "{}: no room for {}: {:.1f} MiB asked, {:.1f} MiB of {:.1f} MiB available, {:.1f} MiB at most in one piece",
      context.name, what, mebibytes(bytes), mebibytes(context.available_memory()), mebibytes(context.caps.memory),
      mebibytes(context.caps.max_allocation)));
}

bool is_out_of_memory(VkResult result) {
  return result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY ||
         result == VK_ERROR_TOO_MANY_OBJECTS;
}

}  // namespace

// Members are set as they come to be, and released again where a later step throws.
Buffer::Buffer(std::shared_ptr<DeviceContext> context, std::uint64_t bytes, MemoryKind kind, std::string_view what)
    : context_(std::move(context)), bytes_(bytes) {
  const DeviceContext& device = *context_;
  const std::uint64_t size = std::max<std::uint64_t>((bytes + 15) / 16 * 16, 16);
  if (size > device.caps.max_allocation || (device.caps.is_cpu() && size > device.available_memory()))
    refuse(device, what, bytes);
  try {
    const VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = size, .usage = kUsage};
    device.check(device.vk.create_buffer(device.device, &info, nullptr, &handle_), "creating a buffer");
    VkMemoryRequirements needs = {};
    device.vk.get_buffer_memory_requirements(device.device, handle_, &needs);
    const int type =
        choose_type(device.memory, needs.memoryTypeBits, needs.size, wish_for(kind, device.shares_host_memory()));
    if (type < 0) refuse(device, what, bytes);
    allocate(needs.size, static_cast<std::uint32_t>(type), what);
    device.check(device.vk.bind_buffer_memory(device.device, handle_, memory_, 0), "binding memory");
    if ((device.memory.memoryTypes[type].propertyFlags & kMapped) == kMapped &&
        (kind != MemoryKind::device || device.shares_host_memory())) {
      void* address = nullptr;
      device.check(device.vk.map_memory(device.device, memory_, 0, VK_WHOLE_SIZE, 0, &address), "mapping memory");
      mapped_ = static_cast<std::byte*>(address);
      cached_ = (device.memory.memoryTypes[type].propertyFlags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) != 0;
    }
    find_address();
  } catch (...) {
    release();
    throw;
  }
}

Buffer::Buffer(std::shared_ptr<DeviceContext> context, VkBuffer borrowed, std::uint64_t bytes)
    : context_(std::move(context)), handle_(borrowed), bytes_(bytes) {
  find_address();
}

void Buffer::allocate(std::uint64_t bytes, std::uint32_t type, std::string_view what) {
  const DeviceContext& device = *context_;
  const VkMemoryAllocateFlagsInfo flags = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                           .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
  const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                     .pNext = &flags,
                                     .allocationSize = bytes,
                                     .memoryTypeIndex = type};
  const VkResult result = device.vk.allocate_memory(device.device, &info, nullptr, &memory_);
  if (is_out_of_memory(result)) refuse(device, what, bytes);
  device.check(result, "allocating memory");
  allocated_ = bytes;
  DeviceCounters& counters = context_->counters;
  ++counters.allocations;
  counters.bytes += bytes;
  counters.peak_bytes = std::max(counters.peak_bytes, counters.bytes);
}

void Buffer::find_address() {
  const VkBufferDeviceAddressInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, .buffer = handle_};
  address_ = context_->vk.get_buffer_device_address(context_->device, &info);
}

Buffer::Buffer(Buffer&& other) noexcept {
  *this = std::move(other);
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(handle_, other.handle_);
  std::swap(memory_, other.memory_);
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  std::swap(allocated_, other.allocated_);
  std::swap(mapped_, other.mapped_);
  std::swap(cached_, other.cached_);
  if (this != &other) other.release();
  return *this;
}

Buffer::~Buffer() {
  release();
}

void Buffer::release() noexcept {
  if (context_ == nullptr) return;
  const bool borrowed = memory_ == VK_NULL_HANDLE && address_ != 0;
  if (!borrowed && handle_ != VK_NULL_HANDLE) context_->vk.destroy_buffer(context_->device, handle_, nullptr);
  if (memory_ != VK_NULL_HANDLE) context_->vk.free_memory(context_->device, memory_, nullptr);  // unmaps too
  context_->counters.bytes -= allocated_;
  handle_ = VK_NULL_HANDLE;
  memory_ = VK_NULL_HANDLE;
  mapped_ = nullptr;
  address_ = bytes_ = allocated_ = 0;
  context_.reset();
}

}  // namespace tuff
