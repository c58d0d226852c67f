#include "runtime/transfer.h"

#include <algorithm>
#include <cstring>

namespace tuff {

namespace {

// Staging memory is bounded: longer copies go in pieces.
constexpr std::uint64_t kStagingBytes = 64ull << 20;

void copy_now(Device& device, const Buffer& from, std::uint64_t from_offset, Buffer& to, std::uint64_t to_offset,
              std::uint64_t bytes) {
  CommandBuffer commands = device.command_buffer();
  commands.begin();
  commands.copy(from, from_offset, to, to_offset, bytes);
  commands.end();
  device.wait(device.submit(commands));
}

}  // namespace

void upload(Device& device, Buffer& target, std::uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (target.mapped()) {
    device.wait_idle();
    std::memcpy(target.mapped() + offset, bytes.data(), bytes.size());
    return;
  }
  Buffer staging = device.allocate(std::min<std::uint64_t>(bytes.size(), kStagingBytes), MemoryKind::upload,
                                   "staging for an upload");
  for (std::uint64_t done = 0; done < bytes.size();) {
    const std::uint64_t piece = std::min<std::uint64_t>(bytes.size() - done, kStagingBytes);
    std::memcpy(staging.mapped(), bytes.data() + done, piece);
    copy_now(device, staging, 0, target, offset + done, piece);
    done += piece;
  }
}

void download(Device& device, const Buffer& source, std::uint64_t offset, std::span<std::byte> bytes) {
  if (bytes.empty()) return;
  if (source.cached()) {
    device.wait_idle();
    std::memcpy(bytes.data(), source.mapped() + offset, bytes.size());
    return;
  }
  Buffer staging = device.allocate(std::min<std::uint64_t>(bytes.size(), kStagingBytes), MemoryKind::download,
                                   "staging for a download");
  for (std::uint64_t done = 0; done < bytes.size();) {
    const std::uint64_t piece = std::min<std::uint64_t>(bytes.size() - done, kStagingBytes);
    copy_now(device, source, offset + done, staging, 0, piece);
    std::memcpy(bytes.data() + done, staging.mapped(), piece);
    done += piece;
  }
}

void fill(Device& device, Buffer& target, std::uint64_t offset, std::uint64_t bytes, std::uint32_t word) {
  if (bytes == 0) return;
  CommandBuffer commands = device.command_buffer();
  commands.begin();
  commands.fill(target, offset, bytes, word);
  commands.end();
  device.wait(device.submit(commands));
}

}  // namespace tuff
