#include "train/autoencoder_graphs.h"

#include <algorithm>

#include "ops/optimizer.h"
#include "ops/pointwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "passes/keep_statistics_finite.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

Value images_input(Graph& graph, const AutoencoderNetwork& network, std::int64_t batch) {
  return graph.input("images", {batch, network.channels, network.side, network.side});
}

Value noise_input(Graph& graph, std::int64_t batch, std::int64_t latent, std::uint32_t number) {
  const Value state = random_state_input(graph);
  return random_normal(state, {DType::f32, {batch, latent, 1, 1}}, number);
}

// The batch's divergence as the loss counts it, where it is neither weighted by a constant nor taken as it is.
Value annealed_loss(Graph& graph, const AutoencoderNetwork::Terms& terms, const TrainOptions& options) {
  const auto scope = graph.scope("elbo"), precise = graph.full_precision();
  Value kl = mean(terms.kl);
  if (options.free_bits > 0) {
    const Value each = mul_scalar(mean(terms.twice_kl, {0}), 0.5f);
    kl = sum(clamp_min(each, static_cast<float>(options.free_bits)));
  }
  kl = options.kl_warmup > 0 ? mul(kl, graph.input("kl_weight", Shape{}))
                             : mul_scalar(kl, static_cast<float>(options.beta));
  return add(mean(terms.reconstruction), kl);
}

// An autoencoder's step on images x, or on noisy ones.
std::unique_ptr<Graph> plain_training_graph(std::unique_ptr<Graph> graph, Value x, const AutoencoderNetwork& network,
                                            const TrainOptions& options) {
  const Value truth = options.noise == "none" ? x : graph->input("targets", x.shape());
  const Value step_state = graph->input("step_state", {kStepStateElements});
  const Value pixels = network.decode(*graph, network.encode(*graph, x, {}).mean, {});
  const auto scope = graph->scope("loss"), precise = graph->full_precision();
  const Value loss = image_loss(pixels, truth, options.loss);
  graph->output("loss", loss);
  add_update(*graph, loss, step_state, options);
  return keep_statistics_finite(*graph);
}

}  // namespace

Value classes_input(Graph& graph, const AutoencoderNetwork& network, std::int64_t batch) {
  return network.classes > 0 ? graph.input("classes", {batch, network.classes, 1, 1}) : Value{};
}

HostTensor one_hot(std::span<const std::int32_t> labels, std::int64_t batch, std::int64_t classes) {
  HostTensor result(Shape{batch, classes, 1, 1});
  for (std::size_t i = 0; i < labels.size(); ++i)
    result.floats()[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(labels[i])] = 1;
  return result;
}

std::unique_ptr<Graph> training_graph(const AutoencoderNetwork& network, const TrainOptions& options) {
  auto graph = std::make_unique<Graph>();
  const Value x = images_input(*graph, network, options.batch);
  if (!network.is_variational()) return plain_training_graph(std::move(graph), x, network, options);
  const Value noise = noise_input(*graph, options.batch, network.latent, kTrainingNoise);
  const Value classes = classes_input(*graph, network, options.batch);
  const Value step_state = graph->input("step_state", {kStepStateElements});
  const AutoencoderNetwork::Terms terms = network.terms(*graph, x, noise, classes, true);
  const bool plain = options.kl_warmup == 0 && options.free_bits == 0;
  const Value loss = plain ? mean(add(terms.reconstruction, mul_scalar(terms.kl, static_cast<float>(options.beta))))
                           : annealed_loss(*graph, terms, options);
  graph->output("loss", loss);
  add_update(*graph, loss, step_state, options);
  return keep_statistics_finite(*graph);
}

double kl_weight(const TrainOptions& options, std::int64_t step) {
  if (options.kl_warmup == 0) return options.beta;
  return options.beta * std::min(1.0, static_cast<double>(step) / static_cast<double>(options.kl_warmup));
}

std::unique_ptr<Graph> measuring_graph(const AutoencoderNetwork& network, std::int64_t batch) {
  auto graph = std::make_unique<Graph>();
  const Value x = images_input(*graph, network, batch);
  const Value noise = noise_input(*graph, batch, network.latent, kMeasureNoise);
  const auto terms = network.terms(*graph, x, noise, classes_input(*graph, network, batch), false);
  graph->output("reconstruction", terms.reconstruction);
  graph->output("kl", terms.kl);
  return graph;
}

std::unique_ptr<Graph> reconstruction_graph(const AutoencoderNetwork& network, std::int64_t batch) {
  auto graph = std::make_unique<Graph>();
  const Value x = images_input(*graph, network, batch), classes = classes_input(*graph, network, batch);
  graph->output("pixels", network.decode(*graph, network.encode(*graph, x, classes).mean, classes));
  return graph;
}

std::unique_ptr<Graph> encoding_graph(const AutoencoderNetwork& network, std::int64_t batch) {
  auto graph = std::make_unique<Graph>();
  const Value x = images_input(*graph, network, batch);
  const auto posterior = network.encode(*graph, x, classes_input(*graph, network, batch));
  graph->output("mean", posterior.mean);
  if (posterior.log_variance) graph->output("log_variance", posterior.log_variance);
  return graph;
}

std::unique_ptr<Graph> decoding_graph(const AutoencoderNetwork& network, std::int64_t batch) {
  auto graph = std::make_unique<Graph>();
  const Value z = graph->input("z", {batch, network.latent, 1, 1});
  graph->output("pixels", network.decode(*graph, z, classes_input(*graph, network, batch)));
  return graph;
}

// The latent vectors of a whole batch, however many are decoded at once: the same images in any memory.
std::unique_ptr<Graph> drawing_graph(const AutoencoderNetwork& network, std::int64_t batch) {
  auto graph = std::make_unique<Graph>();
  graph->output("z", noise_input(*graph, batch, network.latent, kGenerateNoise));
  return graph;
}

}  // namespace tuff
