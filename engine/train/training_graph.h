// What the graphs of all networks share: a training step ends with gradients and update; inference.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "io/image.h"
#include "train/network.h"
#include "train/options.h"

namespace tuff {

// Input "images" (batch, in_channels, height, width), of volumes with the depth before, output "logits".
std::unique_ptr<Graph> inference_graph(const Network& network, std::int64_t batch, const ImageSize& input);

// (N, C, y, x), of volumes (N, C, z, y, x).
Shape image_shape(const Network& network, std::int64_t batch, std::int64_t channels, const ImageSize& extents);

// The output that says how large a step's gradients are together, before they are clipped: the root of the sum of
// their squares.
inline constexpr const char* kGradientNorm = "gradient_norm";
inline constexpr const char* kSecondGradientNorm = "gradient_norm.2";  // of a second network's update

// Adds gradients of all the graph's parameters and the optimizer's update, which writes nothing where the loss or that
// norm isn't finite. With --dtype f16 the gradients are scaled (ops/loss_scale.h): the buffers kLossScaleBuffer and
// kLossScaleCountsBuffer, also the new ones as outputs of these names.
void add_update(Graph& graph, Value loss, Value step_state, const TrainOptions& options);

// The same for some parameters, which lie side by side: one of several networks that learn by losses of their own, each
// by an update. With `read_on` gives the parameters as they are after it, for what is computed in the same step; see
// UpdateOptions::updated.
std::vector<Value> add_update(Graph& graph, Value loss, Value step_state, const TrainOptions& options,
                              const std::vector<Variable>& parameters, bool read_on);

// Those whose names begin with `prefix`; with `others` all but those.
std::vector<Variable> parameters_of(const Graph& graph, std::string_view prefix, bool others = false);

// A scalar by name, of --loss: "mse", "l1" or "huber", else Error.
Value image_loss(Value image, Value truth, const std::string& name);

// The input "random_state" (ops/random.h), which is added where the graph doesn't have it yet; and whether it does.
Value random_state_input(Graph& graph);
bool has_random_state(const Graph& graph);

// What a network's dropout of that rate draws from: random_state_input() in training, empty where nothing is dropped.
Value dropout_state(Graph& graph, bool training, float rate);

// What the host writes to it.
HostTensor random_state_tensor(std::uint64_t seed, std::int64_t step);

// What the host writes to "step_state" for a step, counted from 0.
HostTensor step_state_tensor(const TrainOptions& options, double learning_rate, std::int64_t step);

}  // namespace tuff
