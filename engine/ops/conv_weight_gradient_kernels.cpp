// Kernel candidates of conv_weight_gradient: fastest first, the portable one last. All sum parts of the output pixels
// into workspace and add the parts in a fixed order; the number of parts depends on shapes and caps alone.
#include <algorithm>

#include "ops/conv_weight_gradient.h"
#include "ops/spatial.h"

namespace tuff {

namespace {

ConvGeometry geometry_of(const KernelRequest& request) {
  const auto& op = static_cast<const ConvWeightGradient&>(request.op);
  return conv_geometry(request.inputs[0].shape, request.inputs[1].shape, op.weight(), op.values());
}

Dispatch sum_parts(const ConvGeometry& geometry, std::uint32_t parts, const DeviceCaps& caps) {
  Dispatch dispatch;
  dispatch.shader = "conv_weight_gradient/sum_parts.f32";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_workspace(0), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(geometry.weights()), parts};
  dispatch.groups = linear_groups(geometry.weights(), caps);
  dispatch.flops = static_cast<double>(geometry.weights()) * parts;
  dispatch.bytes = 4.0 * static_cast<double>(geometry.weights()) * (parts + 1);
  return dispatch;
}

KernelDispatches emit_direct(const KernelRequest& request) {
  const ConvGeometry geometry = geometry_of(request);
  const std::uint64_t rows = std::uint64_t{geometry.batch} * geometry.out[0] * geometry.out[1];
  const auto parts = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows, 32));
  const std::uint64_t groups = (geometry.weights() + kGroupSize - 1) / kGroupSize;
  const std::uint64_t across = std::min<std::uint64_t>(groups, request.caps.max_groups[0]);
  Dispatch dispatch;
  dispatch.shader = "conv_weight_gradient/direct.f32";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), reads_input(1), writes_workspace(0)};
  dispatch.constants = push_constants(geometry);
  dispatch.groups = {static_cast<std::uint32_t>(across), parts, static_cast<std::uint32_t>((groups + across - 1) / across)};
  dispatch.flops = 2.0 * geometry.batch * static_cast<double>(geometry.out_pixels()) * static_cast<double>(geometry.weights());
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.inputs[1].bytes()) + 4.0 * static_cast<double>(geometry.weights()) * parts;
  return {{dispatch, sum_parts(geometry, parts, request.caps)}, {geometry.weights() * parts * sizeof(float)}};
}

}  // namespace

std::vector<Kernel> conv_weight_gradient_kernels() { return {{"direct", refuse_large, emit_direct}}; }

}  // namespace tuff
