// Undoes max pooling with its indices (torch's max_unpool): each pooled value goes back to where its maximum was.
#pragma once

#include "graph/graph.h"
#include "ops/pool.h"
#include "plan/kernel.h"

namespace tuff {

// x: f32 (N, C, pooled...), indices: i32 of the same shape, from max_pool with these attributes on a tensor of shape
// `output`. Elements that no window chose are 0; where windows overlap, the last window in row-major order wins.
Value max_unpool(Value x, Value indices, const PoolAttributes& attributes, const Shape& output);

// values[n, c, indices[n, c, o]]: the gradient of max_unpool, and of max_pool_gradient. values (N, C, spatial...),
// indices i32 (N, C, pooled...); the result has the indices' shape.
Value gather_spatial(Value values, Value indices);

std::vector<Kernel> max_unpool_kernels();
std::vector<Kernel> gather_spatial_kernels();

}  // namespace tuff
