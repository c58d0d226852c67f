// An einsum as its kernels see it: for each batch the product of a left matrix (rows x depth) and a right one (depth x
// columns), all through strides. Axes that lie side by side in all tensors merge; the depth may be two axes, the batch
// three. Which operand is left is free: columns are what lies innermost in the result.
#pragma once

#include <array>
#include <cstdint>

#include "graph/shape.h"

namespace tuff {

struct EinsumAttributes;

// Strides in elements; 0 where the tensor doesn't have the axis or repeats along it.
struct ContractionAxis {
  std::int64_t extent = 1;
  std::int64_t left = 0;
  std::int64_t right = 0;
  std::int64_t result = 0;
};

struct Contraction {
  bool fits = true;      // or more axes than these
  bool swapped = false;  // left is the second operand
  ContractionAxis row, column;
  std::array<ContractionAxis, 2> depth;  // the inner one first
  std::array<ContractionAxis, 3> batch;  // the innermost first

  void exchange_operands();  // left and right, rows and columns
  std::int64_t terms() const { return depth[0].extent * depth[1].extent; }
  std::int64_t batches() const { return batch[0].extent * batch[1].extent * batch[2].extent; }
};

Contraction plan_contraction(const EinsumAttributes& attributes, const TensorType& a, const TensorType& b,
                             const TensorType& result);

}  // namespace tuff
