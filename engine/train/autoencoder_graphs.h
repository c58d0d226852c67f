// The graphs of autoencoders, variational and plain: a training step, and what is computed with trained weights.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "graph/graph.h"
#include "train/options.h"

namespace tuff {

// What training and generating know of the network. All functions declare the same parameters. `classes`: one-hot,
// (N, classes, 1, 1), empty where the network is unconditional.
struct AutoencoderNetwork {
  std::string name;  // "vae", "autoencoder"
  std::int64_t channels = 1;
  std::int64_t side = 32;
  std::int64_t latent = 16;
  std::int64_t classes = 0;  // 0: unconditional

  // Variational, empty otherwise. In nats, one value for each image x (N, channels, side, side); noise (N, latent, 1,
  // 1) is unit Gaussian.
  struct Terms {
    Value reconstruction;
    Value kl;
    Value twice_kl;  // of each latent number, (N, latent, 1, 1)
  };
  struct Posterior {     // (N, latent, 1, 1)
    Value mean;          // of a plain autoencoder the code itself
    Value log_variance;  // of a plain one empty
  };
  std::function<Terms(Graph&, Value x, Value noise, Value classes, bool training)> terms;
  std::function<Posterior(Graph&, Value x, Value classes)> encode;
  std::function<Value(Graph&, Value z, Value classes)> decode;  // pixels (N, channels, side, side)

  bool is_variational() const { return static_cast<bool>(terms); }
};

// Numbers of the ops that draw: no two uses of a seed see the same noise.
inline constexpr std::uint32_t kTrainingNoise = 0, kMeasureNoise = 1, kGenerateNoise = 2;

// The input "classes" of a graph, empty where the network is unconditional; all graphs below that take images or z have
// it. What the host writes there for a batch: zeros from the last label on.
Value classes_input(Graph& graph, const AutoencoderNetwork& network, std::int64_t batch);
HostTensor one_hot(std::span<const std::int32_t> labels, std::int64_t batch, std::int64_t classes);

// One step on images (batch, channels, side, side). Inputs: "images", "random_state" (ops/random.h), "step_state"
// (ops/optimizer.h), and "kl_weight", a scalar, where options.kl_warmup isn't 0. Output: "loss", the mean of
// reconstruction + weight * KL, where with options.free_bits no latent number counts for less than those nats of the
// batch's mean KL (Kingma et al. 2016). A plain autoencoder has neither noise nor "random_state", but options.loss
// between pixels and images, or with options.noise between pixels and the input "targets". Arenas: as training_graph()
// of train/training_graph.h.
std::unique_ptr<Graph> training_graph(const AutoencoderNetwork& network, const TrainOptions& options);

// options.beta, in the first options.kl_warmup steps risen to from 0; `step` counts from 0.
double kl_weight(const TrainOptions& options, std::int64_t step);

// Inputs "images" and "random_state", outputs "reconstruction" and "kl" of each.
std::unique_ptr<Graph> measuring_graph(const AutoencoderNetwork& network, std::int64_t batch);

// Input "images" (batch, channels, side, side), output "pixels": the decoder's of the posterior's mean.
std::unique_ptr<Graph> reconstruction_graph(const AutoencoderNetwork& network, std::int64_t batch);

// Input "images", outputs "mean" and, variational, "log_variance" (batch, latent, 1, 1).
std::unique_ptr<Graph> encoding_graph(const AutoencoderNetwork& network, std::int64_t batch);

// Input "z" (batch, latent, 1, 1), output "pixels".
std::unique_ptr<Graph> decoding_graph(const AutoencoderNetwork& network, std::int64_t batch);

// Input "random_state", output "z".
std::unique_ptr<Graph> drawing_graph(const AutoencoderNetwork& network, std::int64_t batch);

}  // namespace tuff
