// Training and use of variational autoencoders: images alone in, the evidence lower bound (ELBO) as score.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "io/image_set.h"
#include "runtime/compile.h"
#include "runtime/parameter_store.h"
#include "runtime/tuner.h"
#include "train/objective.h"
#include "train/options.h"

namespace tuff {

// What training and generating know of the network. All functions declare the same parameters.
struct AutoencoderNetwork {
  std::string name;  // "vae"
  std::int64_t channels = 1;
  std::int64_t side = 32;
  std::int64_t latent = 16;

  // In nats, one value for each image x (N, channels, side, side); noise (N, latent, 1, 1) is unit Gaussian.
  struct Terms {
    Value reconstruction;
    Value kl;
  };
  std::function<Terms(Graph&, Value x, Value noise)> terms;
  std::function<Value(Graph&, Value x)> encode;  // the posterior's mean, (N, latent, 1, 1)
  std::function<Value(Graph&, Value z)> decode;  // pixels (N, channels, side, side)
};

// Maximizes the mean ELBO, with the KL term times options.beta. Validation images: the last options.val_last ones, or
// where that is 0 options.val_fraction of all, drawn by the seed (3 at least, of fewer than 6 half). An epoch goes
// through the images once, in an order drawn by the seed, and is 100 steps at least; a last, smaller batch is left out.
// `options` must have passed validate().
std::unique_ptr<Objective> autoencoding(TrainOptions options, DataFormat format, ImageSet images,
                                        AutoencoderNetwork network);

// One step on images (batch, channels, side, side). Inputs: "images", "random_state" (ops/random.h), "step_state"
// (ops/optimizer.h). Output: "loss". Arenas: as training_graph() of train/training_graph.h.
std::unique_ptr<Graph> training_graph(const AutoencoderNetwork& network, const TrainOptions& options);

// Input "images" (batch, channels, side, side), output "pixels": the decoder's of the posterior's mean.
std::unique_ptr<Graph> reconstruction_graph(const AutoencoderNetwork& network, std::int64_t batch);

// Mean over images, in nats: the first is minus the sum of the others.
struct Elbo {
  double elbo = 0;
  double reconstruction = 0;  // -log p(x | z)
  double kl = 0;
};

// Draws samples, reconstructs and measures with a store's weights, `batch` images at once. Device and store must
// outlive it.
class Autoencoder {
 public:
  // `memory`: bytes of the device that generate() and reconstruct() may take each, the store apart; 0: any. Where that
  // is too little for a batch, fewer images go through the network at once. `tuner`: CompileOptions::tuner, which
  // must outlive it.
  Autoencoder(Device& device, ParameterStore& store, AutoencoderNetwork network, std::int64_t batch,
              std::uint64_t memory = 0, Tuner* tuner = nullptr);

  // Of these images, each with one z drawn by the seed and its place in the list.
  Elbo measure(const ImageSet& images, std::span<const std::int64_t> chosen, std::uint64_t seed);
  // Pixels of z drawn from the unit Gaussian by the seed, (C, y, x) in 0..1 where the network says so.
  std::vector<Image> generate(std::int64_t count, std::uint64_t seed);
  // Pixels of an image's posterior mean.
  std::vector<Image> reconstruct(const ImageSet& images, std::span<const std::int64_t> chosen);

 private:
  PlannedGraph fitting(const std::function<std::unique_ptr<Graph>(std::int64_t)>& build, std::uint64_t memory,
                       std::int64_t& count) const;
  HostTensor gather(const ImageSet& images, std::span<const std::int64_t> chosen, std::size_t first,
                    std::int64_t count) const;

  Device& device_;
  ParameterStore& store_;
  AutoencoderNetwork network_;
  std::int64_t batch_;
  std::uint64_t memory_;
  Tuner* tuner_;
  std::int64_t decoded_at_once_ = 0, reconstructed_at_once_ = 0;
  std::unique_ptr<Executable> measure_, draw_, generate_, reconstruct_;  // made when first wanted
};

}  // namespace tuff
