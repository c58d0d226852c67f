// Where the first value that is no finite number came from, in a training step whose loss or gradients have one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "graph/graph.h"
#include "runtime/compile.h"
#include "runtime/parameter_store.h"
#include "train/objective.h"
#include "vulkan/device.h"

namespace tuff {

struct NonFinite {
  enum class Where : std::uint8_t { batch, weights, forward, backward, update };
  Where where = Where::forward;
  std::string name;   // of the input, the variable or the op: "images", "encoder.0.conv1.weight", "log"
  std::string layer;  // of an op, as its parameters are named; empty where it belongs to none
  bool operator==(const NonFinite&) const = default;
};

// Computes the step's graph once more, without its updates, op by op as it was built: with this batch and what the
// store holds. Of the ops whose outputs aren't finite although their inputs are, the first in the graph's order on
// which the loss or, where that is finite, the gradients' norm depends; the batch and the weights come before all of
// them. Nothing where everything is finite this time (fused kernels round elsewhere) or where the walk back doesn't fit
// into the device's memory op by op. `options`: storage and memory are taken.
std::optional<NonFinite> find_non_finite(const Graph& step, Device& device, ParameterStore& store,
                                         std::span<const NamedTensor> batch, const CompileOptions& options = {});

// "in the forward pass log of the layer \"head\" gave the first one, from finite values".
std::string describe(const NonFinite& found);

// The layer that a node's label names, and whether the node belongs to the walk back or to the update.
std::string layer_of(const std::string& label);
NonFinite::Where phase_of(const std::string& label);

}  // namespace tuff
