// Dropout (Srivastava et al. 2014), composed of random numbers and pointwise ops: torch's dropout, and with `channels`
// its dropout1d, dropout2d and dropout3d.
#pragma once

#include "graph/graph.h"

namespace tuff {

struct DropoutAttributes {
  float p = 0.5f;  // probability of zero, 0 to 1
  bool training = true;
  bool channels = false;  // whole channels of each sample instead of single elements
};

// In training x times 0 with probability p, else times 1 / (1 - p), in each run with other elements: by `state`, see
// ops/random.h. x itself where training is false or p is 0; then `state` may be empty. x: f32, of rank 2 or more with
// `channels`. The gradient is the upstream one times the same factors.
Value dropout(Value x, Value state, const DropoutAttributes& attributes = {});

}  // namespace tuff
