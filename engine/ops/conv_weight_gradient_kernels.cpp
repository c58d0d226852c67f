// Kernel candidates of conv_weight_gradient: fastest first, the portable one last. All sum parts of the output pixels
// into workspace and add the parts in a fixed order; the number of parts depends on shapes and caps alone.
#include <fmt/format.h>

#include <algorithm>

#include "ops/add_parts.h"
#include "ops/conv_weight_gradient.h"
#include "ops/implicit_gemm.h"
#include "ops/spatial.h"
#include "ops/tiled_gemm.h"
#include "ops/winograd.h"
#include "ops/winograd_tiled.h"

namespace tuff {

namespace {

ConvGeometry geometry_of(const KernelRequest& request) {
  const auto& op = static_cast<const ConvWeightGradient&>(request.op);
  return conv_geometry(request.inputs[0].shape, request.inputs[1].shape, op.weight(), op.values());
}

// `dispatch`, which computes so many parts of the gradient, and what adds them.
KernelDispatches summed(const KernelRequest& request, const ConvGeometry& geometry, std::uint32_t parts,
                        Dispatch dispatch) {
  dispatch.buffers = {reads_input(0), reads_input(1), writes_workspace(0)};
  dispatch.linear = true;
  dispatch.flops =
      2.0 * geometry.batch * static_cast<double>(geometry.out_pixels()) * static_cast<double>(geometry.weights());
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.inputs[1].bytes()) +
                   4.0 * static_cast<double>(geometry.weights()) * parts;
  return {{dispatch, add_parts(geometry.weights(), parts, request.caps)}, {geometry.weights() * parts * sizeof(float)}};
}

KernelDispatches emit_direct(const KernelRequest& request) {
  const ConvGeometry geometry = geometry_of(request);
  const std::uint64_t rows = std::uint64_t{geometry.batch} * geometry.out[0] * geometry.out[1];
  const auto parts = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows, 32));
  Dispatch dispatch;
  dispatch.shader = "conv_weight_gradient/direct.f32";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.constants = push_constants(geometry);
  dispatch.constants.push_back(parts);
  dispatch.groups = linear_groups(geometry.weights() * parts, request.caps);
  return summed(request, geometry, parts, std::move(dispatch));
}

// ---- register_blocked ---------------------------------------------------------------------------

constexpr std::uint32_t kMostKernelWidth = 16;  // whose sums are in registers

std::optional<std::string> refuse_blocks(const KernelRequest& request) {
  if (geometry_of(request).kernel[2] > kMostKernelWidth) return "takes kernels up to 16 wide";
  return refuse_large(request);
}

std::optional<std::string> refuse_register_blocked(const KernelRequest& request) {
  if (!request.caps.is_cpu()) return "is for CPU drivers";
  return refuse_blocks(request);
}

// Measured on Mesa 25 (2 cores): parts of 64 KiB to 1 MiB are equally fast, whole images half as fast.
constexpr std::uint64_t kPartBytes = 256 << 10;
constexpr std::uint64_t kLeastInvocations = 512;
// Beyond, sums of four input channels are more than Mesa's compiler unrolls (9 taps: 0.9 GFLOP/s, 16.8 with one
// channel).
constexpr std::uint32_t kMostWideTaps = 5;

// Into how many parts the rows of output pixels go, where so many invocations are needed for each. All tiles of a part
// run before the next part, so that a part's rows of x and upstream stay in a core's cache.
std::uint32_t row_parts(const ConvGeometry& geometry, std::uint64_t invocations) {
  const std::uint64_t rows = std::uint64_t{geometry.batch} * geometry.out[0] * geometry.out[1];
  const std::uint64_t row_bytes =
      std::uint64_t{geometry.out[2]} * (geometry.in_channels + geometry.out_channels) * sizeof(float);
  const std::uint64_t cached = (rows * row_bytes + kPartBytes - 1) / kPartBytes,
                      busy = (kLeastInvocations + invocations - 1) / invocations;
  return static_cast<std::uint32_t>(std::min({rows, std::uint64_t{64}, std::max(cached, busy)}));
}

// The same, after the workgroup's size among the specialization constants come the geometry and the number of parts.
KernelDispatches in_row_parts(const KernelRequest& request, const ConvGeometry& geometry, std::uint32_t parts,
                              Dispatch dispatch) {
  const std::vector<std::uint32_t> words = push_constants(geometry);
  dispatch.specialization.insert(dispatch.specialization.begin() + 3, words.begin(), words.end());
  dispatch.specialization.insert(dispatch.specialization.begin() + 3 + static_cast<std::ptrdiff_t>(words.size()),
                                 parts);
  return summed(request, geometry, parts, std::move(dispatch));
}

KernelDispatches emit_register_blocked(const KernelRequest& request) {
  const ConvGeometry geometry = geometry_of(request);
  const bool depthwise =
      geometry.in_channels == geometry.groups && geometry.out_channels == geometry.groups && geometry.groups > 1;
  const std::uint32_t group_inputs = geometry.in_channels / geometry.groups;
  const std::uint32_t in = group_inputs % 4 == 0 && geometry.kernel[2] <= kMostWideTaps ? 4 : 1;
  const std::uint32_t together = depthwise ? geometry.out_channels : geometry.out_channels / geometry.groups;
  const std::uint32_t out = together % 4 == 0 ? 4 : 1;
  const std::uint64_t tiles =
      std::uint64_t{group_inputs / in} * (geometry.out_channels / out) * geometry.kernel[0] * geometry.kernel[1];
  const std::uint32_t parts = row_parts(geometry, tiles);
  Dispatch dispatch;
  dispatch.shader =
      fmt::format("conv_weight_gradient/register_blocked.{}_out{}{}", depthwise ? "depthwise" : fmt::format("in{}", in),
                  out, in * out > 1 && request.caps.int64 ? "_wide" : "");
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.groups = linear_groups(tiles * parts, request.caps);
  return in_row_parts(request, geometry, parts, std::move(dispatch));
}

// ---- subgroup_blocked ---------------------------------------------------------------------------

LaneChannels lanes_of(const KernelRequest& request) {
  const ConvGeometry geometry = geometry_of(request);
  return lane_channels(geometry.out_channels / geometry.groups, request.caps);
}

// Input channels at a time, whose sums stay in a CPU's registers with 3x3 and 8 channels.
constexpr std::uint32_t kMostSums = 24;
constexpr std::uint32_t kMostInputs = 16;
// Output pixels at a time, as in the shader: 64 channels, 3x3, took 19.5 ms with 4 and take 17.3 with 8 on Mesa
// 26, 27.1 and 18.6 on Mesa 25.
constexpr std::uint64_t kRun = 8;
constexpr std::uint64_t kMostStrip = 64;  // columns under them

std::uint32_t inputs_at_a_time(std::uint32_t channels, std::uint32_t taps, std::uint32_t step) {
  std::uint32_t most = std::clamp(kMostSums / taps, step, kMostInputs);
  while (channels % most != 0 || most % step != 0) --most;
  return most;
}

std::optional<std::string> refuse_subgroup_blocked(const KernelRequest& request) {
  if (const LaneChannels lanes = lanes_of(request); lanes.each == 0) return lanes.refusal;
  const ConvGeometry geometry = geometry_of(request);
  const std::uint64_t strip = (kRun - 1) * std::uint64_t{geometry.stride[2]} +
                              (geometry.kernel[2] - 1) * std::uint64_t{geometry.dilation[2]} + 1;
  if (strip > kMostStrip) return "takes rows of taps close together, as it unrolls all of a run";
  return refuse_blocks(request);
}

KernelDispatches emit_subgroup_blocked(const KernelRequest& request) {
  const ConvGeometry geometry = geometry_of(request);
  const std::uint32_t group_inputs = geometry.in_channels / geometry.groups;
  const std::uint32_t step = group_inputs % 2 == 0 ? 2 : 1;
  const std::uint32_t in = inputs_at_a_time(group_inputs, geometry.kernel[2], step);
  const std::uint32_t out = lanes_of(request).each, lanes = request.caps.subgroup_size;
  const std::uint64_t tiles = std::uint64_t{group_inputs / in} * (geometry.out_channels / (out * lanes)) *
                              geometry.kernel[0] * geometry.kernel[1];
  const std::uint32_t parts = row_parts(geometry, tiles * lanes);
  Dispatch dispatch;
  dispatch.shader =
      fmt::format("conv_weight_gradient/subgroup_blocked.out{}_in{}{}", out, step, wide_variant(request.caps));
  dispatch.specialization = {lanes, 1, 1, in};
  dispatch.groups = folded_groups(tiles * parts, request.caps);
  return in_row_parts(request, geometry, parts, std::move(dispatch));
}

// ---- winograd -----------------------------------------------------------------------------------

template <std::uint32_t outputs>
std::optional<std::string> refuse_gradient_winograd(const KernelRequest& request) {
  if (const auto refusal = refuse_winograd(geometry_of(request), outputs, true, request.caps)) return refusal;
  return refuse_large(request);
}

template <std::uint32_t outputs>
KernelDispatches emit_gradient_winograd(const KernelRequest& request) {
  return emit_winograd_weight_gradient(request, geometry_of(request), outputs);
}

std::vector<Operand> winograd_gradient_reads(const KernelRequest& request, std::uint32_t input,
                                             const Producer& producer) {
  return winograd_reads(input, producer, true, request.caps);
}

// ---- cooperative_gemm, winograd_tiled and tiled_gemm ------------------------------------------------

struct TiledOp {
  static ConvGeometry geometry(const KernelRequest& request) { return geometry_of(request); }
  static KernelDispatches emit(const KernelRequest& request, GemmUnit unit, int tile) {
    return emit_tiled_gemm_weight_gradient(request, geometry_of(request), unit, tile);
  }
  static WinogradResult result(const KernelRequest&) { return WinogradResult::weight_gradient; }
};

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
  dispatch.constants = push_constants(geometry);
  dispatch.constants.push_back(per_part);
  dispatch.groups = folded_groups(across * parts, request.caps);
  return summed(request, geometry, parts, std::move(dispatch));
}

}  // namespace

// On a CPU driver shared memory and barriers cost more than they save.
std::vector<Kernel> conv_weight_gradient_kernels() {
  std::vector<Kernel> kernels = {
      {"winograd_4x4", refuse_gradient_winograd<4>, emit_gradient_winograd<4>, false, winograd_gradient_reads},
      {"winograd", refuse_gradient_winograd<2>, emit_gradient_winograd<2>, false, winograd_gradient_reads},
      {"subgroup_blocked", refuse_subgroup_blocked, emit_subgroup_blocked},
      {"register_blocked", refuse_register_blocked, emit_register_blocked}};
  add_cooperative_kernels<TiledOp>(kernels);
  add_winograd_tiled_kernels<TiledOp>(kernels);
  add_tiled_kernels<TiledOp>(kernels);
  kernels.push_back({"implicit_gemm", refuse_implicit_gemm, emit_implicit_gemm});
  kernels.push_back({"direct", refuse_large, emit_direct});
  return kernels;
}

}  // namespace tuff
