// Matrix products with PyTorch's semantics: einsums with letters put in. f32, sums in f32.
#pragma once

#include "graph/graph.h"

namespace tuff {

// torch.matmul: (..., M, K) x (..., K, N) gives (..., M, N), the axes before the last two broadcast. A vector a (K) is
// a row, a vector b (K) a column, whose axis of 1 the result lacks. Error where the extents don't fit.
Value matmul(Value a, Value b);

// torch.nn.functional.linear: x (..., I), weight (O, I), bias (O) or empty; result (..., O).
Value linear(Value x, Value weight, Value bias = {});

struct GemmAttributes {
  float alpha = 1;
  float beta = 1;
  bool trans_a = false;
  bool trans_b = false;
  bool operator==(const GemmAttributes&) const = default;
};

// ONNX's Gemm: alpha a' b' + beta c with a' (M, K), b' (K, N), each given transposed where trans_ says so; c empty or
// broadcast to (M, N), and not looked at where beta is 0.
Value gemm(Value a, Value b, Value c = {}, const GemmAttributes& attributes = {});

// torch.addmm: beta input + alpha mat1 mat2.
Value addmm(Value input, Value mat1, Value mat2, float beta = 1, float alpha = 1);

}  // namespace tuff
