// Kernel candidates of conv and conv_transpose: fastest first, the portable one last.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/fill.h"
#include "ops/implicit_gemm.h"
#include "ops/spatial.h"
#include "ops/tiled_gemm.h"
#include "ops/winograd.h"
#include "ops/winograd_blocks.h"
#include "ops/winograd_tiled.h"

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
  dispatch.specialization = {kGroupSize,
                             1,
                             1,
                             transposed,
                             bias,
                             static_cast<std::uint32_t>(attributes.activation),
                             float_bits(attributes.slope)};
  dispatch.buffers = {reads_input(0), reads_input(1), reads_input(bias ? 2 : 1), writes_output(0)};
  dispatch.constants = push_constants(geometry);
  dispatch.groups = linear_groups(static_cast<std::uint64_t>(request.outputs[0].shape.elements()), request.caps);
  dispatch.linear = true;
  dispatch.flops = conv_flops(geometry, transposed);
  dispatch.bytes = conv_bytes(request);
  return {{dispatch}, {}};
}

// ---- register_blocked ---------------------------------------------------------------------------

std::optional<std::string> refuse_register_blocked(const KernelRequest& request) {
  if (!request.caps.is_cpu()) return "is for CPU drivers";
  return refuse_large(request);
}

// Every output channel has its own input channel.
std::optional<std::string> refuse_depthwise(const KernelRequest& request) {
  const std::int64_t groups = conv_attributes(request.op).groups;
  if (request.inputs[0].shape[1] != groups || request.outputs[0].shape[1] != groups)
    return "is for one input and output channel a group";
  return refuse_large(request);
}

// The gather along a row (or H, or D) for output columns residue, residue + out_step, ...: which taps they have, and
// where those read.
struct RowTaps {
  int out_step = 1, in_step = 1;
  int taps = 0, first_tap = 0, tap_step = 1;
  int first_input = 0,
      tap_input = 1;  // input column of tap t for column number j: j * in_step + first_input + t * tap_input

  int least() const { return taps == 0 ? 0 : std::min(first_input, first_input + (taps - 1) * tap_input); }
  int strip(int pixels) const { return (pixels - 1) * in_step + std::max(0, taps - 1) * std::abs(tap_input) + 1; }
};

RowTaps axis_taps(const ConvGeometry& geometry, int axis, bool transposed, int residue) {
  const int kernel = static_cast<int>(geometry.kernel[axis]), stride = static_cast<int>(geometry.stride[axis]);
  const int padding = static_cast<int>(geometry.padding[axis]), dilation = static_cast<int>(geometry.dilation[axis]);
  if (!transposed) return {1, stride, kernel, 0, 1, -padding, dilation};
  RowTaps row{stride, 1, 0, 0, stride / std::gcd(stride, dilation), 0, 0};
  row.tap_input = -row.tap_step * dilation / stride;
  for (int k = kernel - 1; k >= 0; --k) {
    if ((residue + padding - k * dilation) % stride != 0) continue;
    ++row.taps;
    row.first_tap = k;
    row.first_input = (residue + padding - k * dilation) / stride;
  }
  return row;
}

// Classes of outputs along an axis that read the same taps.
std::uint32_t axis_classes(const ConvGeometry& geometry, int axis, bool transposed) {
  return transposed ? std::min(geometry.stride[axis], geometry.out[axis]) : 1;
}

std::vector<std::uint32_t> row_constants(const KernelRequest& request, const ConvGeometry& geometry, bool transposed,
                                         const RowTaps& row, int columns, int pixels) {
  const ConvAttributes& attributes = conv_attributes(request.op);
  // Columns of a strip before the row's end in every block, the last of which ends with the row. Where a row is longer
  // than a block that is the same for all rows.
  const int last = std::max(0, columns - pixels) * row.in_step + row.least();
  const int within = std::clamp(static_cast<int>(geometry.in[2]) - last, 0, row.strip(pixels));
  std::vector<std::uint32_t> constants = {kGroupSize, 1, 1, geometry.in_channels, geometry.out_channels};
  constants.insert(constants.end(), geometry.kernel.begin(), geometry.kernel.end());
  for (const Extents3* extents : {&geometry.stride, &geometry.padding, &geometry.dilation})
    constants.insert(constants.end(), extents->begin(), extents->begin() + 2);
  for (const int value : {int{transposed}, row.out_step, row.in_step, row.taps, row.tap_step, row.first_input,
                          row.tap_input, row.least(), row.strip(pixels)})
    constants.push_back(static_cast<std::uint32_t>(value));
  const bool bias = request.inputs.size() == 3;
  constants.insert(constants.end(),
                   {bias, static_cast<std::uint32_t>(attributes.activation), float_bits(attributes.slope),
                    static_cast<std::uint32_t>(pixels), geometry.groups, static_cast<std::uint32_t>(within)});
  return constants;
}

// What depends on the images' extents alone, and on the class of columns, in push constants, so that a pipeline serves
// images of all sizes.
std::vector<std::uint32_t> row_extents(const ConvGeometry& geometry, const RowTaps& row, std::uint32_t residue) {
  std::vector<std::uint32_t> constants(geometry.in.begin(), geometry.in.end());
  constants.insert(constants.end(), geometry.out.begin(), geometry.out.end());
  constants.insert(constants.end(), {geometry.batch, residue, static_cast<std::uint32_t>(row.first_tap)});
  return constants;
}

// With more taps in a row, four channels at once are slower (5x5 on Mesa 25: 13.1 to 16.5 GFLOP/s).
constexpr std::uint32_t kMostUnrolledTaps = 4;
// Beyond so many products of a block Mesa's compiler doesn't unroll, and the block's registers become an array in
// memory: 16 pixels of 5 taps ran at 2.4 GFLOP/s, 8 at 16.5; 16 of 9 taps at 2.6, 8 at 15.1.
constexpr int kMostProducts = 72;

// 16 pixels of 4 channels: 33 GFLOP/s on Mesa 25 (2 cores, AVX2), against 21 with 8 and 12 with 8 of 8 channels.
int block_pixels(std::uint32_t columns, int taps) {
  const int wanted = columns % 16 == 0 || columns > 24 ? 16 : columns > 4 ? 8 : 4;
  return std::clamp(kMostProducts / std::max(taps, 1) / 4 * 4, 4, wanted);
}

// A dispatch for each class of output columns that read the same taps: `fill` gives it its shader, its workgroup's size
// (kGroupSize, if it leaves that) and the groups for so many blocks of pixels of the columns `residue`, `residue` +
// stride ...
template <typename Fill>
KernelDispatches row_dispatches(const KernelRequest& request, int (*pixels_of)(std::uint32_t columns, int taps),
                                const Fill& fill) {
  bool transposed = false;
  const ConvGeometry geometry = conv_geometry(request, transposed);
  const std::uint32_t classes = axis_classes(geometry, 2, transposed);
  KernelDispatches result;
  for (std::uint32_t residue = 0; residue < classes; ++residue) {
    const RowTaps row = axis_taps(geometry, 2, transposed, static_cast<int>(residue));
    const auto step = static_cast<std::uint32_t>(row.out_step);
    const std::uint32_t columns = (geometry.out[2] - residue + step - 1) / step;
    const auto pixels = static_cast<std::uint32_t>(pixels_of(columns, row.taps));
    const std::uint32_t row_blocks = (columns + pixels - 1) / pixels;
    const std::uint64_t blocks = std::uint64_t{row_blocks} * geometry.batch * geometry.out[0] * geometry.out[1];
    Dispatch dispatch;
    dispatch.specialization =
        row_constants(request, geometry, transposed, row, static_cast<int>(columns), static_cast<int>(pixels));
    dispatch.constants = row_extents(geometry, row, residue);
    dispatch.buffers = {reads_input(0), reads_input(1), reads_input(request.inputs.size() == 3 ? 2 : 1),
                        writes_output(0)};
    dispatch.linear = true;
    dispatch.flops = conv_flops(geometry, transposed) / classes;
    dispatch.bytes = conv_bytes(request) / classes;
    fill(dispatch, geometry, blocks, residue);
    result.dispatches.push_back(std::move(dispatch));
  }
  return result;
}

template <bool depthwise>
KernelDispatches emit_register_blocked(const KernelRequest& request) {
  return row_dispatches(
      request, block_pixels,
      [&](Dispatch& dispatch, const ConvGeometry& geometry, std::uint64_t blocks, std::uint32_t) {
        const std::uint32_t together = depthwise ? geometry.out_channels : geometry.out_channels / geometry.groups;
        const bool vec4 = together % 4 == 0;
        const bool unrolled =
            !depthwise && geometry.in_channels / geometry.groups % 4 == 0 && geometry.kernel[2] <= kMostUnrolledTaps;
        dispatch.shader =
            fmt::format("conv/register_blocked.{}{}{}{}", depthwise ? "depthwise_" : "", vec4 ? "vec4" : "scalar",
                        unrolled ? "_unrolled" : "", vec4 && request.caps.int64 ? "_wide" : "");
        dispatch.groups = linear_groups(geometry.out_channels / (vec4 ? 4 : 1) * blocks, request.caps);
      });
}

// ---- subgroup_blocked ---------------------------------------------------------------------------

// Of the output channels that see the same inputs.
LaneChannels conv_lanes(const KernelRequest& request) {
  const std::int64_t channels = request.outputs[0].shape[1] / conv_attributes(request.op).groups;
  return lane_channels(static_cast<std::uint32_t>(channels), request.caps);
}

constexpr std::uint32_t kMostUnrolledWidth = 16;  // of a kernel
constexpr std::uint64_t kMostBlockPixels = 32, kMostStrip = 256;

std::optional<std::string> refuse_subgroup_blocked(const KernelRequest& request) {
  if (const LaneChannels lanes = conv_lanes(request); lanes.each == 0) return lanes.refusal;
  bool transposed = false;
  const ConvGeometry geometry = conv_geometry(request, transposed);
  const std::uint64_t strip = (kMostBlockPixels - 1) * std::uint64_t{geometry.stride[2]} +
                              (geometry.kernel[2] - 1) * std::uint64_t{geometry.dilation[2]} + 1;
  if (geometry.kernel[2] > kMostUnrolledWidth || strip > kMostStrip)
    return "takes rows of up to 16 taps close together, as it unrolls all of a block";
  return refuse_large(request);
}

// Weights are read once for all pixels of a block. 3x3 on Mesa 25: 23 GFLOP/s with 6 pixels, 31 with 16, 42 with 30.
int subgroup_block_pixels(std::uint32_t columns, int taps) {
  const int most = taps <= 3 ? 32 : taps <= 6 ? 16 : 8;
  return std::min(most, columns > 40 || columns % 32 == 0 ? 32 : columns > 12 ? 16 : columns > 4 ? 8 : 4);
}

KernelDispatches emit_subgroup_blocked(const KernelRequest& request) {
  return row_dispatches(request, subgroup_block_pixels,
                        [&](Dispatch& dispatch, const ConvGeometry& geometry, std::uint64_t blocks, std::uint32_t) {
                          const std::uint32_t each = conv_lanes(request).each;
                          const std::uint32_t step = geometry.in_channels / geometry.groups % 2 == 0 ? 2 : 1;
                          dispatch.shader =
                              fmt::format("conv/subgroup_blocked.out{}_in{}{}", each, step, wide_variant(request.caps));
                          dispatch.specialization[0] = request.caps.subgroup_size;
                          dispatch.groups = folded_groups(
                              geometry.out_channels / (each * request.caps.subgroup_size) * blocks, request.caps);
                        });
}

// ---- weight_stationary --------------------------------------------------------------------------

// Pairs of weights that a workgroup holds on the stack.
constexpr std::uint64_t kMostHeldPairs = 144;
// With more, sums come from memory and go back too often: 5x5 of 16 channels ran at 19 GFLOP/s on Mesa 26, with
// subgroup_blocked at 26.
constexpr std::uint64_t kMostHeldTaps = 9;
// Of channels. 3x3 of 32, in two turns, ran at 36 GFLOP/s, with subgroup_blocked at 22; of 64 at 24, with that at 34.
constexpr std::uint32_t kMostTurns = 2;
constexpr std::uint32_t kStationaryPixels = 2;      // of a row at a time
constexpr std::uint64_t kMostStationaryStrip = 16;  // columns under these, all of which are unrolled
// Loading the weights costs a workgroup what some 20 pixels do.
constexpr std::uint64_t kLeastRunPixels = 256;
// A dispatch each.
constexpr std::uint32_t kMostClasses = 16;
// Offsets in a row are 32 bits.
constexpr std::uint64_t kMostRowElements = 1 << 28;

// Input channels whose weights are held at a time, for so many taps: an even number that divides them, 0 where there is
// none.
std::uint32_t held_channels(std::uint32_t channels, std::uint64_t taps) {
  if (taps == 0 || taps > kMostHeldTaps) return 0;
  auto held = static_cast<std::uint32_t>(std::min<std::uint64_t>(kMostHeldPairs / taps, channels) / 2 * 2);
  while (held > 0 && channels % held != 0) held -= 2;
  return held;
}

// The fewest and the most taps, and the longest strip, of classes of outputs along an axis.
struct AxisRange {
  std::uint64_t least = UINT64_MAX, most = 0, strip = 0;
};

AxisRange axis_range(const ConvGeometry& geometry, int axis, bool transposed) {
  AxisRange range;
  for (std::uint32_t residue = 0; residue < axis_classes(geometry, axis, transposed); ++residue) {
    const RowTaps taps = axis_taps(geometry, axis, transposed, static_cast<int>(residue));
    const auto count = static_cast<std::uint64_t>(taps.taps);
    range = {std::min(range.least, count), std::max(range.most, count),
             std::max(range.strip, static_cast<std::uint64_t>(taps.strip(kStationaryPixels)))};
  }
  return range;
}

// Of the longer of an input's row and an output's.
std::uint64_t row_elements(const ConvGeometry& geometry) {
  return std::max(std::uint64_t{geometry.in_channels} * geometry.in[2],
                  std::uint64_t{geometry.out_channels} * geometry.out[2]);
}

// How many zeros stand for what lies beyond the image: a row of the input where rows of output pixels may read rows
// beyond it, else a pixel.
std::uint32_t zeros_of(const ConvGeometry& geometry) {
  bool rows_inside = true;
  for (const int axis : {0, 1})
    rows_inside &= geometry.kernel[axis] == 1 && geometry.padding[axis] == 0 &&
                   (std::uint64_t{geometry.out[axis]} - 1) * geometry.stride[axis] < geometry.in[axis];
  return geometry.in_channels * (rows_inside ? 1 : geometry.in[2]);
}

std::optional<std::string> refuse_weight_stationary(const KernelRequest& request) {
  if (!request.caps.is_cpu() || !request.caps.shared_loads)
    return "is for CPU drivers that do a load from one address once";
  if (!request.caps.int64) return "needs 64-bit integers";
  bool transposed = false;
  const ConvGeometry geometry = conv_geometry(request, transposed);
  if (geometry.groups != 1) return "takes no groups";
  if (const LaneChannels lanes = conv_lanes(request); lanes.each == 0) return lanes.refusal;
  std::uint64_t fewest = 1, most = 1, strip = 0, classes = 1;
  for (const int axis : {0, 1, 2}) {
    classes *= axis_classes(geometry, axis, transposed);
    const AxisRange range = axis_range(geometry, axis, transposed);
    fewest *= range.least;
    most *= range.most;
    if (axis == 2) strip = range.strip;
  }
  if (fewest == 0) return "takes no outputs that no tap reaches";
  if (classes > kMostClasses) return fmt::format("takes up to {} classes of outputs", kMostClasses);
  const std::uint32_t held = held_channels(geometry.in_channels, most);
  if (held == 0) return fmt::format("takes up to {} taps of an even number of input channels", kMostHeldTaps);
  if (geometry.in_channels > kMostTurns * held) return "holds no weights of as many input channels";
  if (held < geometry.in_channels && request.outputs[0].dtype == DType::f16)
    return "adds to what lies in memory, which f16 would round";
  if (strip > kMostStationaryStrip) return "takes rows of taps close together, as it unrolls all of them";
  if (row_elements(geometry) > kMostRowElements) return "takes no rows as long as these";
  return refuse_large(request);
}

// For output planes and rows of these residues, all columns, and some input channels.
KernelDispatches stationary_dispatches(const KernelRequest& request, const ChannelPiece& piece, bool transposed,
                                       int residue_d, int residue_h) {
  const auto pixels_of = [](std::uint32_t columns, int) {
    return static_cast<int>(std::min(columns, kStationaryPixels));
  };
  return row_dispatches(
      request, pixels_of,
      [&](Dispatch& dispatch, const ConvGeometry& geometry, std::uint64_t, std::uint32_t residue_w) {
        const std::array<int, 3> residues = {residue_d, residue_h, static_cast<int>(residue_w)};
        std::array<RowTaps, 3> taps;
        std::array<std::uint32_t, 3> outputs;  // of the class along each axis
        std::uint64_t count = 1;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          taps[axis] = axis_taps(geometry, static_cast<int>(axis), transposed, residues[axis]);
          const auto step = static_cast<std::uint32_t>(taps[axis].out_step);
          outputs[axis] = (geometry.out[axis] - static_cast<std::uint32_t>(residues[axis]) + step - 1) / step;
          count *= static_cast<std::uint64_t>(taps[axis].taps);
        }
        const std::uint32_t lanes = request.caps.subgroup_size, each = conv_lanes(request).each,
                            held = held_channels(piece.channels, count);
        const std::uint64_t rows = std::uint64_t{geometry.batch} * outputs[0] * outputs[1];
        const std::uint64_t across = geometry.out_channels / (each * lanes);
        // Enough workgroups for all cores, which hold their weights for long enough.
        const std::uint64_t busy = std::max<std::uint64_t>(1, rows * across / (16 * std::uint64_t{request.caps.cores}));
        const std::uint64_t run = std::min(rows, std::max(busy, (kLeastRunPixels + outputs[2] - 1) / outputs[2]));
        dispatch.shader = fmt::format("conv/weight_stationary.out{}", each);
        dispatch.specialization[0] = lanes;
        // Channels come with the dispatch, and which columns lie beyond a row is found there.
        dispatch.specialization[3] = dispatch.specialization[4] = 1;
        dispatch.specialization[28] = 0;
        const bool further = piece.first > 0, unfinished = piece.first + piece.channels < geometry.in_channels;
        for (const int value : {static_cast<int>(held), int{held < piece.channels}, taps[0].taps, taps[1].taps,
                                taps[0].tap_step, taps[1].tap_step, int{further}, int{unfinished}})
          dispatch.specialization.push_back(static_cast<std::uint32_t>(value));
        for (const std::uint64_t value : {std::uint64_t{piece.channels}, std::uint64_t{geometry.out_channels}, run})
          dispatch.constants.push_back(static_cast<std::uint32_t>(value));
        dispatch.constants.insert(dispatch.constants.end(), outputs.begin(), outputs.end());
        for (const int value : {residue_d, residue_h, taps[0].first_tap, taps[1].first_tap})
          dispatch.constants.push_back(static_cast<std::uint32_t>(value));
        dispatch.constants.push_back(geometry.in_channels);
        const double classes = axis_classes(geometry, 0, transposed) * axis_classes(geometry, 1, transposed);
        const double share = static_cast<double>(piece.channels) / geometry.in_channels;
        dispatch.flops *= share / classes;
        dispatch.bytes *= share / classes;
        dispatch.buffers[0].operand = piece.from;
        dispatch.buffers[1].offset = std::uint64_t{piece.first} * geometry.out_channels * sizeof(float);
        if (further || held < piece.channels) dispatch.buffers.back().access = Access::read_write;
        dispatch.buffers.push_back(reads_workspace(0));
        dispatch.groups = folded_groups((rows + run - 1) / run * across, request.caps);
      });
}

KernelDispatches emit_weight_stationary(const KernelRequest& request) {
  bool transposed = false;
  const ConvGeometry geometry = conv_geometry(request, transposed);
  const std::uint32_t zeros = zeros_of(geometry);
  KernelDispatches result;
  result.dispatches.push_back(fill_dispatch(writes_workspace(0), zeros, 0, request.caps));
  for (std::uint32_t d = 0; d < axis_classes(geometry, 0, transposed); ++d)
    for (std::uint32_t h = 0; h < axis_classes(geometry, 1, transposed); ++h)
      for (const ChannelPiece& piece : pieces_of_input(request, 0))
        std::ranges::move(
            stationary_dispatches(request, piece, transposed, static_cast<int>(d), static_cast<int>(h)).dispatches,
            std::back_inserter(result.dispatches));
  result.workspace_bytes = {std::uint64_t{zeros} * sizeof(float)};
  return result;
}

// The tensors that a concatenation joins, one after the other, where each is a turn: the same sums in the same order.
std::vector<Operand> stationary_reads(const KernelRequest& request, std::uint32_t input, const Producer& producer) {
  bool transposed = false;
  const ConvGeometry geometry = conv_geometry(request, transposed);
  if (input != 0 || transposed || request.outputs[0].dtype == DType::f16) return {};
  const std::uint32_t held = held_channels(geometry.in_channels, geometry.taps());
  std::vector<Operand> operands;
  for (const ChannelPiece& piece : joined_pieces(0, producer)) {
    if (piece.channels != held) return {};
    operands.push_back(piece.from);
  }
  return operands;
}

// ---- winograd -----------------------------------------------------------------------------------

template <std::uint32_t outputs>
std::optional<std::string> refuse_conv_winograd(const KernelRequest& request) {
  bool transposed = false;
  if (const auto refusal = refuse_winograd(conv_geometry(request, transposed), outputs, false, request.caps))
    return refusal;
  return refuse_large(request);
}

template <std::uint32_t outputs>
KernelDispatches emit_conv_winograd(const KernelRequest& request) {
  bool transposed = false;
  const ConvGeometry geometry = conv_geometry(request, transposed);
  return emit_winograd(request, geometry, outputs, transposed);
}

std::vector<Operand> winograd_conv_reads(const KernelRequest& request, std::uint32_t input, const Producer& producer) {
  return winograd_reads(input, producer, false, request.caps);
}

// ---- cooperative_gemm, winograd_tiled and tiled_gemm ------------------------------------------------

struct TiledOp {
  static ConvGeometry geometry(const KernelRequest& request) {
    bool transposed = false;
    return conv_geometry(request, transposed);
  }
  static KernelDispatches emit(const KernelRequest& request, GemmUnit unit, int tile) {
    bool transposed = false;
    const ConvGeometry geometry = conv_geometry(request, transposed);
    return emit_tiled_gemm(request, geometry, transposed, unit, tile);
  }
  static WinogradResult result(const KernelRequest& request) {
    bool transposed = false;
    conv_geometry(request, transposed);
    return transposed ? WinogradResult::transposed : WinogradResult::forward;
  }
};

// ---- implicit_gemm ------------------------------------------------------------------------------

std::optional<std::string> refuse_implicit_gemm(const KernelRequest& request) {
  return refuse_gemm(conv_attributes(request.op).groups, request);
}

KernelDispatches emit_implicit_gemm(const KernelRequest& request) {
  KernelDispatches result = emit_direct(request);  // the same buffers and constants
  Dispatch& dispatch = result.dispatches.front();
  dispatch.shader = "conv/implicit_gemm.f32";
  dispatch.specialization[0] = kGemmInvocations;
  const Shape& y = request.outputs[0].shape;
  dispatch.groups = folded_groups(gemm_tiles(y.elements() / y[1]) * gemm_tiles(y[1]), request.caps);
  return result;
}

}  // namespace

// On a CPU driver shared memory and barriers cost more than they save.
std::vector<Kernel> conv_kernels() {
  std::vector<Kernel> kernels = {
      {"depthwise", refuse_depthwise, emit_register_blocked<true>},
      {"winograd_4x4", refuse_conv_winograd<4>, emit_conv_winograd<4>, false, winograd_conv_reads},
      {"winograd", refuse_conv_winograd<2>, emit_conv_winograd<2>, false, winograd_conv_reads},
      {"weight_stationary", refuse_weight_stationary, emit_weight_stationary, false, stationary_reads},
      {"subgroup_blocked", refuse_subgroup_blocked, emit_subgroup_blocked},
      {"register_blocked", refuse_register_blocked, emit_register_blocked<false>}};
  add_cooperative_kernels<TiledOp>(kernels);
  add_winograd_tiled_kernels<TiledOp>(kernels);
  add_tiled_kernels<TiledOp>(kernels);
  kernels.push_back({"implicit_gemm", refuse_implicit_gemm, emit_implicit_gemm});
  kernels.push_back({"direct", refuse_large, emit_direct});
  return kernels;
}

std::vector<Kernel> conv_transpose_kernels() {
  return conv_kernels();
}

}  // namespace tuff
