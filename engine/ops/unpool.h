// Undoes max pooling with its indices (torch's max_unpool): each pooled value goes back to where its maximum was.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "ops/pool.h"
#include "plan/kernel.h"

namespace tuff {

// x: f32 (N, C, pooled...), indices: i32 of the same shape, from max_pool with these attributes on a tensor of shape
// `output`. Elements that no window chose are 0; where windows overlap, the last window in row-major order wins.
Value max_unpool(Value x, Value indices, const PoolAttributes& attributes, const Shape& output);

// The same to the extents that torch chooses where none are given: (in - 1) stride - padding - padding_end + kernel.
Value max_unpool(Value x, Value indices, const PoolAttributes& attributes);

// Each pixel at the first corner of a block of `factor` pixels (one per spatial axis or one for all), zeros elsewhere.
// (Nearest unpooling, the pixel all over its block, is resize() by an integer scale.)
Value bed_of_nails(Value x, const std::vector<std::int64_t>& factor = {2});

// Indices of max_pool on a tensor with these spatial extents, counted over that whole (N, C, spatial...) tensor, as
// ONNX's MaxPool gives them; column_major: with the first spatial axis fastest (storage_order 1). Below 2^31 elements.
Value whole_tensor_indices(Value indices, const std::vector<std::int64_t>& spatial, bool column_major = false);
// And back, from row-major ones, as max_unpool takes them.
Value plane_indices(Value indices, const std::vector<std::int64_t>& spatial);

// values[n, c, indices[n, c, o]]: the gradient of max_unpool, and of max_pool_gradient. values (N, C, spatial...),
// indices i32 (N, C, pooled...); the result has the indices' shape, and 0 where an index lies outside.
Value gather_spatial(Value values, Value indices);

std::vector<Kernel> max_unpool_kernels();
std::vector<Kernel> reindex_kernels();
std::vector<Kernel> gather_spatial_kernels();

}  // namespace tuff
