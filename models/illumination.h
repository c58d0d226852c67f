// A physical layer for designed illumination: how bright each of L lamps shines in each of K exposures, learned
// together with the network that reads them (Horstmeyer et al. 2017, Diederich et al. 2018). The training data are
// stacks of one image per lamp; as light adds up, an exposure is their weighted sum. After training, the weights are
// what the microscope is set to, and the network sees K images instead of L.
#pragma once

#include <cstdint>
#include <string>

#include "graph/graph.h"

namespace tuff {

struct IlluminationConfig {
  std::int64_t lamps = 1;     // L, channels of the input
  std::int64_t patterns = 1;  // K, channels of the result
  bool unit_sum = true;  // each pattern's weights sum to 1: all exposures are as bright, and networks see one range
  bool uniform = false;  // all lamps equally bright in each pattern, nothing to learn: what others are compared with
  int rank = 2;

  bool operator==(const IlluminationConfig&) const = default;
};

// (K, L), none negative: softplus of the parameter NAME.weight, divided by their sum where unit_sum says so. Softplus
// rather than a square or a bound at 0: its gradient vanishes nowhere, so that a lamp that is nearly off can come back.
// Patterns start different and even in the mean. With `uniform` all are equal and there is no parameter.
Value illumination_weights(Graph& graph, const IlluminationConfig& config, const std::string& name = "illumination");

// (N, K, spatial...) of x (N, L, spatial...), else Error.
Value illumination(Graph& graph, Value x, const IlluminationConfig& config, const std::string& name = "illumination");

}  // namespace tuff
