// Kernels of pooling and unpooling: each invocation does one pixel and channel (or four) of the side that is written.
#include "ops/pool_kernels.h"

#include <fmt/format.h>

#include "ops/spatial.h"
#include "ops/unpool.h"

namespace tuff {
namespace {

// The shader's push constants (POOL_CONSTANTS in shaders/pool/window.glsl) and grid; `pooled_side` where the pooled
// tensor is what is written.
Dispatch over_windows(const KernelRequest& request, std::string shader, std::uint32_t lanes, bool pooled_side) {
  const auto& op = static_cast<const PoolOp&>(request.op);
  const PoolAttributes& attributes = op.values();
  const Volume in = volume({DType::f32, op.unpooled()});
  const Volume out = volume({DType::f32, pooled_shape(attributes, op.name(), op.unpooled())});
  const Volume& written = pooled_side ? out : in;
  Dispatch dispatch;
  dispatch.shader = std::move(shader);
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.constants = {in.batch, in.channels / lanes, in.depth, in.height, in.width, out.depth, out.height, out.width};
  const auto push = [&](const std::vector<std::int64_t>& values, std::int64_t fallback) {
    for (const std::uint32_t value : to_3d(values, fallback)) dispatch.constants.push_back(value);
  };
  push(attributes.kernel, 1);
  push(attributes.stride, 1);
  push(attributes.padding, 0);
  push(attributes.dilation, 1);
  dispatch.constants.push_back(attributes.count_include_pad ? 1 : 0);
  dispatch.groups = row_groups(std::uint64_t{written.batch} * written.depth * written.height,
                               std::uint64_t{written.width} * (written.channels / lanes), request.caps);
  for (const TensorType& type : request.inputs) dispatch.bytes += static_cast<double>(type.bytes());
  for (const TensorType& type : request.outputs) dispatch.bytes += static_cast<double>(type.bytes());
  return dispatch;
}

std::string variant(std::string_view shader, std::uint32_t lanes) {
  return fmt::format("{}{}", shader, lanes == 4 ? "vec4" : "scalar");
}

template <std::uint32_t lanes>
KernelDispatches emit_max_pool(const KernelRequest& request) {
  Dispatch dispatch = over_windows(request, variant("pool/max_pool.", lanes), lanes, true);
  dispatch.buffers = {reads_input(0), writes_output(0), writes_output(1)};
  return {{std::move(dispatch)}, {}};
}

template <std::uint32_t lanes>
KernelDispatches emit_max_pool_gradient(const KernelRequest& request) {
  Dispatch dispatch = over_windows(request, variant("pool/gather.", lanes), lanes, false);
  dispatch.buffers = {reads_input(0), reads_input(1), writes_output(0)};
  return {{std::move(dispatch)}, {}};
}

template <std::uint32_t lanes>
KernelDispatches emit_max_unpool(const KernelRequest& request) {
  Dispatch dispatch = over_windows(request, variant("pool/gather.unpool_", lanes), lanes, false);
  dispatch.buffers = {reads_input(0), reads_input(1), writes_output(0)};
  return {{std::move(dispatch)}, {}};
}

template <std::uint32_t lanes>
KernelDispatches emit_avg_pool(const KernelRequest& request) {
  Dispatch dispatch = over_windows(request, variant("pool/avg_pool.", lanes), lanes, true);
  dispatch.buffers = {reads_input(0), writes_output(0)};
  return {{std::move(dispatch)}, {}};
}

template <std::uint32_t lanes>
KernelDispatches emit_avg_pool_gradient(const KernelRequest& request) {
  Dispatch dispatch = over_windows(request, variant("pool/avg_pool_gradient.", lanes), lanes, false);
  dispatch.buffers = {reads_input(0), writes_output(0)};
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::vector<Kernel> max_pool_kernels() {
  return {{"windows_vec4", refuse_unless_vec4, emit_max_pool<4>}, {"windows", refuse_large, emit_max_pool<1>}};
}

std::vector<Kernel> max_pool_gradient_kernels() {
  return {{"gather_vec4", refuse_unless_vec4, emit_max_pool_gradient<4>},
          {"gather", refuse_large, emit_max_pool_gradient<1>}};
}

std::vector<Kernel> max_unpool_kernels() {
  return {{"gather_vec4", refuse_unless_vec4, emit_max_unpool<4>}, {"gather", refuse_large, emit_max_unpool<1>}};
}

std::vector<Kernel> avg_pool_kernels() {
  return {{"windows_vec4", refuse_unless_vec4, emit_avg_pool<4>}, {"windows", refuse_large, emit_avg_pool<1>}};
}

std::vector<Kernel> avg_pool_gradient_kernels() {
  return {{"gather_vec4", refuse_unless_vec4, emit_avg_pool_gradient<4>},
          {"gather", refuse_large, emit_avg_pool_gradient<1>}};
}

}  // namespace tuff
