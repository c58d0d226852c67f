#include "tasks/adversarial.h"

#include <fmt/format.h>

#include "base/error.h"
#include "models/srresnet.h"
#include "onnx/frozen.h"
#include "ops/bce_with_logits.h"
#include "ops/concat.h"
#include "ops/elementwise_loss.h"
#include "ops/fill.h"
#include "ops/pointwise.h"
#include "tasks/image_task.h"
#include "train/checkpoint.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

// Cross entropy of what the discriminator says of images that are all true (1) or all made (0).
Value verdict_loss(Value logits, float truth) {
  return bce_with_logits(logits, full(logits.graph(), logits.type(), truth));
}

Value channel_constant(Graph& graph, std::vector<float> values) {
  return graph.constant(HostTensor::from_floats({1, 3, 1, 1}, values));
}

}  // namespace

ImageContent::ImageContent(const TrainOptions& options, std::int64_t channels) : options_(options) {
  if (options.content_network.empty()) return;
  network_ = std::make_shared<const onnx::Model>(
      onnx::up_to(onnx::read_model(options.content_network), options.content_output));
  const std::int64_t wanted = onnx::image_channels(*network_);
  const std::int64_t given = channels == 1 && wanted == 3 ? 3 : channels;
  if (wanted != 0 && wanted != given)
    throw Error(fmt::format("--content-network {}: takes {} channels, the images have {}", options.content_network,
                            wanted, channels));
  if (options.content_normalize == "imagenet" && given != 3)
    throw Error("--content-normalize imagenet: is for networks of three channels");
}

Value ImageContent::as_input(Value image) const {
  Graph& graph = image.graph();
  if (image.shape()[1] == 1 && onnx::image_channels(*network_) == 3) image = concat({image, image, image});
  if (options_.content_normalize == "none") return image;
  const Value mean = channel_constant(graph, {0.485f, 0.456f, 0.406f});
  return div(sub(image, mean), channel_constant(graph, {0.229f, 0.224f, 0.225f}));
}

Value ImageContent::loss(Graph& graph, Value image, Value truth) const {
  const auto scope = graph.scope("content"), precise = graph.full_precision();
  if (!network_) return image_loss(image, truth, options_.loss);
  const std::vector<Value> inputs = {as_input(image), as_input(truth)};
  const std::vector<Value> features = onnx::add_frozen(graph, *network_, inputs);
  return mul_scalar(mse_loss(features[0], features[1]), static_cast<float>(options_.content_weight));
}

std::vector<std::string> adversarial_parts() {
  return {"discriminator_loss", "content_loss", "adversarial_loss"};
}

void add_adversarial_step(Graph& graph, Value image, Value truth, Value content, Value step_state,
                          const TrainOptions& options) {
  const DiscriminatorConfig config{.in_channels = image.shape()[1],
                                   .side = image.shape()[2],
                                   .base = options.discriminator_base,
                                   .dense = 16 * options.discriminator_base,
                                   .running = false};
  const auto judge = [&](Value images) { return discriminator(graph, images, config, true, kDiscriminatorPrefix); };
  const Value on_true = verdict_loss(judge(truth), 1), on_made = verdict_loss(judge(image), 0);
  const Value discriminator_loss = add(on_true, on_made);
  const std::vector<Variable> judging = parameters_of(graph, kDiscriminatorPrefix);
  const std::vector<Value> updated = add_update(graph, discriminator_loss, step_state, options, judging, true);
  for (std::size_t i = 0; i < judging.size(); ++i) graph.redirect(judging[i].name, updated[i]);
  const Value adversarial = verdict_loss(judge(image), 1);
  const Value loss = add(content, mul_scalar(adversarial, static_cast<float>(options.adversarial)));
  graph.output("loss", loss);
  graph.output("discriminator_loss", discriminator_loss);
  graph.output("content_loss", content);
  graph.output("adversarial_loss", adversarial);
  add_update(graph, loss, step_state, options, parameters_of(graph, kDiscriminatorPrefix, true), false);
}

}  // namespace tuff
