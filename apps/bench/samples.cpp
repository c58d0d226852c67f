#include "apps/bench/samples.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/os.h"

namespace tuff::bench {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

namespace {

constexpr std::uint64_t kFlushBytes = 128 << 20;  // more than caches hold, but for the largest GPUs'

}  // namespace

Samples collect(const Effort& effort, const std::function<double()>& sample) {
  std::vector<double> seconds;
  const double begin = os::monotonic_seconds();
  const auto wanted = static_cast<std::size_t>(std::max(effort.samples, 1));
  while (seconds.size() < wanted || os::monotonic_seconds() - begin < effort.seconds) seconds.push_back(sample());
  std::ranges::sort(seconds);
  const auto quantile = [&](double share) {
    return seconds[static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1) + 0.5)];
  };
  // How many of n samples lie below the median is binomial: n / 2, give or take 1.96 sqrt(n) / 2.
  const double margin = 0.98 / std::sqrt(static_cast<double>(seconds.size()));
  return {.median = quantile(0.5),
          .p10 = quantile(0.1),
          .p90 = quantile(0.9),
          .low = quantile(std::max(0.0, 0.5 - margin)),
          .high = quantile(std::min(1.0, 0.5 + margin)),
          .count = static_cast<int>(seconds.size())};
}

CacheFlush::CacheFlush(Device& device)
    : device_(device),
      memory_(device.allocate(kFlushBytes, MemoryKind::device, "memory to empty caches with")),
      commands_(device.command_buffer()) {
  commands_.begin(true);
  commands_.fill(memory_, 0, kFlushBytes, 0);
  commands_.end();
}

void CacheFlush::operator()() {
  device_.wait(device_.submit(commands_));
}

DispatchTimer::DispatchTimer(Device& device, const PipelineRequest& pipeline, std::span<const std::byte> push_constants,
                             std::array<std::uint32_t, 3> groups)
    : device_(device), commands_(device.command_buffer()) {
  if (device.caps().timestamps) pool_ = std::make_unique<TimestampPool>(device.timestamps(2));
  commands_.begin(true);
  if (pool_) {
    commands_.reset(*pool_);
    commands_.timestamp(*pool_, 0);
  }
  commands_.dispatch(device.pipeline(pipeline), push_constants, groups);
  if (pool_) commands_.timestamp(*pool_, 1);
  commands_.end();
}

double DispatchTimer::seconds() {
  const double begin = os::monotonic_seconds();
  device_.wait(device_.submit(commands_));
  return pool_ ? pool_->nanoseconds()[1] / 1e9 : os::monotonic_seconds() - begin;
}

}  // namespace tuff::bench
