#include "graph/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace tuff {

Shape::Shape(std::initializer_list<std::int64_t> extents) : Shape(std::vector<std::int64_t>(extents)) {}

Shape::Shape(std::vector<std::int64_t> extents) : extents_(std::move(extents)) {
  for (const std::int64_t extent : extents_) {
    if (extent < 1) throw Error(fmt::format("shape {}: every extent must be at least 1", fmt::join(extents_, "x")));
    if (__builtin_mul_overflow(elements_, extent, &elements_))
      throw Error(fmt::format("shape {} has more elements than 63 bits can count", fmt::join(extents_, "x")));
  }
}

std::string to_string(const Shape& shape) {
  return shape.rank() == 0 ? "scalar" : fmt::format("{}", fmt::join(shape.extents(), "x"));
}

std::string to_string(const TensorType& type) {
  const std::string_view layout = type.shape.rank() < 3 || type.layout == Layout::channels_last ? ""
                                  : type.layout == Layout::weight                               ? " weight"
                                                                                                : " transposed weight";
  return fmt::format("{} {}{}", to_string(type.dtype), to_string(type.shape), layout);
}

std::vector<int> memory_order(const TensorType& type) {
  const int rank = type.shape.rank();
  std::vector<int> order;
  if (rank < 3) {
    for (int axis = 0; axis < rank; ++axis) order.push_back(axis);
    return order;
  }
  if (type.layout == Layout::channels_last) order.push_back(0);
  for (int axis = 2; axis < rank; ++axis) order.push_back(axis);
  if (type.layout == Layout::transposed_weight) order.push_back(0);
  order.push_back(1);
  if (type.layout == Layout::weight) order.push_back(0);
  return order;
}

std::vector<std::int64_t> strides(const TensorType& type) {
  const std::vector<int> order = memory_order(type);
  std::vector<std::int64_t> result(order.size());
  std::int64_t stride = 1;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    result[static_cast<std::size_t>(*axis)] = stride;
    stride *= type.shape[*axis];
  }
  return result;
}

}  // namespace tuff
