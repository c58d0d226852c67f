// Elements picked by an i32 tensor of indices, and embeddings. An index i of an axis of extent n may be negative and
// then counts from the end. One outside of [-n, n) is an Error where the index is a constant; else it reads NaN
// (integers: 0) and gets no gradient. Gradients add up in the order of the indices, bitwise repeatable; see scatter.h
// for their cost.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// torch.gather, ONNX's GatherElements: the result has index's shape, each element comes from x at its own place but for
// `axis`, where the index says. index has x's rank and is no larger in the other axes. x: f32 or i32.
Value gather(Value x, int axis, Value index);

// torch.index_select: x with the elements of one axis that a vector names, in its order.
Value index_select(Value x, int axis, Value index);

// numpy.take, ONNX's Gather: the same with an index of any rank, whose axes take the place of `axis`; that of a scalar
// goes. One copy more where the ranks make the memory order differ.
Value take(Value x, int axis, Value index);

// torch.nn.functional.embedding: row index[...] of weight (rows, features) as the last axis.
Value embedding(Value weight, Value index);

// ONNX's GatherND: indices (batch..., ..., k) hold tuples that name an element of the k axes of x after the first
// batch_dims ones, which both share; what is left of x's axes follows: (batch..., ..., rest of x). Up to 8 axes a
// tuple.
Value gather_nd(Value x, Value indices, int batch_dims = 0);

// ---- shared with scatter ------------------------------------------------------------------------

struct GatherAttributes {
  int axis = 0;         // not negative
  bool by_row = false;  // the index is a vector
  float missing = NAN;  // for indices outside
};

// One node. The index has the result's shape, or is a vector of its extent along the axis.
Value gather(Value x, Value index, const GatherAttributes& attributes);

// How gather and scatter see memory: the axis, what lies around it and what inside of it.
struct GatherRows {
  std::uint32_t outer = 1, extent = 1, inner = 1;
};
GatherRows gather_rows(const TensorType& type, int axis);

// Tuples (batch..., ..., k) as a vector of rows of x seen as (batch and k axes, rest); ONNX's rules for their shapes.
struct FlatIndex {
  Value rows;                       // vector
  std::vector<std::int64_t> lead;   // the tuples' axes but the last: rows as they were
  std::vector<std::int64_t> taken;  // x's axes that rows stand for
  std::vector<std::int64_t> rest;   // x's other axes
};
FlatIndex flatten_index(std::string_view op, const Shape& x, Value indices, int batch_dims);

// Checks the dtype, and the values where the index is a constant.
void require_index(std::string_view op, Value index, std::int64_t extent);

std::vector<Kernel> gather_kernels();
std::vector<Kernel> flatten_index_kernels();

}  // namespace tuff
