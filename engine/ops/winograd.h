// Winograd's F(2x2, 3x3) and F(4x4, 3x3) for CPU drivers (shaders/conv/winograd.glsl): convolutions of 3x3 kernels,
// their data and weight gradients, from 16 multiplications for 36, or 36 for 144. `outputs` is 2 or 4. Inputs, weights
// and products are transformed in workspace, block by block (ops/winograd_blocks.h) or, for weight gradients of many
// channels, in chunks of rows of tiles, which bounds it and keeps it in caches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ops/conv_geometry.h"
#include "plan/kernel.h"

namespace tuff {

// Why this geometry and device don't allow it or gain nothing from it. `gradient`: the weight's.
std::optional<std::string> refuse_winograd(const ConvGeometry& geometry, std::uint32_t outputs, bool gradient,
                                           const DeviceCaps& caps);

// What their transforms can read instead of input 0, for Kernel::reads_through: the tensors that a concatenation joins,
// and, for the weight's gradient, what a norm is applied to.
std::vector<Operand> winograd_reads(std::uint32_t input, const Producer& producer, bool gradient,
                                    const DeviceCaps& caps);

// y is the weight's gradient of the convolution of this geometry, from x and the upstream gradient.
KernelDispatches emit_winograd_weight_gradient(const KernelRequest& request, const ConvGeometry& geometry,
                                               std::uint32_t outputs);

}  // namespace tuff
