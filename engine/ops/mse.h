// Mean squared error (torch's mse_loss), composed of pointwise ops and a mean.
#pragma once

#include "graph/graph.h"

namespace tuff {

// Mean of (x - target)^2 over all elements; a scalar. Shapes are equal.
Value mse(Value x, Value target);

}  // namespace tuff
