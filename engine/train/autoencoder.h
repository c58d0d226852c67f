// Training and use of autoencoders: images alone in, or images and their classes. The score of variational ones is the
// evidence lower bound (ELBO), of plain ones how near pixels come to the images.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "io/image_labels.h"
#include "io/noise.h"
#include "runtime/compile.h"
#include "runtime/parameter_store.h"
#include "runtime/tuner.h"
#include "train/autoencoder_graphs.h"
#include "train/objective.h"
#include "train/options.h"

namespace tuff {

// Maximizes the mean ELBO, with the KL term times kl_weight(), or makes options.loss of a plain autoencoder's pixels
// small, whose images get options.noise. What is trained on and what validates say the options (io/split.h); of images
// with classes each part has its share. An epoch goes
// through the images once, in an order drawn by the seed, and is 100 steps at least; a last, smaller batch is left out.
// `options` must have passed validate(); images have labels where the network knows classes.
std::unique_ptr<Objective> autoencoding(TrainOptions options, DataFormat format, LabelledImages images,
                                        AutoencoderNetwork network);

// Mean over images, in nats: the first is minus the sum of the others.
struct Elbo {
  double elbo = 0;
  double reconstruction = 0;  // -log p(x | z)
  double kl = 0;
};

// Posteriors of N images, (N, latent) each.
struct Latents {
  HostTensor mean;          // of a plain autoencoder the code
  HostTensor log_variance;  // of a plain one empty
};

// How near pixels come to images, mean over them.
struct Fidelity {
  double psnr = 0;  // in dB
  double ssim = 0;
};

// Numbers (N, latent) as so many bits each hold them: the middle of one of 2^bits equal parts of what each number, over
// all N, lies in.
HostTensor quantized(const HostTensor& codes, int bits);

// Draws samples, encodes, decodes, reconstructs and measures with a store's weights, `batch` images at once. Device and
// store must outlive it. Images must have labels where the network knows classes.
class Autoencoder {
 public:
  // `memory`: bytes of the device that it may take, the store apart; 0: any. Where that is too little for a batch,
  // fewer images go through the network at once. `tuner`: CompileOptions::tuner, which must outlive it.
  Autoencoder(Device& device, ParameterStore& store, AutoencoderNetwork network, std::int64_t batch,
              std::uint64_t memory = 0, Tuner* tuner = nullptr);

  // From now on the network sees images with noise, drawn for each by the seed and its number.
  void add_noise(const Noise& noise, std::uint64_t seed);

  // Of codes' pixels to the images as they are, without noise.
  Fidelity fidelity(const LabelledImages& images, std::span<const std::int64_t> chosen, const HostTensor& codes);
  // Of these images, each with one z drawn by the seed, its place in the list and how many go through at once.
  Elbo measure(const LabelledImages& images, std::span<const std::int64_t> chosen, std::uint64_t seed);
  // Unit Gaussian z by the seed, (count, latent).
  HostTensor draw(std::int64_t count, std::uint64_t seed);
  // Pixels of z drawn so, (C, y, x) in 0..1 where the network says so. `classes`: one for each.
  std::vector<Image> generate(std::int64_t count, std::uint64_t seed, std::span<const std::int32_t> classes = {});
  // Pixels of an image's posterior mean.
  std::vector<Image> reconstruct(const LabelledImages& images, std::span<const std::int64_t> chosen);
  Latents encode(const LabelledImages& images, std::span<const std::int64_t> chosen);
  // Pixels of z (count, latent). Those of encode()'s means are the bits of reconstruct().
  std::vector<Image> decode(const HostTensor& z, std::span<const std::int32_t> classes = {});

 private:
  // An executable and how many images go through it at once.
  struct Ready {
    std::unique_ptr<Executable> executable;
    std::int64_t at_once = 0;
  };
  using Build = std::unique_ptr<Graph> (*)(const AutoencoderNetwork&, std::int64_t batch);

  Ready& prepared(Ready& ready, Build build);
  PlannedGraph fitting(Build build, std::uint64_t memory, std::int64_t& count) const;
  void write_images(const Ready& ready, const LabelledImages& images, std::span<const std::int64_t> chosen,
                    std::size_t first) const;

  Device& device_;
  ParameterStore& store_;
  AutoencoderNetwork network_;
  std::int64_t batch_;
  std::uint64_t memory_;
  Tuner* tuner_;
  Noise noise_;
  std::uint64_t noise_seed_ = 0;
  std::unique_ptr<Executable> draw_;  // made when first wanted, as are these
  Ready measure_, reconstruct_, encode_, decode_;
};

}  // namespace tuff
