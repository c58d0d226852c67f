// Logical shapes (PyTorch's order: N, C, spatial...) and the types of tensors.
// Memory order is a Layout: files and user-facing arrays are row-major in logical order, devices are not.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "graph/dtype.h"

namespace tuff {

// Extents of a tensor; rank 0 is a scalar with one element. Extents are at least 1 and their product
// fits 63 bits, else the constructor throws Error.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents);
  explicit Shape(std::vector<std::int64_t> extents);

  int rank() const { return static_cast<int>(extents_.size()); }
  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  const std::vector<std::int64_t>& extents() const { return extents_; }
  std::int64_t elements() const { return elements_; }

  // N, C and the product of the spatial extents of a shape read as (N, C, spatial...); 1 where absent:
  // rank 0 is (1, 1), rank 1 is (1, C).
  std::int64_t batch() const { return rank() >= 2 ? extents_[0] : 1; }
  std::int64_t channels() const { return rank() == 0 ? 1 : rank() == 1 ? extents_[0] : extents_[1]; }
  std::int64_t spatial() const { return elements_ / (batch() * channels()); }

  bool operator==(const Shape&) const = default;

 private:
  std::vector<std::int64_t> extents_;
  std::int64_t elements_ = 1;
};

std::string to_string(const Shape& shape);  // "1x3x64x64"; "scalar" at rank 0

// How a tensor's elements lie in device memory. Below rank 3 all layouts are row-major.
enum class Layout : std::uint8_t {
  channels_last,      // (N, C, spatial...) stored as N, spatial..., C
  weight,             // (O, I, kernel...) stored as kernel..., I, O: what conv reads
  transposed_weight,  // (I, O, kernel...) stored as kernel..., I, O: what conv_transpose reads
};

struct TensorType {
  DType dtype = DType::f32;
  Shape shape;
  Layout layout = Layout::channels_last;

  std::int64_t bytes() const { return shape.elements() * static_cast<std::int64_t>(size_of(dtype)); }
  bool operator==(const TensorType& other) const {
    return dtype == other.dtype && shape == other.shape && (layout == other.layout || shape.rank() < 3);
  }
};

std::string to_string(const TensorType& type);  // "f32 1x3x64x64", with " weight" for that layout

// Axes from outermost to innermost in device memory.
std::vector<int> memory_order(const TensorType& type);

// Distance in elements between neighbours along each logical axis, in device memory.
std::vector<std::int64_t> strides(const TensorType& type);

}  // namespace tuff
