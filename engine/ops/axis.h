// Axes as users give them: negative ones count from the last.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "base/error.h"
#include "graph/shape.h"

namespace tuff {

// The axis from 0, or an Error that names the op, its input (called `input`) and the range. `rank` is the input's own,
// or one more for a new axis.
inline int checked_axis(std::string_view op, std::string_view input, int axis, int rank, const TensorType& type) {
  if (axis < -rank || axis >= rank)
    throw Error(fmt::format("{}: axis {} of {} ({}) must lie between {} and {}", op, axis, input, to_string(type),
                            -rank, rank - 1));
  return axis < 0 ? axis + rank : axis;
}

inline int checked_axis(std::string_view op, std::string_view input, int axis, const TensorType& type) {
  return checked_axis(op, input, axis, type.shape.rank(), type);
}

}  // namespace tuff
