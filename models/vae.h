// Variational autoencoder (Kingma and Welling 2014) of square images with a convolutional encoder and decoder: 4x4
// convolutions of stride 2 halve the side until it is 4, channels double from `base` on; dense layers lead to the mean
// and log-variance of a Gaussian over `latent` numbers; the decoder mirrors the encoder with transposed convolutions.
//
// Parameter names are those of a PyTorch module with the members encoder, mean, log_variance, expand, decoder:
// "encoder.0.weight", "mean.bias", "expand.weight", "decoder.2.weight" ... The dense layers are convolutions whose 4x4
// kernels cover the map (Conv2d(C, latent, 4), ConvTranspose2d(latent, C, 4)): flattened, their weights are those of
// Linear layers over the map flattened in (C, y, x) order.
//
// With block = residual the convolutions between are residual blocks (He et al. 2016, pre-activation: norm, ReLU, 3x3
// convolution, twice, beside a 1x1 convolution where channels or side change): the encoder's halve the side by the
// stride of their first convolution, the decoder's double it by repeating pixels before it. 3x3 convolutions lead from
// the image and back to it. With norms, convolutions that lead to them have no bias. Names: "encoder.stem.weight",
// "encoder.blocks.0.conv1.weight", "decoder.blocks.1.shortcut.weight", "encoder.norm.weight", "decoder.head.bias" ...
//
// With classes the net is conditional (Sohn et al. 2015): `expand` takes z and the one-hot class side by side, and a
// 1x1 convolution of the class without bias ("embedding") adds to what enters the encoder's last ReLU. Planes of ones
// and zeros beside the image, the other usual way, would take more memory than the image where there are many classes,
// and norms would take most of them off again.
#pragma once

#include <cstdint>

#include "graph/graph.h"
#include "models/layers.h"

namespace tuff {

struct VaeConfig {
  // bernoulli: the decoder gives logits of values in 0..1. gaussian: it gives means; the variance is one number,
  // learned ("log_noise").
  enum class Likelihood : std::uint8_t { bernoulli, gaussian };
  enum class Block : std::uint8_t { plain, residual };

  std::int64_t channels = 1;
  std::int64_t side = 32;  // 4 times a power of two, at least 8
  std::int64_t base = 32;
  std::int64_t latent = 16;
  Likelihood likelihood = Likelihood::bernoulli;
  Block block = Block::plain;
  NormKind norm = NormKind::none;  // residual blocks alone have norms
  std::int64_t groups = 8;         // of group norm; a level with C channels has gcd(groups, C)
  std::int64_t classes = 0;        // 0: unconditional

  bool operator==(const VaeConfig&) const = default;
};

// All functions declare all parameters in one order, so their graphs bind to one store. Error naming the shapes where
// the input doesn't fit the configuration.

// What they take beside it.
struct VaeContext {
  Value classes = {};     // (N, classes, 1, 1), one-hot; empty for an unconditional net
  bool training = false;  // batch norm uses the batch's statistics and updates its running ones
};

struct VaePosterior {
  Value mean;          // (N, latent, 1, 1)
  Value log_variance;  // the same
};

// Of images x (N, channels, side, side).
VaePosterior vae_encode(Graph& graph, Value x, const VaeConfig& config, const VaeContext& context = {});

// Logits or means (N, channels, side, side) of z (N, latent, 1, 1).
Value vae_decode(Graph& graph, Value z, const VaeConfig& config, const VaeContext& context = {});

// What a decoder's result means as pixels: its sigmoid, or itself.
Value vae_pixels(Value decoded, const VaeConfig& config);

// In nats, one value for each image, (N). The evidence lower bound is -(reconstruction + kl).
struct VaeTerms {
  Value reconstruction;  // -log p(x | z) of one z = mean + exp(log_variance / 2) * noise
  Value kl;              // of the posterior from the unit Gaussian
  Value twice_kl;        // of each latent number, (N, latent, 1, 1): kl is half its sum
};

// `noise`: (N, latent, 1, 1), unit Gaussian (ops/random.h).
VaeTerms vae_terms(Graph& graph, Value x, Value noise, const VaeConfig& config, const VaeContext& context = {});

// Whether a net takes images of this side; and the smallest side from `side` on that it takes.
bool vae_takes(std::int64_t side);
std::int64_t vae_side_from(std::int64_t side);

}  // namespace tuff
