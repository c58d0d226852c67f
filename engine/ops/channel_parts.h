// Reductions to one number per channel over channels-last memory: invocation (part, channel vector) takes rows
// part, part + parts, ..., so that neighbouring invocations read neighbouring addresses.
#pragma once

#include <cstdint>

#include "plan/device_caps.h"

namespace tuff {

// How many parts `rows` pixels of `vectors` channel vectors are reduced in: by shape and device alone.
std::uint32_t channel_parts(std::uint64_t rows, std::uint64_t vectors, const DeviceCaps& caps);

}  // namespace tuff
