// Copies between host memory and device buffers outside of recorded runs: uploads of weights and
// constants, reads of parameters. Each call waits until it is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vulkan/device.h"

namespace tuff {

void upload(Device& device, Buffer& target, std::uint64_t offset, std::span<const std::byte> bytes);
void download(Device& device, const Buffer& source, std::uint64_t offset, std::span<std::byte> bytes);
// Offset and bytes: multiples of 4.
void fill(Device& device, Buffer& target, std::uint64_t offset, std::uint64_t bytes, std::uint32_t word);

}  // namespace tuff
