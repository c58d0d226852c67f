// What the layer knows of each instance and device, found by any handle that belongs to it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>

#include <vulkan/vulkan_core.h>

#include "layer/layer.h"
#include "layer/settings.h"

namespace tuff_test {

struct Instance {
  VkInstance handle = VK_NULL_HANDLE;
  PFN_vkGetInstanceProcAddr lookup = nullptr;  // of the next layer or driver
  // Fetched while the instance is made: some loaders' lookup answers with the top of the chain later, this layer.
  std::map<std::string_view, PFN_vkVoidFunction> functions;
  Settings settings;

  template <class Function>
  Function next(std::string_view name) const {
    return reinterpret_cast<Function>(functions.at(name));
  }
};

enum class Health : std::uint8_t {
  well,
  hung,  // submissions are swallowed; the next wait finds out
  lost,
};

struct Device {
  VkDevice handle = VK_NULL_HANDLE;
  PFN_vkGetDeviceProcAddr lookup = nullptr;
  Settings settings;

  std::mutex mutex;  // for the fields below
  Health health = Health::well;
  std::uint64_t submissions = 0;
  std::uint64_t allocation_attempts = 0;
  std::uint64_t bytes = 0;
  std::map<VkDeviceMemory, std::uint64_t> memory;
  std::set<VkPipeline> captured;  // made to tell their statistics

  template <class Function>
  Function next(const char* name) const {
    return reinterpret_cast<Function>(lookup(handle, name));
  }
};

// A dispatchable handle (instance, physical device; device, queue, command buffer) starts with a pointer that all
// handles of its instance or device share.
inline void* key_of(const void* handle) {
  return *static_cast<void* const*>(handle);
}

// Owns them; each call is safe from any thread.
template <class Type>
class Registry {
 public:
  void add(const void* handle, std::shared_ptr<Type> object) {
    const std::lock_guard lock(mutex_);
    objects_[key_of(handle)] = std::move(object);
  }
  std::shared_ptr<Type> find(const void* handle) {
    const std::lock_guard lock(mutex_);
    return objects_.at(key_of(handle));
  }
  std::shared_ptr<Type> remove(const void* handle) {
    const std::lock_guard lock(mutex_);
    auto node = objects_.extract(key_of(handle));
    return std::move(node.mapped());
  }

 private:
  std::mutex mutex_;
  std::map<void*, std::shared_ptr<Type>> objects_;
};

struct Counters {
  std::atomic<std::uint64_t> devices = 0;
  std::atomic<std::uint64_t> pipelines = 0;
  std::atomic<std::uint64_t> command_buffers = 0;
  std::atomic<std::uint64_t> allocations = 0;
  std::atomic<std::uint64_t> submissions = 0;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::uint64_t> peak_bytes = 0;

  void add_bytes(std::uint64_t count) {
    const std::uint64_t now = bytes += count;
    std::uint64_t peak = peak_bytes;
    while (peak < now && !peak_bytes.compare_exchange_weak(peak, now)) {
    }
  }
  TuffTestLayerCounts snapshot() const {
    return {devices, pipelines, command_buffers, allocations, submissions, bytes, peak_bytes};
  }
};

// The library's state: one of each in a process.
extern Registry<Instance> instances;
extern Registry<Device> devices;
extern Counters counters;

}  // namespace tuff_test
