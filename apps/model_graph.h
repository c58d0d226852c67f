// Graphs of a model without its data, to look at and to time: `tuff explain` and `tuff profile`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "graph/graph.h"
#include "plan/plan.h"
#include "train/checkpoint.h"

namespace tuff {

struct GraphChoice {
  bool train = false;      // a training step, else prediction, reconstruction (vae) or classification
  std::int64_t side = 0;   // of the square images; 0: as in training
  std::int64_t batch = 0;  // images at once; 0: as in training, or 1 without `train`
};

struct ModelGraph {
  std::unique_ptr<Graph> graph;
  std::string title;  // "a training step with 8 images of 256x256 pixels"
};

// Error where the network doesn't take images of that side.
ModelGraph model_graph(const Model& model, const GraphChoice& choice);

// "arena 143.1 MiB, 1.04 of the liveness bound": the scratch memory beside the most that is alive at once.
std::string describe_arena(const Plan& plan);

}  // namespace tuff
