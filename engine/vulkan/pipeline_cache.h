// The driver's compiled pipelines on disk: one file per device, driver version and shader set, checked by
// a checksum of our own, as drivers trust what they are given. A cache: nothing here ever fails loudly.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "vulkan/description.h"

namespace tuff {

// Of the names and the SPIR-V of all shaders in this build.
std::uint64_t shader_set_hash();

// Of a device, its driver's version and the shaders: what was learned of one is of use to no other.
std::uint64_t device_identity(const DeviceDescription& device);

class PipelineCacheFile {
 public:
  PipelineCacheFile() = default;  // of no folder: reads nothing, writes nothing
  PipelineCacheFile(const std::filesystem::path& folder, const DeviceDescription& device);

  const std::filesystem::path& path() const { return path_; }
  std::vector<std::byte> read() const noexcept;  // empty where absent, damaged or of something else
  bool write(std::span<const std::byte> data) const noexcept;

 private:
  std::filesystem::path path_;
  std::uint64_t identity_ = 0;
};

}  // namespace tuff
