#include "ops/tile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "ops/expand.h"
#include "ops/gather.h"
#include "ops/reshape.h"

namespace tuff {
namespace {

// Rows of memory are expanded along a new axis between `outer` and the row: as (N, C) to (N, C, S), whose memory is
// N, S, C.
Value repeat_rows(Value x, std::int64_t outer, std::int64_t row, std::int64_t times, int axis) {
  TensorType result = x.type();
  std::vector<std::int64_t> extents = result.shape.extents();
  extents[static_cast<std::size_t>(axis)] *= times;
  result.shape = Shape(std::move(extents));
  const Value rows = view_as(x, {x.dtype(), {outer, row}});
  return view_as(expand(rows, {outer, row, times}, std::vector<int>{0, 1}), result);
}

}  // namespace

Value tile(Value x, std::vector<std::int64_t> repeats) {
  if (std::ranges::any_of(repeats, [](std::int64_t times) { return times < 1; }))
    throw Error(
        fmt::format("tile: repeats {} of x ({}) must be at least 1", fmt::join(repeats, ","), to_string(x.type())));
  std::vector<std::int64_t> extents = x.shape().extents();
  if (extents.size() < repeats.size()) {
    extents.insert(extents.begin(), repeats.size() - extents.size(), 1);
    x = reshape(x, std::move(extents));
  }
  repeats.insert(repeats.begin(), x.shape().extents().size() - repeats.size(), 1);
  for (int axis = 0; axis < x.shape().rank(); ++axis) {
    const std::int64_t times = repeats[static_cast<std::size_t>(axis)];
    const GatherRows rows = gather_rows(x.type(), axis);
    if (times > 1) x = repeat_rows(x, rows.outer, std::int64_t{rows.extent} * rows.inner, times, axis);
  }
  return x;
}

Value repeat(Value x, std::vector<std::int64_t> repeats) {
  if (repeats.size() < x.shape().extents().size())
    throw Error(fmt::format("repeat: {} numbers for the axes of x ({}); give one per axis", repeats.size(),
                            to_string(x.type())));
  return tile(x, std::move(repeats));
}

Value repeat_interleave(Value x, std::int64_t repeats, int axis) {
  const int rank = x.shape().rank();
  if (axis < -rank || axis >= rank || repeats < 1)
    throw Error(
        fmt::format("repeat_interleave: {} times along axis {} of x ({}); the axis must lie between {} and {}, "
                    "repeats be at least 1",
                    repeats, axis, to_string(x.type()), -rank, rank - 1));
  if (axis < 0) axis += rank;
  const GatherRows rows = gather_rows(x.type(), axis);
  return repeats == 1 ? x : repeat_rows(x, std::int64_t{rows.outer} * rows.extent, rows.inner, repeats, axis);
}

}  // namespace tuff
