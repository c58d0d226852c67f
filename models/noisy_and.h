// Noisy-AND pooling for multiple-instance learning (Kraus, Ba, Frey 2016): labels of whole images train a map of
// logits. A class holds for the image where more than a learned share of its pixels say so.
#pragma once

#include <string>

#include "graph/graph.h"

namespace tuff {

// Probabilities (N, C) of a map of logits (N, C, spatial...). With p the mean of the logits' sigmoids over all pixels,
//   (sigmoid(a (p - b)) - sigmoid(-a b)) / (sigmoid(a (1 - b)) - sigmoid(-a b)),
// which is 0 at p = 0 and 1 at p = 1. a: the slope, above 0; b: the threshold of each class, NAME.threshold, learned,
// which counts as 0 to 1 and starts at 1/2. Error for other shapes and slopes.
Value noisy_and(Graph& graph, Value logits, const std::string& name = "noisy_and", float slope = 10);

}  // namespace tuff
