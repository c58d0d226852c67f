// Kernels of pooling and unpooling: each invocation does one pixel and channel (or four) of the side that is written.
#include "ops/pool_kernels.h"

#include <fmt/format.h>

#include <algorithm>

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
  const RowGroups over = row_groups(std::uint64_t{written.batch} * written.depth * written.height,
                                    std::uint64_t{written.width} * (written.channels / lanes), request.caps);
  dispatch.specialization = {over.size, 1, 1};
  dispatch.constants = {in.batch, in.channels / lanes, in.depth, in.height, in.width, out.depth, out.height, out.width};
  const auto push = [&](const std::vector<std::int64_t>& values, std::int64_t fallback) {
    for (const std::uint32_t value : to_3d(values, fallback)) dispatch.constants.push_back(value);
  };
  push(attributes.kernel, 1);
  push(attributes.stride, 1);
  push(attributes.padding, 0);
  push(attributes.padding_end, 0);
  push(attributes.dilation, 1);
  dispatch.constants.push_back(attributes.count_include_pad ? 1 : 0);
  dispatch.constants.push_back(static_cast<std::uint32_t>(attributes.divisor_override));
  dispatch.groups = over.groups;
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

// The variants with a constant window.
bool small_plain_window(const PoolAttributes& attributes) {
  if (!attributes.output_size.empty()) return false;
  std::int64_t volume = 1;
  for (std::size_t a = 0; a < attributes.kernel.size(); ++a) {
    if (attributes.padding[a] != 0 || attributes.dilation[a] != 1) return false;
    volume *= attributes.kernel[a];
  }
  return volume <= 27;
}

std::optional<std::string> refuse_unless_inside(const KernelRequest& request) {
  const auto& op = static_cast<const PoolOp&>(request.op);
  if (!small_plain_window(op.values()))
    return "padding, dilation, adaptive windows or a window of more than 27 elements";
  for (int axis = 2; axis < op.unpooled().rank(); ++axis) {
    const auto a = static_cast<std::size_t>(axis - 2);
    if ((request.outputs[0].shape[axis] - 1) * op.values().stride[a] + op.values().kernel[a] > op.unpooled()[axis])
      return "windows reach beyond the input";
  }
  return refuse_large(request);
}

std::optional<std::string> refuse_unless_side_by_side(const KernelRequest& request) {
  const PoolAttributes& attributes = static_cast<const PoolOp&>(request.op).values();
  if (!small_plain_window(attributes))
    return "padding, dilation, adaptive windows or a window of more than 27 elements";
  if (attributes.stride != attributes.kernel) return "windows don't lie side by side";
  return refuse_large(request);
}

std::optional<std::string> refuse_unless_inside_vec4(const KernelRequest& request) {
  if (auto reason = refuse_unless_inside(request)) return reason;
  return refuse_unless_vec4(request);
}

std::optional<std::string> refuse_unless_side_by_side_vec4(const KernelRequest& request) {
  if (auto reason = refuse_unless_side_by_side(request)) return reason;
  return refuse_unless_vec4(request);
}

void specialize_window(const KernelRequest& request, Dispatch& dispatch) {
  for (const std::uint32_t extent : to_3d(static_cast<const PoolOp&>(request.op).values().kernel, 1))
    dispatch.specialization.push_back(extent);
}

template <std::uint32_t lanes>
KernelDispatches emit_max_pool_tiles(const KernelRequest& request) {
  Dispatch dispatch = over_windows(request, "pool/max_pool_tiles." + vector_variant(lanes, request.caps), lanes, true);
  const bool indices = !request.is_unread(1);
  dispatch.buffers = {reads_input(0), writes_output(0), writes_output(indices ? 1 : 0)};  // an address that isn't used
  if (!indices) dispatch.bytes -= static_cast<double>(request.outputs[1].bytes());
  specialize_window(request, dispatch);
  const Volume out = volume(request.outputs[0]);
  const std::uint32_t vectors = out.channels / lanes, size = dispatch.specialization[0];
  // The loads are rows of as many words as there are lanes; each must lie within a pixel.
  const std::uint32_t rows = request.inputs[0].dtype == DType::f16 ? 2 : 4;
  dispatch.specialization.push_back(vectors % std::max(1u, size / rows) == 0 &&
                                    shares_loads(size, std::uint64_t{out.width} * vectors, request.caps));
  dispatch.specialization.push_back(indices);
  return {{std::move(dispatch)}, {}};
}

// One invocation per window, also of those at the end that pooling left out.
template <std::uint32_t lanes>
KernelDispatches emit_gather_tiles(const KernelRequest& request) {
  Dispatch dispatch = over_windows(request, "pool/gather_tiles." + vector_variant(lanes, request.caps), lanes, false);
  dispatch.buffers = {reads_input(0), reads_input(1), writes_output(0)};
  specialize_window(request, dispatch);
  const Volume in = volume({DType::f32, static_cast<const PoolOp&>(request.op).unpooled()});
  const std::uint64_t depth = dispatch.specialization[3], height = dispatch.specialization[4],
                      width = dispatch.specialization[5];
  const std::uint64_t columns = (in.width + width - 1) / width, along = columns * (in.channels / lanes);
  const RowGroups over = row_groups(in.batch * ((in.depth + depth - 1) / depth) * ((in.height + height - 1) / height),
                                    along, request.caps);
  dispatch.specialization[0] = over.size;
  const bool all_pooled = columns == volume(request.inputs[0]).width;
  dispatch.specialization.push_back(all_pooled && shares_loads(over.size, along, request.caps));
  dispatch.groups = over.groups;
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
  return {{"tiles_vec4", refuse_unless_inside_vec4, emit_max_pool_tiles<4>},
          {"tiles", refuse_unless_inside, emit_max_pool_tiles<1>},
          {"windows_vec4", refuse_unless_vec4, emit_max_pool<4>},
          {"windows", refuse_large, emit_max_pool<1>}};
}

std::vector<Kernel> max_pool_gradient_kernels() {
  return {{"tiles_vec4", refuse_unless_side_by_side_vec4, emit_gather_tiles<4>},
          {"tiles", refuse_unless_side_by_side, emit_gather_tiles<1>},
          {"gather_vec4", refuse_unless_vec4, emit_max_pool_gradient<4>},
          {"gather", refuse_large, emit_max_pool_gradient<1>}};
}

std::vector<Kernel> max_unpool_kernels() {
  return {{"tiles_vec4", refuse_unless_side_by_side_vec4, emit_gather_tiles<4>},
          {"tiles", refuse_unless_side_by_side, emit_gather_tiles<1>},
          {"gather_vec4", refuse_unless_vec4, emit_max_unpool<4>},
          {"gather", refuse_large, emit_max_unpool<1>}};
}

std::vector<Kernel> avg_pool_kernels() {
  return {{"windows_vec4", refuse_unless_vec4, emit_avg_pool<4>}, {"windows", refuse_large, emit_avg_pool<1>}};
}

std::vector<Kernel> avg_pool_gradient_kernels() {
  return {{"gather_vec4", refuse_unless_vec4, emit_avg_pool_gradient<4>},
          {"gather", refuse_large, emit_avg_pool_gradient<1>}};
}

}  // namespace tuff
