// Kernel candidates of conv and conv_transpose: fastest first, the portable one last.
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/spatial.h"

namespace tuff {

namespace {

double conv_flops(const ConvGeometry& geometry, bool transposed) {
  const double pixels = static_cast<double>(transposed ? geometry.in_pixels() : geometry.out_pixels());
  return 2.0 * geometry.batch * pixels * static_cast<double>(geometry.weights());
}

double conv_bytes(const KernelRequest& request) {
  double bytes = static_cast<double>(request.outputs[0].bytes());
  for (const TensorType& input : request.inputs) bytes += static_cast<double>(input.bytes());
  return bytes;
}

KernelDispatches emit_direct(const KernelRequest& request) {
  bool transposed = false;
  const ConvGeometry geometry = conv_geometry(request, transposed);
  const ConvAttributes& attributes = conv_attributes(request.op);
  const bool bias = request.inputs.size() == 3;
  Dispatch dispatch;
  dispatch.shader = "conv/direct.f32";
  dispatch.specialization = {kGroupSize, 1, 1, transposed, bias, static_cast<std::uint32_t>(attributes.activation), float_bits(attributes.slope)};
  dispatch.buffers = {reads_input(0), reads_input(1), reads_input(bias ? 2 : 1), writes_output(0)};
  dispatch.constants = push_constants(geometry);
  dispatch.groups = linear_groups(static_cast<std::uint64_t>(request.outputs[0].shape.elements()), request.caps);
  dispatch.flops = conv_flops(geometry, transposed);
  dispatch.bytes = conv_bytes(request);
  return {{dispatch}, {}};
}

}  // namespace

std::vector<Kernel> conv_kernels() { return {{"direct", refuse_large, emit_direct}}; }

std::vector<Kernel> conv_transpose_kernels() { return {{"direct", refuse_large, emit_direct}}; }

}  // namespace tuff
