// Batch, group and instance normalization: one op `normalize`, which takes its statistics from x itself, and its
// gradient. Statistics are exact to f32: moments of blocks, combined pairwise (Chan et al. 1983), never
// E[x^2] - E[x]^2. With stored statistics (inference) batch norm is a scale and a shift of ordinary pointwise ops,
// which fuse into the convolution before it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// What follows the normalization in the same kernel.
enum class NormalizeActivation : std::uint8_t { none, relu };

struct BatchNormAttributes {
  float eps = 1e-5f;
  float momentum = 0.1f;  // running = (1 - momentum) * running + momentum * batch's
  bool training = false;  // normalize by the batch's statistics and update the running ones
  NormalizeActivation activation = NormalizeActivation::none;
  bool operator==(const BatchNormAttributes&) const = default;
};

struct BatchNorm {
  Value output;
  Value mean;      // (C): the batch's in training, else the running one
  Value variance;  // (C), biased in training: divided by N * spatial
};

// x: f32 (N, C, spatial...); weight, bias, running_mean, running_var: (C). weight and bias may both be empty. In
// training the running statistics are written by assign nodes (PyTorch's rule: unbiased variance); both may be empty
// then. Error in training with a single value per channel.
BatchNorm batch_norm(Value x, Value weight, Value bias, Value running_mean, Value running_var,
                     const BatchNormAttributes& attributes = {});

// Statistics per sample over groups of channels / groups channels each. weight and bias: (C), or both empty.
Value group_norm(Value x, std::int64_t groups, Value weight, Value bias, float eps = 1e-5f,
                 NormalizeActivation activation = NormalizeActivation::none);

// Statistics per sample and channel.
Value instance_norm(Value x, Value weight = {}, Value bias = {}, float eps = 1e-5f,
                    NormalizeActivation activation = NormalizeActivation::none);

// The op underneath: statistics over the whole batch per channel (groups = 0), or per sample and group.
struct NormalizeAttributes {
  std::int64_t groups = 0;
  float eps = 1e-5f;
  bool affine = false;  // has weight and bias
  NormalizeActivation activation = NormalizeActivation::none;
  bool running = false;  // groups = 0: also gives the new running statistics
  float momentum = 0.1f;
  bool finite_running = false;  // a channel's running statistics stay as they are where its new ones aren't finite
  bool operator==(const NormalizeAttributes&) const = default;
};

struct Normalized {
  Value output;
  Value mean;      // (C), or (N, groups)
  Value variance;  // the same, biased
  // Empty without running statistics, which the op doesn't write itself: (1 - momentum) running + momentum batch's.
  Value running_mean;
  Value running_var;  // unbiased
};

// weight and bias: (C), or both empty; running_mean and running_var: (C), with groups = 0, or both empty. `affine` and
// `running` of the attributes follow from them.
Normalized normalize(Value x, Value weight, Value bias, const NormalizeAttributes& attributes, Value running_mean = {},
                     Value running_var = {});

// The output of normalize() once more, from the statistics that it gave, bit for bit: what checkpointing computes
// again. `attributes`, weight and bias as given there. No gradient.
Value normalize_apply(Value x, Value mean, Value variance, Value weight, Value bias,
                      const NormalizeAttributes& attributes);

// The same op with finite_running, for activations that may overflow; null where it has no running statistics.
std::shared_ptr<const Op> with_finite_running(const Op& op);

std::vector<Kernel> normalize_kernels();
std::vector<Kernel> normalize_apply_kernels();
std::vector<Kernel> normalize_gradient_kernels();

}  // namespace tuff
