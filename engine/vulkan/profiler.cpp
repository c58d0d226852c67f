#include "vulkan/profiler.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "vulkan/context.h"

namespace tuff {

TimestampPool::TimestampPool(std::shared_ptr<DeviceContext> context, std::uint32_t size)
    : context_(std::move(context)), size_(size) {
  const DeviceContext& device = *context_;
  if (!device.caps.timestamps) throw Error(fmt::format("{} has no timestamps: it can't be profiled", device.name));
  const VkQueryPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = VK_QUERY_TYPE_TIMESTAMP, .queryCount = size};
  device.check(device.vk.create_query_pool(device.device, &info, nullptr, &handle_), "creating timestamps");
}

TimestampPool::TimestampPool(TimestampPool&& other) noexcept {
  *this = std::move(other);
}

TimestampPool& TimestampPool::operator=(TimestampPool&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(handle_, other.handle_);
  std::swap(size_, other.size_);
  if (this != &other) other.release();
  return *this;
}

TimestampPool::~TimestampPool() {
  release();
}

void TimestampPool::release() noexcept {
  if (handle_ != VK_NULL_HANDLE) context_->vk.destroy_query_pool(context_->device, handle_, nullptr);
  handle_ = VK_NULL_HANDLE;
  size_ = 0;
  context_.reset();
}

std::vector<double> TimestampPool::nanoseconds() const {
  const DeviceContext& device = *context_;
  std::vector<std::uint64_t> ticks(size_);
  const VkResult result =
      device.vk.get_query_pool_results(device.device, handle_, 0, size_, size_ * sizeof(std::uint64_t), ticks.data(),
                                       sizeof(std::uint64_t), VK_QUERY_RESULT_64_BIT);
  if (result == VK_NOT_READY) throw Error("timestamps are read before the work that writes them is done");
  device.check(result, "reading timestamps");
  // Only so many bits are valid; the difference modulo them is right across one wrap.
  const std::uint64_t mask = device.timestamp_bits >= 64 ? ~0ull : (1ull << device.timestamp_bits) - 1;
  std::vector<double> times;
  times.reserve(size_);
  for (const std::uint64_t tick : ticks)
    times.push_back(static_cast<double>((tick - ticks.front()) & mask) * device.caps.timestamp_period_ns);
  return times;
}

}  // namespace tuff
