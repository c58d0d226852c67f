// SRGAN (Ledig et al. 2017): a generator of images and a discriminator that tells them from true ones, learning in
// turn, and contents of images compared by the features of any ONNX network.
//
// Both updates are one step. First the discriminator learns from true images and those that the generator makes, then
// the generator from what the discriminator, as it is after its update, says of the same images.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "onnx/model.h"
#include "train/options.h"

namespace tuff {

// What of two images is to be equal.
class ImageContent {
 public:
  // Reads options.content_network, where there is one. Error where it can't be of use to images of these channels.
  ImageContent(const TrainOptions& options, std::int64_t channels);

  // Mean squared difference of features, times options.content_weight; without a network options.loss of the pixels.
  // Grey images are given to networks of three channels as three equal ones.
  Value loss(Graph& graph, Value image, Value truth) const;

 private:
  Value as_input(Value image) const;

  TrainOptions options_;
  std::shared_ptr<const onnx::Model> network_;
};

// "discriminator_loss", "content_loss" and "adversarial_loss" (add_adversarial_step() gives outputs of these names).
std::vector<std::string> adversarial_parts();

// Adds the step of a generator whose parameters are all that the graph has so far. `image`: what it makes of the batch,
// a square of the size of `truth`; `content`: the loss of `image` without the discriminator. Output "loss": content +
// options.adversarial * the discriminator's cross entropy of `image` being true.
void add_adversarial_step(Graph& graph, Value image, Value truth, Value content, Value step_state,
                          const TrainOptions& options);

}  // namespace tuff
