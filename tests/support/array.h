// A tensor of doubles on the host, row-major in logical order: what reference computations use.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/tensor.h"

namespace tuff::test {

struct Array {
  Shape shape;
  std::vector<double> data;

  Array() = default;
  explicit Array(Shape array_shape, double value = 0)
      : shape(std::move(array_shape)), data(static_cast<std::size_t>(shape.elements()), value) {}

  // Element by logical index, e.g. at({n, c, y, x}).
  double& at(std::initializer_list<std::int64_t> index) { return data[offset(index)]; }
  double at(std::initializer_list<std::int64_t> index) const { return data[offset(index)]; }

 private:
  std::size_t offset(std::initializer_list<std::int64_t> index) const {
    std::int64_t result = 0;
    int axis = 0;
    for (const std::int64_t i : index) result = result * shape[axis++] + i;
    return static_cast<std::size_t>(result);
  }
};

Array to_array(const HostTensor& tensor);
HostTensor to_tensor(const Array& array, DType dtype);  // rounds

// The largest difference over the largest expected magnitude (1e-30 at least); infinity where NaNs or infinities
// don't match or the shapes differ.
double relative_error(const Array& actual, const Array& expected);

}  // namespace tuff::test
