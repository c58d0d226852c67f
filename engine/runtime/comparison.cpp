#include "runtime/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/philox.h"

namespace tuff {
namespace {

// Drawn once, then repeated: drawing is slow. A prime, so that no row or plane of usual extents sees itself again.
constexpr std::size_t kDrawn = 1048573;

double float_of_half(std::uint16_t half) {
  const double sign = half & 0x8000 ? -1 : 1;
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  if (exponent == 31) return fraction == 0 ? sign * HUGE_VAL : std::numeric_limits<double>::quiet_NaN();
  return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

// Of a value between -1 and 1, its fraction cut off.
std::uint16_t half_of_float(double value) {
  const std::uint16_t sign = value < 0 ? 0x8000 : 0;
  int exponent = 0;
  const double fraction = std::frexp(std::abs(value), &exponent);  // 0.5 to 1
  if (fraction == 0 || exponent < -13) return sign;
  return static_cast<std::uint16_t>(sign | (exponent + 14) << 10 | (static_cast<int>(fraction * 2048) & 1023));
}

template <typename T>
T element(const HostTensor& tensor, std::size_t index) {
  T value;
  std::memcpy(&value, tensor.data.data() + index * sizeof value, sizeof value);
  return value;
}

double number(const HostTensor& tensor, std::size_t index) {
  switch (tensor.dtype) {
    case DType::f32: return static_cast<double>(element<float>(tensor, index));
    case DType::f16: return float_of_half(element<std::uint16_t>(tensor, index));
    case DType::i32: return element<std::int32_t>(tensor, index);
  }
  return 0;
}

std::size_t count(const HostTensor& tensor) {
  return static_cast<std::size_t>(tensor.shape.elements());
}

}  // namespace

HostTensor random_values(const TensorType& type, std::uint64_t seed, double low, double high) {
  HostTensor values(type.shape, type.dtype);
  if (type.dtype == DType::i32) return values;
  PhiloxStream draws(seed);
  const std::size_t elements = count(values), drawn = std::min(elements, kDrawn), width = size_of(type.dtype);
  for (std::size_t i = 0; i < drawn; ++i) {
    const double value = draws.uniform(low, high);
    const auto whole = static_cast<float>(value);
    const std::uint16_t half = half_of_float(value);
    std::memcpy(values.data.data() + i * width,
                type.dtype == DType::f32 ? static_cast<const void*>(&whole) : static_cast<const void*>(&half), width);
  }
  for (std::size_t done = drawn; done < elements; done += drawn)
    std::memcpy(values.data.data() + done * width, values.data.data(), std::min(drawn, elements - done) * width);
  return values;
}

double largest_difference(const std::vector<HostTensor>& found, const std::vector<HostTensor>& expected) {
  double worst = 0;
  for (std::size_t output = 0; output < found.size(); ++output) {
    double difference = 0, largest = 0;
    if (found[output].dtype == DType::i32) {
      if (found[output].data != expected[output].data) return HUGE_VAL;
      continue;
    }
    for (std::size_t i = 0; i < count(found[output]); ++i) {
      const double a = number(found[output], i), b = number(expected[output], i);
      if (!std::isfinite(a) || !std::isfinite(b)) {
        const bool same = (std::isnan(a) && std::isnan(b)) || a == b;
        if (!same) return HUGE_VAL;
        continue;
      }
      difference = std::max(difference, std::abs(a - b));
      largest = std::max(largest, std::abs(b));
    }
    worst = std::max(worst, largest > 0 ? difference / largest : difference);
  }
  return worst;
}

bool has_nonfinite(const std::vector<HostTensor>& tensors) {
  return std::ranges::any_of(tensors, [](const HostTensor& tensor) {
    if (tensor.dtype == DType::i32) return false;
    for (std::size_t i = 0; i < count(tensor); ++i)
      if (!std::isfinite(number(tensor, i))) return true;
    return false;
  });
}

double kernel_tolerance(bool half) {
  return half ? 1e-2 : 1e-4;
}

}  // namespace tuff
