// The graphs of a network: one training step (forward, loss, gradients, update), and inference.
#pragma once

#include <memory>

#include "graph/graph.h"
#include "train/network.h"
#include "train/options.h"

namespace tuff {

// One step on a batch of square crops. Inputs: "images" (batch, in_channels, crop, crop), "labels" (f32
// (batch, 1, h, h) for one output channel, i32 (batch, h, h) for classes), "step_state" (ops/optimizer.h).
// Output: "loss". Arenas: "parameters", "gradients", the optimizer's moments. Error where the crop doesn't
// fit the network. With --dtype f16 also loss scaling, see add_update().
std::unique_ptr<Graph> training_graph(const Network& network, const TrainOptions& options);

// Input "images" (batch, in_channels, height, width), output "logits".
std::unique_ptr<Graph> inference_graph(const Network& network, std::int64_t batch, std::int64_t height,
                                       std::int64_t width);

// The loss that options.loss names, a scalar; options must have passed validate().
Value training_loss(Value logits, Value labels, const TrainOptions& options);

// Adds gradients of all the graph's parameters and the optimizer's update. With --dtype f16 the gradients are scaled
// and steps in which the loss or a gradient isn't finite left out (ops/loss_scale.h): the buffers kLossScaleBuffer and
// kLossScaleCountsBuffer, also the new ones as outputs of these names.
void add_update(Graph& graph, Value loss, Value step_state, const TrainOptions& options);

// What the host writes to "step_state" for a step, counted from 0.
HostTensor step_state_tensor(const TrainOptions& options, double learning_rate, std::int64_t step);

// Error naming the option and the nearest sizes where the crop doesn't fit the network.
void check_crop(const Network& network, const TrainOptions& options);

}  // namespace tuff
