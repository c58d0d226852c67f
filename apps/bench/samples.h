// How long something takes: many samples, their median and their spread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "runtime/executable.h"
#include "vulkan/device.h"

namespace tuff::bench {

struct Samples {
  double median = 0, p10 = 0, p90 = 0;  // seconds
  double low = 0, high = 0;             // where the median lies with 95 % confidence, if samples are independent
  int count = 0;
  double spread() const { return median > 0 ? (p90 - p10) / median : 0; }
  bool noisy() const { return spread() > 0.05; }
};

// The upper of two in the middle. Not of nothing.
double median(std::vector<double> values);

struct Effort {
  int samples = 30;    // at least
  double seconds = 1;  // at least
};

// Calls `sample`, which gives the seconds of one run, until there are enough.
Samples collect(const Effort& effort, const std::function<double()>& sample);

// Makes what a run reads and writes lie in memory rather than in a cache.
class CacheFlush {
 public:
  explicit CacheFlush(Device& device);
  void operator()();

 private:
  Device& device_;
  Buffer memory_;
  CommandBuffer commands_;
};

// What a dispatch is given: addresses of buffers, then constants.
class PushConstants {
 public:
  void add(const Buffer& buffer) { append(buffer.address()); }
  void add(std::uint32_t constant) { append(constant); }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  template <typename T>
  void append(T value) {
    const std::size_t end = bytes_.size();
    bytes_.resize(end + sizeof value);
    std::memcpy(bytes_.data() + end, &value, sizeof value);
  }
  std::vector<std::byte> bytes_;
};

// One dispatch over and over, without a graph. Timed by the device where it has timestamps, else by the host.
class DispatchTimer {
 public:
  DispatchTimer(Device& device, const PipelineRequest& pipeline, std::span<const std::byte> push_constants,
                std::array<std::uint32_t, 3> groups);
  double seconds();

 private:
  Device& device_;
  std::unique_ptr<TimestampPool> pool_;
  CommandBuffer commands_;
};

}  // namespace tuff::bench
