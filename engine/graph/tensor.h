// A tensor on the host: row-major in logical order (N, C, spatial...), whatever devices do.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graph/shape.h"

namespace tuff {

struct HostTensor {
  DType dtype = DType::f32;
  Shape shape;
  std::vector<std::byte> data;  // shape.elements() * size_of(dtype) bytes

  HostTensor() = default;
  explicit HostTensor(Shape tensor_shape, DType type = DType::f32);  // zeros
  static HostTensor from_floats(Shape shape, std::span<const float> values);
  static HostTensor from_ints(Shape shape, std::span<const std::int32_t> values);

  // Typed views; asserts that dtype fits.
  std::span<float> floats();
  std::span<const float> floats() const;
  std::span<std::int32_t> ints();
  std::span<const std::int32_t> ints() const;
};

// Copies between logical row-major order (host) and a type's device layout. Both hold type.bytes() bytes.
void to_device_layout(const TensorType& type, std::span<const std::byte> logical, std::span<std::byte> device);
void from_device_layout(const TensorType& type, std::span<const std::byte> device, std::span<std::byte> logical);

}  // namespace tuff
