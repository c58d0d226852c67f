// Variational autoencoder (Kingma and Welling 2014) of square images with a convolutional encoder and decoder: 4x4
// convolutions of stride 2 halve the side until it is 4, channels double from `base` on; dense layers lead to the mean
// and log-variance of a Gaussian over `latent` numbers; the decoder mirrors the encoder with transposed convolutions.
//
// Parameter names are those of a PyTorch module with the members encoder, mean, log_variance, expand, decoder:
// "encoder.0.weight", "mean.bias", "expand.weight", "decoder.2.weight" ... The dense layers are convolutions whose 4x4
// kernels cover the map (Conv2d(C, latent, 4), ConvTranspose2d(latent, C, 4)): flattened, their weights are those of
// Linear layers over the map flattened in (C, y, x) order.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace tuff {

struct VaeConfig {
  // bernoulli: the decoder gives logits of values in 0..1. gaussian: it gives means; the variance is one number,
  // learned ("log_noise").
  enum class Likelihood : std::uint8_t { bernoulli, gaussian };

  std::int64_t channels = 1;
  std::int64_t side = 32;  // 4 times a power of two, at least 8
  std::int64_t base = 32;
  std::int64_t latent = 16;
  Likelihood likelihood = Likelihood::bernoulli;

  bool operator==(const VaeConfig&) const = default;
};

// All functions declare all parameters in one order, so their graphs bind to one store. Error naming the shapes where
// the input doesn't fit the configuration.

struct VaePosterior {
  Value mean;          // (N, latent, 1, 1)
  Value log_variance;  // the same
};

// Of images x (N, channels, side, side).
VaePosterior vae_encode(Graph& graph, Value x, const VaeConfig& config);

// Logits or means (N, channels, side, side) of z (N, latent, 1, 1).
Value vae_decode(Graph& graph, Value z, const VaeConfig& config);

// What a decoder's result means as pixels: its sigmoid, or itself.
Value vae_pixels(Value decoded, const VaeConfig& config);

// In nats, one value for each image, (N). The evidence lower bound is -(reconstruction + kl).
struct VaeTerms {
  Value reconstruction;  // -log p(x | z) of one z = mean + exp(log_variance / 2) * noise
  Value kl;              // of the posterior from the unit Gaussian
};

// `noise`: (N, latent, 1, 1), unit Gaussian (ops/random.h).
VaeTerms vae_terms(Graph& graph, Value x, Value noise, const VaeConfig& config);

// Whether a net takes images of this side; and the smallest side from `side` on that it takes.
bool vae_takes(std::int64_t side);
std::int64_t vae_side_from(std::int64_t side);

}  // namespace tuff
