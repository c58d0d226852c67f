// Kernel candidates of conv_weight_gradient: fastest first, the portable one last. All sum parts of the output pixels
// into workspace and add the parts in a fixed order; the number of parts depends on shapes and caps alone.
#include <fmt/format.h>

#include <algorithm>

#include "ops/conv_weight_gradient.h"
#include "ops/implicit_gemm.h"
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
  Dispatch dispatch;
  dispatch.shader = "conv_weight_gradient/direct.f32";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), reads_input(1), writes_workspace(0)};
  dispatch.constants = push_constants(geometry);
  dispatch.constants.push_back(parts);
  dispatch.groups = linear_groups(geometry.weights() * parts, request.caps);
  dispatch.linear = true;
  dispatch.flops =
      2.0 * geometry.batch * static_cast<double>(geometry.out_pixels()) * static_cast<double>(geometry.weights());
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.inputs[1].bytes()) +
                   4.0 * static_cast<double>(geometry.weights()) * parts;
  return {{dispatch, sum_parts(geometry, parts, request.caps)}, {geometry.weights() * parts * sizeof(float)}};
}

// ---- register_blocked ---------------------------------------------------------------------------

// Of the output channels that see the same inputs.
std::optional<ChannelSplit> channel_split(const ConvGeometry& geometry, const DeviceCaps& caps) {
  if (geometry.in_channels == geometry.groups && geometry.groups > 1) return std::nullopt;  // depthwise
  return split_channels(geometry.out_channels / geometry.groups, caps);
}

std::optional<std::string> refuse_blocks(const KernelRequest& request) {
  if (!request.caps.is_cpu()) return "is for CPU drivers";
  if (geometry_of(request).kernel[2] > 16) return "takes kernels up to 16 wide";
  return refuse_large(request);
}

std::optional<std::string> refuse_register_blocked(const KernelRequest& request) {
  if (request.caps.shared_loads && channel_split(geometry_of(request), request.caps))
    return "reads for each lane what register_grouped reads once";
  return refuse_blocks(request);
}

std::optional<std::string> refuse_register_grouped(const KernelRequest& request) {
  if (!channel_split(geometry_of(request), request.caps))
    return "needs output channels that fill the device's subgroups";
  return refuse_blocks(request);
}

// Measured on Mesa 25 (2 cores): parts of 64 KiB to 1 MiB are equally fast, whole images half as fast.
constexpr std::uint64_t kPartBytes = 256 << 10;
constexpr std::uint64_t kLeastInvocations = 512;
// Beyond, sums of four input channels are more than Mesa's compiler unrolls (9 taps: 0.9 GFLOP/s, 16.8 with one
// channel).
constexpr std::uint32_t kMostWideTaps = 5;

template <bool grouped>
KernelDispatches emit_register_blocked(const KernelRequest& request) {
  const ConvGeometry geometry = geometry_of(request);
  const bool depthwise =
      geometry.in_channels == geometry.groups && geometry.out_channels == geometry.groups && geometry.groups > 1;
  const std::uint32_t group_inputs = geometry.in_channels / geometry.groups;
  const std::uint32_t in = group_inputs % 4 == 0 && geometry.kernel[2] <= kMostWideTaps ? 4 : 1;
  const std::uint32_t together = depthwise ? geometry.out_channels : geometry.out_channels / geometry.groups;
  const ChannelSplit split =
      grouped ? *channel_split(geometry, request.caps) : ChannelSplit{together % 4 == 0 ? 4u : 1u, kGroupSize};
  const std::uint32_t out = split.vector;
  const std::uint64_t tiles =
      std::uint64_t{group_inputs / in} * (geometry.out_channels / out) * geometry.kernel[0] * geometry.kernel[1];
  const std::uint64_t rows = std::uint64_t{geometry.batch} * geometry.out[0] * geometry.out[1];
  // All tiles of a part run before the next part, so that a part's rows of x and upstream stay in a core's cache.
  const std::uint64_t row_bytes =
      std::uint64_t{geometry.out[2]} * (geometry.in_channels + geometry.out_channels) * sizeof(float);
  const std::uint64_t cached = (rows * row_bytes + kPartBytes - 1) / kPartBytes,
                      busy = (kLeastInvocations + tiles - 1) / tiles;
  const auto parts = static_cast<std::uint32_t>(std::min({rows, std::uint64_t{64}, std::max(cached, busy)}));
  Dispatch dispatch;
  dispatch.shader = fmt::format("conv_weight_gradient/register_blocked.{}_out{}{}{}",
                                depthwise ? "depthwise" : fmt::format("in{}", in), out, grouped ? "_grouped" : "",
                                in * out > 1 && (out > 1 || !grouped) && request.caps.int64 ? "_wide" : "");
  dispatch.specialization = {split.workgroup, 1, 1};
  const std::vector<std::uint32_t> words = push_constants(geometry);
  dispatch.specialization.insert(dispatch.specialization.end(), words.begin(), words.end());
  dispatch.specialization.push_back(parts);
  dispatch.buffers = {reads_input(0), reads_input(1), writes_workspace(0)};
  dispatch.groups = folded_groups((tiles * parts + split.workgroup - 1) / split.workgroup, request.caps);
  dispatch.linear = true;
  dispatch.flops =
      2.0 * geometry.batch * static_cast<double>(geometry.out_pixels()) * static_cast<double>(geometry.weights());
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.inputs[1].bytes()) +
                   4.0 * static_cast<double>(geometry.weights()) * parts;
  return {{dispatch, sum_parts(geometry, parts, request.caps)}, {geometry.weights() * parts * sizeof(float)}};
}

// ---- implicit_gemm ------------------------------------------------------------------------------

std::optional<std::string> refuse_implicit_gemm(const KernelRequest& request) {
  return refuse_gemm(geometry_of(request).groups, request);
}

KernelDispatches emit_implicit_gemm(const KernelRequest& request) {
  const ConvGeometry geometry = geometry_of(request);
  const std::uint64_t across =
      gemm_tiles(std::int64_t{geometry.taps()} * geometry.in_channels) * gemm_tiles(geometry.out_channels);
  // Eight groups for each core, but parts of 512 pixels at least and few enough that adding them stays cheap.
  const std::uint64_t pixels = geometry.batch * geometry.out_pixels();
  const std::uint64_t busy = (8ull * request.caps.cores + across - 1) / across;
  const std::uint64_t wanted =
      std::clamp<std::uint64_t>(busy, 1, std::max<std::uint64_t>(1, std::min<std::uint64_t>(pixels / 512, 128)));
  const auto per_part = static_cast<std::uint32_t>((pixels + wanted - 1) / wanted);
  const auto parts = static_cast<std::uint32_t>((pixels + per_part - 1) / per_part);
  Dispatch dispatch;
  dispatch.shader = "conv_weight_gradient/implicit_gemm.f32";
  dispatch.specialization = {kGemmInvocations, 1, 1};
  dispatch.buffers = {reads_input(0), reads_input(1), writes_workspace(0)};
  dispatch.constants = push_constants(geometry);
  dispatch.constants.push_back(per_part);
  dispatch.groups = folded_groups(across * parts, request.caps);
  dispatch.linear = true;
  dispatch.flops = 2.0 * static_cast<double>(pixels) * static_cast<double>(geometry.weights());
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.inputs[1].bytes()) +
                   4.0 * static_cast<double>(geometry.weights()) * parts;
  return {{dispatch, sum_parts(geometry, parts, request.caps)}, {geometry.weights() * parts * sizeof(float)}};
}

}  // namespace

// On a CPU driver shared memory and barriers cost more than they save.
std::vector<Kernel> conv_weight_gradient_kernels() {
  return {{"register_blocked", refuse_register_blocked, emit_register_blocked<false>},
          {"register_grouped", refuse_register_grouped, emit_register_blocked<true>},
          {"implicit_gemm", refuse_implicit_gemm, emit_implicit_gemm},
          {"direct", refuse_large, emit_direct}};
}

}  // namespace tuff
