// Arrays on the host of any element type that files have: what npy, npz, safetensors and ONNX files hold, of which the
// engine computes with f32, f16 and i32 (HostTensor).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/tensor.h"

namespace tuff {

enum class ElementType : std::uint8_t { f32, f64, f16, bf16, i8, i16, i32, i64, u8, u16, u32, u64, boolean };

std::size_t size_of(ElementType type);
std::string_view to_string(ElementType type);  // "f32", "bool"
bool is_floating(ElementType type);
bool is_integer(ElementType type);  // bool is neither

// IEEE 754 binary16, by its bits. Conversion from float rounds to nearest even.
struct Float16 {
  std::uint16_t bits = 0;
  Float16() = default;
  explicit Float16(float value);
  explicit operator float() const;
};

// The upper half of a float.
struct BFloat16 {
  std::uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value);
  explicit operator float() const;
};

// Row-major. ImageSize may be 0; rank 0 is a scalar. Booleans are one byte, 0 or 1.
struct Array {
  ElementType type = ElementType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data;  // elements() * size_of(type) bytes

  Array() = default;
  Array(ElementType element_type, std::vector<std::int64_t> extents);  // zeros

  std::int64_t elements() const;
  int rank() const { return static_cast<int>(shape.size()); }
  bool operator==(const Array&) const = default;

  // The elements as T, which must be the type's own (bool: std::uint8_t).
  template <class T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data.data()), data.size() / sizeof(T)};
  }
  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
  }
};

// The product of the extents times `bytes`, or -1 where one is negative or it exceeds 63 bits.
std::int64_t checked_bytes(std::span<const std::int64_t> shape, std::int64_t bytes);

std::string shape_text(std::span<const std::int64_t> shape);  // "2x0x3", "scalar"

// Calls f.template operator()<T>() with the C++ type of the elements; bool's is std::uint8_t.
template <class F>
decltype(auto) visit(ElementType type, F&& f) {
  switch (type) {
    case ElementType::f32: return f.template operator()<float>();
    case ElementType::f64: return f.template operator()<double>();
    case ElementType::f16: return f.template operator()<Float16>();
    case ElementType::bf16: return f.template operator()<BFloat16>();
    case ElementType::i8: return f.template operator()<std::int8_t>();
    case ElementType::i16: return f.template operator()<std::int16_t>();
    case ElementType::i32: return f.template operator()<std::int32_t>();
    case ElementType::i64: return f.template operator()<std::int64_t>();
    case ElementType::u8: return f.template operator()<std::uint8_t>();
    case ElementType::u16: return f.template operator()<std::uint16_t>();
    case ElementType::u32: return f.template operator()<std::uint32_t>();
    case ElementType::u64: return f.template operator()<std::uint64_t>();
    case ElementType::boolean: break;
  }
  return f.template operator()<std::uint8_t>();
}

// As NumPy's astype: integers wrap, fractions are cut off, anything but 0 is true. Floats outside of an integer's
// range (undefined in NumPy) become its nearest end, NaN becomes 0.
Array convert(const Array& array, ElementType type);

// Single numbers as what the caller needs; asserts that the index is inside.
double number_at(const Array& array, std::int64_t index);
std::vector<double> numbers(const Array& array);
std::vector<std::int64_t> integers(const Array& array);  // as convert() to i64

// What the engine computes with: f32 and f16 as they are, f64 and bf16 as f32, integers and bool as i32. Error naming
// `source` where a value doesn't fit 32 bits or the array is empty.
HostTensor to_tensor(const Array& array, const std::string& source);
Array from_tensor(const HostTensor& tensor);

Array array_of(std::vector<std::int64_t> shape, std::span<const std::int64_t> values);  // i64

}  // namespace tuff
