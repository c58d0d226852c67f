#include "vulkan/pipeline_cache.h"

#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "base/hash.h"
#include "base/os.h"
#include "embedded.h"

namespace tuff {
namespace {

struct Header {
  char magic[8] = {'T', 'U', 'F', 'F', 'P', 'S', 'O', '1'};
  std::uint64_t identity = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;
};

std::uint64_t checksum(std::span<const std::byte> bytes) {
  Hash hash;
  hash.add(bytes);
  return hash.value();
}

}  // namespace

std::uint64_t shader_set_hash() {
  return embedded_hash();
}

std::uint64_t device_identity(const DeviceDescription& device) {
  Hash hash;
  hash.add(device.caps.name);
  hash.add(device.driver_info);
  const std::uint32_t numbers[] = {device.caps.vendor_id, device.caps.device_id, device.caps.driver_version};
  hash.add(std::as_bytes(std::span(numbers)));
  hash.add(std::as_bytes(std::span(device.pipeline_cache_uuid)));
  const std::uint64_t shaders = shader_set_hash();
  hash.add(std::as_bytes(std::span(&shaders, 1)));
  return hash.value();
}

PipelineCacheFile::PipelineCacheFile(const std::filesystem::path& folder, const DeviceDescription& device) {
  if (folder.empty()) return;
  identity_ = device_identity(device);
  path_ = folder / fmt::format("pipelines-{:016x}.bin", identity_);
}

std::vector<std::byte> PipelineCacheFile::read() const noexcept try {
  std::error_code absent;
  if (path_.empty() || !std::filesystem::is_regular_file(path_, absent)) return {};
  std::vector<std::byte> file = os::read_file(path_);
  const Header expected;
  Header header;
  if (file.size() < sizeof header) return {};
  std::memcpy(&header, file.data(), sizeof header);
  const auto data = std::span<const std::byte>(file).subspan(sizeof header);
  if (std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0 || header.identity != identity_ ||
      header.bytes != data.size() || header.checksum != checksum(data))
    return {};
  return {data.begin(), data.end()};
} catch (...) {
  return {};
}

bool PipelineCacheFile::write(std::span<const std::byte> data) const noexcept try {
  if (path_.empty()) return false;
  std::filesystem::create_directories(path_.parent_path());
  Header header;
  header.identity = identity_;
  header.bytes = data.size();
  header.checksum = checksum(data);
  std::vector<std::byte> file(sizeof header + data.size());
  std::memcpy(file.data(), &header, sizeof header);
  if (!data.empty()) std::memcpy(file.data() + sizeof header, data.data(), data.size());
  os::write_file(path_, file);
  return true;
} catch (...) {
  return false;
}

}  // namespace tuff
