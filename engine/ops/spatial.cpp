#include "ops/spatial.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"

namespace tuff {

Volume volume(const TensorType& type) {
  const Shape& shape = type.shape;
  const auto extent = [&](int from_last) {
    const int axis = shape.rank() - 1 - from_last;
    return axis >= 2 ? static_cast<std::uint32_t>(shape[axis]) : 1u;
  };
  return {static_cast<std::uint32_t>(shape.batch()), extent(2), extent(1), extent(0),
          static_cast<std::uint32_t>(shape.channels())};
}

void require_float(std::string_view op, std::string_view input, const TensorType& type) {
  if (type.dtype != DType::f32 || (type.layout != Layout::channels_last && type.shape.rank() >= 3))
    throw Error(fmt::format("{}: {} must be f32 and channels-last, got {}", op, input, to_string(type)));
}

void require_image(std::string_view op, std::string_view input, const TensorType& type) {
  require_float(op, input, type);
  if (type.shape.rank() < 3 || type.shape.rank() > 5)
    throw Error(fmt::format("{}: {} must be (N, C, 1 to 3 spatial axes), got {}", op, input, to_string(type)));
}

std::vector<std::int64_t> per_axis(std::string_view op, std::string_view attribute,
                                   const std::vector<std::int64_t>& values, int axes, std::int64_t fallback,
                                   std::int64_t least) {
  const auto count = static_cast<std::size_t>(axes);
  std::vector<std::int64_t> result = values;
  if (values.empty()) result.assign(count, fallback);
  if (values.size() == 1) result.assign(count, values[0]);
  if (result.size() != count)
    throw Error(fmt::format("{}: {} has {} values for {} spatial axes; give one per axis or one for all", op, attribute,
                            values.size(), axes));
  for (const std::int64_t value : result)
    if (value < least || value > 65535)
      throw Error(
          fmt::format("{}: {} is {}, must lie between {} and 65535", op, attribute, fmt::join(result, "x"), least));
  return result;
}

std::array<std::uint32_t, 3> to_3d(const std::vector<std::int64_t>& values, std::int64_t fallback) {
  std::array<std::uint32_t, 3> result;
  result.fill(static_cast<std::uint32_t>(fallback));
  std::transform(values.rbegin(), values.rend(), result.rbegin(),
                 [](std::int64_t v) { return static_cast<std::uint32_t>(v); });
  return result;
}

std::optional<std::string> refuse_large(const KernelRequest& request) {
  for (const auto& types : {request.inputs, request.outputs})
    for (const TensorType& type : types)
      if (type.shape.elements() >= (std::int64_t{1} << 31))
        return fmt::format("{} has 2^31 or more elements", to_string(type));
  return std::nullopt;
}

std::optional<std::string> refuse_unless_vec4(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  for (const auto& types : {request.inputs, request.outputs})
    for (const TensorType& type : types)
      if (type.dtype != DType::i32 && type.shape.rank() >= 2 && type.shape.channels() % 4 != 0)
        return fmt::format("{} has {} channels, no multiple of 4", to_string(type), type.shape.channels());
  return std::nullopt;
}

std::string vector_variant(std::uint32_t lanes, const DeviceCaps& caps) {
  if (lanes == 1) return "scalar";
  return caps.is_cpu() && caps.int64 ? "vec4_wide" : "vec4";
}

std::string_view wide_variant(const DeviceCaps& caps) {
  return !caps.int64 ? "" : caps.shared_loads ? "_shared_wide" : "_wide";
}

LaneChannels lane_channels(std::uint32_t channels, const DeviceCaps& caps) {
  if (!caps.is_cpu()) return {0, "is for CPU drivers"};
  if (!caps.subgroup_broadcast || caps.subgroup_size < 4 || caps.subgroup_size > kGroupSize)
    return {0, "needs broadcasts in subgroups of known size, 4 at least"};
  for (const std::uint32_t each : {2u, 1u})
    if (channels % (each * caps.subgroup_size) == 0) return {each, {}};
  return {0, fmt::format("needs channels that are a multiple of {}, the subgroup's size", caps.subgroup_size)};
}

std::array<std::uint32_t, 3> linear_groups(std::uint64_t count, const DeviceCaps& caps) {
  return folded_groups((count + kGroupSize - 1) / kGroupSize, caps);
}

std::array<std::uint32_t, 3> folded_groups(std::uint64_t groups, const DeviceCaps& caps) {
  const std::uint64_t limit = caps.max_groups[0];
  const std::uint64_t folds = (groups + limit - 1) / limit;
  return {static_cast<std::uint32_t>((groups + folds - 1) / folds), static_cast<std::uint32_t>(folds), 1};
}

namespace {

// What one group goes through in its rounds at most.
constexpr std::uint32_t kMostElementsOfGroup = 4096;

// Enough to keep a CPU's cores evenly loaded.
std::uint64_t groups_wanted(const DeviceCaps& caps) {
  return std::uint64_t{caps.cores} * 16;
}

// Of kernels whose invocations take neighbouring elements in turns.
std::uint32_t striding_group_size(const DeviceCaps& caps) {
  const bool one_subgroup = caps.is_cpu() && caps.subgroup_size > 0 && caps.subgroup_size < kGroupSize;
  return one_subgroup ? caps.subgroup_size : kGroupSize;
}

}  // namespace

std::uint32_t group_rounds(std::uint64_t groups, std::uint32_t size, const DeviceCaps& caps) {
  if (!caps.is_cpu()) return 1;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(groups / groups_wanted(caps), 1, kMostElementsOfGroup / size));
}

bool shares_loads(std::uint32_t size, std::uint64_t count, const DeviceCaps& caps) {
  return caps.is_cpu() && caps.shared_loads && caps.int64 && size == caps.subgroup_size && count % size == 0;
}

Rounds rounds_for(std::uint64_t invocations, const DeviceCaps& caps) {
  const std::uint32_t size = striding_group_size(caps);
  const std::uint64_t groups = (invocations + size - 1) / size;
  const std::uint32_t count = group_rounds(groups, size, caps);
  return {size, count, folded_groups((groups + count - 1) / count, caps), shares_loads(size, invocations, caps)};
}

RowGroups row_groups(std::uint64_t rows, std::uint64_t width, const DeviceCaps& caps) {
  // On a CPU driver one subgroup walks a whole row, if the rows are enough for all cores.
  const bool walks = caps.is_cpu() && rows >= groups_wanted(caps);
  const std::uint32_t size = walks ? striding_group_size(caps) : kGroupSize;
  const std::uint64_t along = walks ? 1 : std::min<std::uint64_t>((width + size - 1) / size, caps.max_groups[0]);
  const std::uint64_t limit = caps.max_groups[1];
  const std::uint64_t folds = (rows + limit - 1) / limit;
  return {size,
          {static_cast<std::uint32_t>(along), static_cast<std::uint32_t>((rows + folds - 1) / folds),
           static_cast<std::uint32_t>(folds)}};
}

}  // namespace tuff
