// How large what flows through a network is: of each layer's output and of each parameter the root mean square, and
// that of the loss's gradient by it. Measured now and then beside training, on one of its batches.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "runtime/compile.h"
#include "runtime/parameter_store.h"
#include "train/objective.h"
#include "vulkan/device.h"

namespace tuff {

struct LayerNorm {
  enum class Kind : std::uint8_t { layer, parameter };
  Kind kind = Kind::layer;
  std::string name;         // "encoder.0.norm1"; "encoder.0.conv1.weight"
  double rms = 0;           // of the output; of the weights
  double gradient_rms = 0;  // of the loss's gradient by it
  double zeros = 0;         // of an output behind a ReLU: the part of its elements that are 0
  bool matrix = false;      // a parameter of two axes and more: no bias, no norm's scale
  bool operator==(const LayerNorm&) const = default;
};

// Inputs of the step's graph that its loss depends on, outputs "0.squares", "0.zeros" (behind a ReLU alone) and
// "0.gradient" for the first of `layers` and so on: means over the elements. All is f32, whatever training stores.
struct LayerNormGraph {
  std::unique_ptr<Graph> graph;
  std::vector<std::string> layers;  // in the order in which they run
};

// Of a step's graph with the output "loss", whose own ops ("loss", "elbo") are no layers. Error where an op behind a
// layer has no gradient.
LayerNormGraph layer_norm_graph(const Graph& step);

// Runs it once with the store's weights and lets it go again.
std::vector<LayerNorm> measure_layers(const LayerNormGraph& layers, PlannedGraph planned, Device& device,
                                      ParameterStore& store, std::span<const NamedTensor> batch);

// From the arena "gradients", where the last step left them times `gradient_scale`.
std::vector<LayerNorm> measure_parameters(const ParameterStore& store, double gradient_scale = 1);

// What is wrong, in sentences: gradients that vanish or explode, outputs that do, layers whose ReLUs are dead. Judged
// against the median layer; see the constants in the .cpp.
std::vector<std::string> findings(std::span<const LayerNorm> norms);

}  // namespace tuff
