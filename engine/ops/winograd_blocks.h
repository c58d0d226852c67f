// Winograd's convolutions in one dispatch each: a workgroup takes blocks of tiles from input to output, and what lies
// between stays in its core's caches.
#pragma once

#include "ops/winograd_tiles.h"

namespace tuff {

// Forward, and transposed without stride, which is the data gradient.
KernelDispatches emit_winograd(const KernelRequest& request, const ConvGeometry& geometry, std::uint32_t outputs,
                               bool transposed);

// Whether tiles of that many channels are few enough for it, and cores for their parts of the gradient.
bool winograd_gradient_by_blocks(const ConvGeometry& geometry, std::uint32_t outputs, const DeviceCaps& caps);

// `in`: input channels of a product.
KernelDispatches emit_winograd_gradient_blocks(const KernelRequest& request, const ConvGeometry& geometry,
                                               std::uint32_t outputs, std::uint32_t in);

}  // namespace tuff
