#include "support/array.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tuff::test {

Array to_array(const HostTensor& tensor) {
  Array array(tensor.shape);
  if (tensor.dtype == DType::i32)
    std::copy(tensor.ints().begin(), tensor.ints().end(), array.data.begin());
  else
    std::copy(tensor.floats().begin(), tensor.floats().end(), array.data.begin());
  return array;
}

HostTensor to_tensor(const Array& array, DType dtype) {
  HostTensor tensor(array.shape, dtype);
  for (std::size_t i = 0; i < array.data.size(); ++i) {
    if (dtype == DType::i32)
      tensor.ints()[i] = static_cast<std::int32_t>(array.data[i]);
    else
      tensor.floats()[i] = static_cast<float>(array.data[i]);
  }
  return tensor;
}

double relative_error(const Array& actual, const Array& expected) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (!(actual.shape == expected.shape)) return kInfinity;
  double largest = 1e-30, difference = 0;
  for (std::size_t i = 0; i < expected.data.size(); ++i) {
    const double a = actual.data[i], e = expected.data[i];
    if (std::isnan(e) || std::isinf(e)) {
      if (std::isnan(e) ? !std::isnan(a) : a != e) return kInfinity;
      continue;
    }
    if (!std::isfinite(a)) return kInfinity;
    largest = std::max(largest, std::abs(e));
    difference = std::max(difference, std::abs(a - e));
  }
  return difference / largest;
}

}  // namespace tuff::test
