#include "runtime/comparison.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace tuff;

namespace {

HostTensor halves(const std::vector<std::uint16_t>& bits) {
  HostTensor tensor(Shape{static_cast<std::int64_t>(bits.size())}, DType::f16);
  std::memcpy(tensor.data.data(), bits.data(), tensor.data.size());
  return tensor;
}

HostTensor floats(const std::vector<float>& values) {
  return HostTensor::from_floats(Shape{static_cast<std::int64_t>(values.size())}, values);
}

}  // namespace

TEST_CASE("comparison: random values fill their range, the same of f16 as of f32") {
  const Shape shape{1 << 10, 1 << 11};  // longer than what is drawn
  const HostTensor values = random_values({DType::f32, shape}, 3), half = random_values({DType::f16, shape}, 3);
  double low = 1, high = -1, sum = 0;
  for (const float value : values.floats()) {
    low = std::min(low, static_cast<double>(value));
    high = std::max(high, static_cast<double>(value));
    sum += static_cast<double>(value);
  }
  CHECK(low < -0.999);
  CHECK(high > 0.999);
  CHECK(std::abs(sum / static_cast<double>(shape.elements())) < 0.01);
  CHECK_FALSE(has_nonfinite({values, half}));
  CHECK(random_values({DType::f32, shape}, 4).data != values.data);
  // The halves are the floats, cut off: compared as f32 by way of a tensor of their decoded values.
  HostTensor expected(Shape{1000}), found = random_values({DType::f16, Shape{1000}}, 3);
  const HostTensor whole = random_values({DType::f32, Shape{1000}}, 3);
  CHECK(largest_difference({found}, {whole}) < 1.0 / 1024);
  CHECK(largest_difference({found}, {expected}) > 0.9);
  CHECK(largest_difference({random_values({DType::i32, shape}, 3)}, {HostTensor(shape, DType::i32)}) == 0);
}

TEST_CASE("comparison: differences are relative to the largest expected value") {
  CHECK(largest_difference({floats({1, 2, 4})}, {floats({1, 2, 4})}) == 0);
  CHECK(largest_difference({floats({1, 2.5f, 4})}, {floats({1, 2, -5})}) == doctest::Approx(9.0 / 5));
  CHECK(largest_difference({halves({0x3c00, 0xc000, 0x0001})}, {floats({1, -2, 0x1p-24f})}) == 0);
  CHECK(largest_difference({halves({0x7bff})}, {floats({65504})}) == 0);
}

TEST_CASE("comparison: what is no number must be none on both sides, integers must be equal") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  CHECK(largest_difference({floats({nan, infinity, 1})}, {floats({nan, infinity, 1})}) == 0);
  CHECK(std::isinf(largest_difference({floats({nan, 1})}, {floats({0, 1})})));
  CHECK(std::isinf(largest_difference({floats({0, 1})}, {floats({nan, 1})})));
  CHECK(std::isinf(largest_difference({floats({infinity})}, {floats({-infinity})})));
  CHECK(largest_difference({halves({0x7e00, 0x7c00})}, {floats({nan, infinity})}) == 0);
  CHECK(has_nonfinite({floats({1}), halves({0xfc00})}));
  const std::int32_t one[] = {1}, two[] = {2};
  CHECK(std::isinf(largest_difference({HostTensor::from_ints(Shape{1}, one)}, {HostTensor::from_ints(Shape{1}, two)})));
}
