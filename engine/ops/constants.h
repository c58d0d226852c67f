// Tensors that shapes and numbers alone determine, and what is made of them: sequences, identities, triangles, one-hot
// codes. Constants of the graph, or a few nodes beside one.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace tuff {

// torch.arange: start, start + step, ... before end, as many as there are but at least one. f32 or i32.
Value arange(Graph& graph, double start, double end, double step = 1, DType dtype = DType::f32);

// torch.eye, ONNX's EyeLike: rows x columns with ones where column - row = diagonal, zeros elsewhere. f32.
Value eye(Graph& graph, std::int64_t rows, std::int64_t columns, std::int64_t diagonal = 0);

// torch.tril and triu: the last two axes of x keep what lies on and below (above) the diagonal, the rest is 0, NaN too.
// x: f32 of rank 2 and more.
Value tril(Value x, std::int64_t diagonal = 0);
Value triu(Value x, std::int64_t diagonal = 0);

// torch.nn.functional.one_hot, ONNX's OneHot: a new axis of num_classes elements, number `axis` of the result (negative
// ones count from its last), 1 where the label says and 0 elsewhere. labels: i32. Negative ones count from num_classes;
// those outside give zeros. f32.
Value one_hot(Value labels, std::int64_t num_classes, int axis = -1);

}  // namespace tuff
