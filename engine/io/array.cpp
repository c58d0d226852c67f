#include "io/array.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/error.h"

namespace tuff {
namespace {

struct TypeRow {
  std::string_view name;
  std::size_t bytes;
};

// In the order of ElementType.
constexpr TypeRow kTypes[] = {{"f32", 4}, {"f64", 8}, {"f16", 2}, {"bf16", 2}, {"i8", 1},  {"i16", 2}, {"i32", 4},
                              {"i64", 8}, {"u8", 1},  {"u16", 2}, {"u32", 4},  {"u64", 8}, {"bool", 1}};

template <class T>
constexpr bool kSmallFloat = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;

// Nearest end of To's range; NaN is 0.
template <class To>
To integer_of(double value) {
  if (std::isnan(value)) return 0;
  constexpr double low = static_cast<double>(std::numeric_limits<To>::min());
  constexpr double high = static_cast<double>(std::numeric_limits<To>::max());
  if (value <= low) return std::numeric_limits<To>::min();
  if (value >= high) return std::numeric_limits<To>::max();
  return static_cast<To>(value);
}

template <class To, class From>
To convert_one(From value) {
  if constexpr (kSmallFloat<From>) {
    return convert_one<To>(static_cast<float>(value));
  } else if constexpr (kSmallFloat<To>) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    return integer_of<To>(static_cast<double>(value));
  } else {
    return static_cast<To>(value);
  }
}

template <class From>
bool is_true(From value) {
  if constexpr (kSmallFloat<From>)
    return static_cast<float>(value) != 0.0f;
  else
    return value != From{0};
}

}  // namespace

std::size_t size_of(ElementType type) {
  return kTypes[static_cast<std::size_t>(type)].bytes;
}
std::string_view to_string(ElementType type) {
  return kTypes[static_cast<std::size_t>(type)].name;
}
bool is_floating(ElementType type) {
  return type <= ElementType::bf16;
}
bool is_integer(ElementType type) {
  return !is_floating(type) && type != ElementType::boolean;
}

Float16::Float16(float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(word >> 16 & 0x8000u);
  const std::uint32_t rest = word & 0x7fffffffu;
  if (rest > 0x7f800000u) {  // NaN, kept quiet
    bits = static_cast<std::uint16_t>(sign | 0x7e00u);
  } else if (rest >= 0x477ff000u) {  // 65520 and above round to infinity
    bits = static_cast<std::uint16_t>(sign | 0x7c00u);
  } else if (rest < 0x38800000u) {  // below 2^-14: a multiple of 2^-24, which adding 0.5 rounds to
    const float shifted = std::bit_cast<float>(rest) + 0.5f;
    bits =
        static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(0.5f)));
  } else {
    const std::uint32_t rounded = rest - 0x38000000u + 0xfffu + (rest >> 13 & 1u);
    bits = static_cast<std::uint16_t>(sign | rounded >> 13);
  }
}

Float16::operator float() const {
  const std::uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, mantissa = bits & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 255u : exponent + 112u;
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

BFloat16::BFloat16(float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  bits = std::isnan(value) ? static_cast<std::uint16_t>(word >> 16 | 0x40u)
                           : static_cast<std::uint16_t>((word + 0x7fffu + (word >> 16 & 1u)) >> 16);
}

BFloat16::operator float() const {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

Array::Array(ElementType element_type, std::vector<std::int64_t> extents)
    : type(element_type), shape(std::move(extents)) {
  const std::int64_t bytes = checked_bytes(shape, static_cast<std::int64_t>(size_of(type)));
  if (bytes < 0) throw Error(fmt::format("an array of shape {} is impossible", shape_text(shape)));
  data.resize(static_cast<std::size_t>(bytes));
}

std::int64_t Array::elements() const {
  return checked_bytes(shape, 1);
}

std::int64_t checked_bytes(std::span<const std::int64_t> shape, std::int64_t bytes) {
  std::int64_t product = bytes;
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return -1;
    if (extent == 0)
      empty = true;
    else if (__builtin_mul_overflow(product, extent, &product))
      return -1;
  }
  return empty ? 0 : product;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x"));
}

Array convert(const Array& array, ElementType type) {
  if (array.type == type) return array;
  Array result(type, array.shape);
  visit(array.type, [&]<class From>() {
    const std::span<const From> from = array.as<From>();
    if (type == ElementType::boolean) {
      std::ranges::transform(from, result.as<std::uint8_t>().begin(), [](From x) { return std::uint8_t{is_true(x)}; });
      return;
    }
    visit(type, [&]<class To>() {
      std::ranges::transform(from, result.as<To>().begin(), [](From x) { return convert_one<To>(x); });
    });
  });
  return result;
}

double number_at(const Array& array, std::int64_t index) {
  assert(index >= 0 && index < array.elements());
  return visit(array.type,
               [&]<class T>() { return convert_one<double>(array.as<T>()[static_cast<std::size_t>(index)]); });
}

std::vector<double> numbers(const Array& array) {
  const Array wide = convert(array, ElementType::f64);
  return {wide.as<double>().begin(), wide.as<double>().end()};
}

std::vector<std::int64_t> integers(const Array& array) {
  const Array wide = convert(array, ElementType::i64);
  return {wide.as<std::int64_t>().begin(), wide.as<std::int64_t>().end()};
}

HostTensor to_tensor(const Array& array, const std::string& source) {
  if (array.elements() == 0)
    throw Error(fmt::format("{}: the array is empty (shape {})", source, shape_text(array.shape)));
  const DType dtype = array.type == ElementType::f16 ? DType::f16 : is_floating(array.type) ? DType::f32 : DType::i32;
  HostTensor tensor(Shape(array.shape), dtype);
  if (dtype != DType::i32) {
    tensor.data = convert(array, dtype == DType::f16 ? ElementType::f16 : ElementType::f32).data;
    return tensor;
  }
  visit(array.type, [&]<class T>() {
    if constexpr (std::is_integral_v<T>) {
      std::ranges::transform(array.as<T>(), tensor.ints().begin(), [&](T value) {
        if (!std::in_range<std::int32_t>(value)) throw Error(fmt::format("{}: {} does not fit 32 bits", source, value));
        return static_cast<std::int32_t>(value);
      });
    }
  });
  return tensor;
}

Array from_tensor(const HostTensor& tensor) {
  const ElementType type = tensor.dtype == DType::f32   ? ElementType::f32
                           : tensor.dtype == DType::f16 ? ElementType::f16
                                                        : ElementType::i32;
  Array array;
  array.type = type;
  array.shape = tensor.shape.extents();
  array.data = tensor.data;
  return array;
}

Array array_of(std::vector<std::int64_t> shape, std::span<const std::int64_t> values) {
  Array array(ElementType::i64, std::move(shape));
  std::ranges::copy(values, array.as<std::int64_t>().begin());
  return array;
}

}  // namespace tuff
