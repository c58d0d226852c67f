#include "graph/tensor.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <numeric>

namespace tuff {

HostTensor::HostTensor(Shape tensor_shape, DType type)
    : dtype(type), shape(std::move(tensor_shape)), data(static_cast<std::size_t>(shape.elements()) * size_of(type)) {}

HostTensor HostTensor::from_floats(Shape shape, std::span<const float> values) {
  HostTensor tensor(std::move(shape));
  assert(values.size_bytes() == tensor.data.size());
  std::memcpy(tensor.data.data(), values.data(), values.size_bytes());
  return tensor;
}

HostTensor HostTensor::from_ints(Shape shape, std::span<const std::int32_t> values) {
  HostTensor tensor(std::move(shape), DType::i32);
  assert(values.size_bytes() == tensor.data.size());
  std::memcpy(tensor.data.data(), values.data(), values.size_bytes());
  return tensor;
}

namespace {

template <class T, class Bytes>
auto view(Bytes& data) {
  using Element = std::conditional_t<std::is_const_v<Bytes>, const T, T>;
  return std::span<Element>(reinterpret_cast<Element*>(data.data()), data.size() / sizeof(T));
}

// Copies element by element between row-major order and the type's strides, in the order of device memory: that may be
// write-combined, where scattered writes are very slow.
template <class T>
void permute(const TensorType& type, const T* from, T* to, bool to_device) {
  const std::vector<std::int64_t> stride = strides(type);
  std::vector<std::int64_t> row_major(stride.size(), 1);
  for (std::size_t axis = stride.size() - 1; axis > 0; --axis)
    row_major[axis - 1] = row_major[axis] * type.shape[static_cast<int>(axis)];
  std::vector<std::size_t> axes(stride.size());  // innermost in device memory first
  std::iota(axes.begin(), axes.end(), std::size_t{0});
  std::stable_sort(axes.begin(), axes.end(), [&](std::size_t a, std::size_t b) { return stride[a] < stride[b]; });
  std::vector<std::int64_t> index(stride.size(), 0);
  std::int64_t logical = 0;
  for (std::int64_t device = 0; device < type.shape.elements(); ++device) {
    to_device ? to[device] = from[logical] : to[logical] = from[device];
    for (const std::size_t axis : axes) {
      const std::int64_t extent = type.shape[static_cast<int>(axis)];
      logical += row_major[axis];
      if (++index[axis] < extent) break;
      logical -= row_major[axis] * extent;
      index[axis] = 0;
    }
  }
}

void convert(const TensorType& type, std::span<const std::byte> from, std::span<std::byte> to, bool to_device) {
  assert(from.size() >= static_cast<std::size_t>(type.bytes()) && to.size() >= static_cast<std::size_t>(type.bytes()));
  const bool same_order = type.shape.rank() < 3 ||
                          (type.layout == Layout::channels_last && (type.shape[1] == 1 || type.shape.spatial() == 1));
  if (same_order)
    std::memcpy(to.data(), from.data(), static_cast<std::size_t>(type.bytes()));
  else if (size_of(type.dtype) == 2)
    permute(type, reinterpret_cast<const std::uint16_t*>(from.data()), reinterpret_cast<std::uint16_t*>(to.data()),
            to_device);
  else
    permute(type, reinterpret_cast<const std::uint32_t*>(from.data()), reinterpret_cast<std::uint32_t*>(to.data()),
            to_device);
}

}  // namespace

std::span<float> HostTensor::floats() {
  assert(dtype == DType::f32);
  return view<float>(data);
}

std::span<const float> HostTensor::floats() const {
  assert(dtype == DType::f32);
  return view<float>(data);
}

std::span<std::int32_t> HostTensor::ints() {
  assert(dtype == DType::i32);
  return view<std::int32_t>(data);
}

std::span<const std::int32_t> HostTensor::ints() const {
  assert(dtype == DType::i32);
  return view<std::int32_t>(data);
}

void to_device_layout(const TensorType& type, std::span<const std::byte> logical, std::span<std::byte> device) {
  convert(type, logical, device, true);
}

void from_device_layout(const TensorType& type, std::span<const std::byte> device, std::span<std::byte> logical) {
  convert(type, device, logical, false);
}

}  // namespace tuff
