#include "ops/constants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "ops/cast.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"

namespace tuff {
namespace {

// 1 where column - row is between least and most.
Value band(Graph& graph, std::int64_t rows, std::int64_t columns, std::int64_t least, std::int64_t most) {
  HostTensor tensor(Shape{rows, columns});
  const auto values = tensor.floats();
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column)
      if (column - row >= least && column - row <= most) values[static_cast<std::size_t>(row * columns + column)] = 1;
  return graph.constant(std::move(tensor));
}

Value keep_band(std::string_view op, Value x, std::int64_t least, std::int64_t most) {
  const Shape shape = x.shape();
  if (shape.rank() < 2) throw Error(fmt::format("{}: x must have two axes or more, got {}", op, to_string(x.type())));
  return mask(x, band(x.graph(), shape[shape.rank() - 2], shape[shape.rank() - 1], least, most));
}

constexpr std::int64_t kFar = std::int64_t{1} << 62;

}  // namespace

Value arange(Graph& graph, double start, double end, double step, DType dtype) {
  const double count = std::ceil((end - start) / step);
  if (!(count >= 1) || count >= 2147483648.0 || dtype == DType::f16)
    throw Error(fmt::format("arange: {} to {} in steps of {} as {} isn't a sequence of 1 to 2^31 f32 or i32 numbers",
                            start, end, step, to_string(dtype)));
  HostTensor tensor(Shape{static_cast<std::int64_t>(count)}, dtype);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const double value = start + static_cast<double>(i) * step;
    if (dtype == DType::f32)
      tensor.floats()[i] = static_cast<float>(value);
    else
      tensor.ints()[i] = static_cast<std::int32_t>(std::clamp(value, -2147483648.0, 2147483647.0));
  }
  return graph.constant(std::move(tensor));
}

Value eye(Graph& graph, std::int64_t rows, std::int64_t columns, std::int64_t diagonal) {
  return band(graph, rows, columns, diagonal, diagonal);
}

Value tril(Value x, std::int64_t diagonal) {
  return keep_band("tril", x, -kFar, diagonal);
}

Value triu(Value x, std::int64_t diagonal) {
  return keep_band("triu", x, diagonal, kFar);
}

Value one_hot(Value labels, std::int64_t num_classes, int axis) {
  if (labels.dtype() != DType::i32 || num_classes < 1 || num_classes > (1 << 24))
    throw Error(fmt::format("one_hot: labels ({}) must be i32, num_classes ({}) lie between 1 and 2^24",
                            to_string(labels.type()), num_classes));
  const Value widened = cast(unsqueeze(labels, axis), DType::f32);  // labels that it rounds aren't classes
  const int rank = widened.shape().rank();
  std::vector<std::int64_t> extents(static_cast<std::size_t>(rank), 1);
  extents[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)] = num_classes;
  HostTensor numbers{Shape(std::move(extents))};
  for (std::size_t i = 0; i < numbers.floats().size(); ++i) numbers.floats()[i] = static_cast<float>(i);
  const Value positive = where(less(widened, 0.0f), add_scalar(widened, static_cast<float>(num_classes)), widened);
  return equal(positive, labels.graph().constant(std::move(numbers)));
}

}  // namespace tuff
