#include "ops/strided.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "ops/division.h"
#include "ops/spatial.h"

namespace tuff {

StridedCopy merged(const std::vector<StridedAxis>& axes, std::int64_t offset) {
  StridedCopy copy{{}, offset};
  for (const StridedAxis& next : axes) {
    if (next.extent == 1) continue;
    if (!copy.axes.empty() && next.stride == copy.axes.back().extent * copy.axes.back().stride)
      copy.axes.back().extent *= next.extent;
    else
      copy.axes.push_back(next);
  }
  return copy;
}

StridedCopy strided_copy(const TensorType& dense, const std::vector<std::int64_t>& other_strides, std::int64_t offset) {
  std::vector<StridedAxis> axes;
  const std::vector<int> order = memory_order(dense);
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis)
    axes.push_back({dense.shape[*axis], other_strides[static_cast<std::size_t>(*axis)]});
  return merged(axes, offset);
}

bool is_plain(const StridedCopy& copy) {
  return copy.offset == 0 && (copy.axes.empty() || (copy.axes.size() == 1 && copy.axes[0].stride == 1));
}

bool strided_vec4(const StridedCopy& copy) {
  if (copy.axes.empty() || copy.axes[0].extent % 4 != 0) return false;
  if (copy.axes[0].stride == 0) return true;
  bool aligned = copy.axes[0].stride == 1 && copy.offset % 4 == 0;
  for (std::size_t axis = 1; axis < copy.axes.size(); ++axis) aligned = aligned && copy.axes[axis].stride % 4 == 0;
  return aligned;
}

namespace {

std::uint32_t word(std::int64_t value) {
  return static_cast<std::uint32_t>(value);  // negative ones modulo 2^32, as the shader adds
}

std::int64_t elements(const StridedCopy& copy) {
  std::int64_t count = 1;
  for (const StridedAxis& axis : copy.axes) count *= axis.extent;
  return count;
}

Dispatch copy_dispatch(std::string_view direction, BufferUse from, BufferUse to, const StridedCopy& copy, bool vec4,
                       const DeviceCaps& caps) {
  std::vector<StridedAxis> axes = copy.axes;
  if (axes.size() > kStridedAxes)
    throw Error(fmt::format("a copy of {} elements needs {} strides, the kernel has {}", elements(copy), axes.size(),
                            kStridedAxes));
  if (axes.empty()) axes.push_back({1, 0});
  const auto used = static_cast<std::uint32_t>(axes.size());
  const auto broadcast = std::uint32_t{vec4 && axes.front().stride == 0};
  axes.resize(kStridedAxes, {2, 0});
  const auto count = word(elements(copy));
  const std::uint32_t invocations = vec4 ? count / 4 : count;
  const Rounds rounds = rounds_for(invocations, caps);
  Dispatch dispatch{fmt::format("strided/copy.{}{}", direction, vector_variant(vec4 ? 4 : 1, caps)),
                    {rounds.size, 1, 1, used, broadcast},
                    {from, to},
                    {count, rounds.count, word(copy.offset)}};
  for (const StridedAxis& axis : axes) dispatch.constants.push_back(word(axis.stride));
  axes.pop_back();
  std::vector<std::uint32_t> multipliers, shifts(2, 0);
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    const Division by = division(std::max(word(axes[axis].extent), 2u));
    dispatch.constants.push_back(word(axes[axis].extent));
    multipliers.push_back(by.multiplier);
    shifts[axis / 6] |= by.shift << (axis % 6 * 5);
  }
  for (const auto& values : {multipliers, shifts})
    dispatch.constants.insert(dispatch.constants.end(), values.begin(), values.end());
  dispatch.groups = rounds.groups;
  dispatch.bytes = 8.0 * count;
  return dispatch;
}

}  // namespace

Dispatch strided_dispatch(BufferUse from, BufferUse to, const StridedCopy& copy, bool vec4, const DeviceCaps& caps) {
  return copy_dispatch("", from, to, copy, vec4 && strided_vec4(copy), caps);
}

Dispatch strided_dispatch(BufferUse from, BufferUse to, const TensorType& result,
                          const std::vector<std::int64_t>& input_strides, bool vec4, const DeviceCaps& caps) {
  return strided_dispatch(from, to, strided_copy(result, input_strides), vec4, caps);
}

Dispatch strided_scatter(BufferUse from, BufferUse to, const StridedCopy& copy, bool vec4, const DeviceCaps& caps) {
  return copy_dispatch("scatter_", from, to, copy, vec4 && strided_vec4(copy), caps);
}

// ---- transposing --------------------------------------------------------------------------------

namespace {

constexpr std::size_t kOuterAxes = 3;

// Which axis is contiguous in x; none where the kernel can't transpose.
std::optional<std::size_t> column_axis(const StridedCopy& copy) {
  std::optional<std::size_t> column;
  if (copy.axes.size() < 2 || copy.axes.size() > kOuterAxes + 2 || copy.offset % 4 != 0) return std::nullopt;
  for (std::size_t axis = 0; axis < copy.axes.size(); ++axis) {
    const auto& [extent, stride] = copy.axes[axis];
    if (stride == 1 && axis > 0 && extent % 4 == 0)
      column = axis;
    else if (stride % 4 != 0 || (axis == 0 && extent % 4 != 0))
      return std::nullopt;
  }
  return column;
}

Dispatch transpose_dispatch(BufferUse from, BufferUse to, const StridedCopy& copy, const DeviceCaps& caps) {
  const std::size_t column = *column_axis(copy);
  struct OuterAxis {
    std::uint32_t extent = 1, x_stride = 0, y_stride = 0;
  };
  std::vector<OuterAxis> outer;
  std::int64_t y_stride = 1, y_step = 1;
  for (std::size_t axis = 0; axis < copy.axes.size(); ++axis) {
    if (axis == column) y_step = y_stride;
    if (axis != 0 && axis != column)
      outer.push_back({word(copy.axes[axis].extent), word(copy.axes[axis].stride), word(y_stride)});
    y_stride *= copy.axes[axis].extent;
  }
  outer.resize(kOuterAxes);
  const auto rows = word(copy.axes[0].extent), columns = word(copy.axes[column].extent);
  // Invocations along the rows: a narrow tile where the rows or the columns are few.
  const std::uint32_t narrow = std::min(std::bit_ceil(columns / 4), 8u);
  const std::uint32_t wide = std::min(std::bit_ceil(rows / 4), kGroupSize / narrow);
  const std::uint32_t row_tiles = (rows / 4 + wide - 1) / wide;
  const std::uint32_t high = kGroupSize / wide, column_tiles = (columns / 4 + high - 1) / high;
  const std::uint32_t tiles = row_tiles * column_tiles * outer[0].extent * outer[1].extent * outer[2].extent;
  const std::uint32_t rounds = group_rounds(tiles, kGroupSize, caps);
  Dispatch dispatch{"strided/transpose." + vector_variant(4, caps),
                    {kGroupSize, 1, 1, wide},
                    {from, to},
                    {tiles, rounds, word(copy.offset), rows, columns, word(copy.axes[0].stride), word(y_step)}};
  append_division(dispatch.constants, row_tiles);
  append_division(dispatch.constants, column_tiles);
  append_division(dispatch.constants, outer[0].extent);
  append_division(dispatch.constants, outer[1].extent);
  for (const OuterAxis& axis : outer) dispatch.constants.push_back(axis.x_stride);
  for (const OuterAxis& axis : outer) dispatch.constants.push_back(axis.y_stride);
  dispatch.groups = folded_groups((tiles + rounds - 1) / rounds, caps);
  dispatch.bytes = 8.0 * static_cast<double>(elements(copy));
  return dispatch;
}

}  // namespace

// ---- candidates ---------------------------------------------------------------------------------

std::optional<std::string> refuse_strided(const KernelRequest& request, DescribeCopy describe, StridedKernel kernel) {
  if (auto large = refuse_large(request)) return large;
  const auto reason = [&](std::string_view how) {
    return fmt::format("{} isn't read {} for {}", to_string(request.inputs[0]), how, to_string(request.outputs[0]));
  };
  const std::optional<StridedCopy> copy = describe(request);
  if (!copy || copy->axes.size() > kStridedAxes) return reason("by strides");
  if (kernel == StridedKernel::vec4 && !strided_vec4(*copy)) return reason("in runs of 4");
  if (kernel == StridedKernel::transpose && !column_axis(*copy)) return reason("in blocks of 4 by 4");
  return std::nullopt;
}

KernelDispatches emit_strided(const KernelRequest& request, DescribeCopy describe, StridedKernel kernel) {
  const StridedCopy copy = *describe(request);
  if (kernel == StridedKernel::transpose)
    return {{transpose_dispatch(reads_input(0), writes_output(0), copy, request.caps)}, {}};
  return {{strided_dispatch(reads_input(0), writes_output(0), copy, kernel == StridedKernel::vec4, request.caps)}, {}};
}

}  // namespace tuff
