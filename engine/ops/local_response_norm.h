// Local response normalization (Krizhevsky et al. 2012): across neighbouring channels.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct LocalResponseNormAttributes {
  std::int64_t size = 5;  // channels in a window
  float alpha = 1e-4f;
  float beta = 0.75f;
  float k = 1;
  // Windows of even size reach one channel further back, as PyTorch's, or forward, as ONNX's.
  bool forward = false;
  bool operator==(const LocalResponseNormAttributes&) const = default;
};

// torch.nn.functional.local_response_norm: x / (k + alpha mean(x^2 over the window))^beta, channels beyond the edge
// being 0. x: f32 of rank 2 or more, channels-last.
Value local_response_norm(Value x, const LocalResponseNormAttributes& attributes = {});

std::vector<Kernel> channel_window_kernels();

}  // namespace tuff
