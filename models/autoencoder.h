// Autoencoder with a bottleneck: 4x4 convolutions of stride 2 halve the image, channels double from `base` on, a last
// layer leads to the code; the decoder mirrors them with transposed convolutions. The code is `latent` numbers an image
// (images are square, halved until their side is 4), or a map of `latent` channels, which takes images of any extents
// that `halvings` divide.
//
// Parameter names are those of a PyTorch module with the members encoder, code, expand, decoder: "encoder.0.weight",
// "code.bias", "expand.weight", "decoder.1.weight". Weights start as PyTorch's do: He's, several times as large in the
// decoder, begin with far too certain pixels (models/vae.cpp).
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace tuff {

struct AutoencoderConfig {
  enum class Bottleneck : std::uint8_t { numbers, channels };

  std::int64_t channels = 1;
  std::int64_t side = 32;  // numbers: 4 times a power of two, at least 8
  std::int64_t base = 32;
  std::int64_t latent = 16;
  Bottleneck bottleneck = Bottleneck::numbers;
  std::int64_t halvings = 3;  // channels
  int rank = 2;

  bool operator==(const AutoencoderConfig&) const = default;
};

// All functions declare all parameters in one order, so their graphs bind to one store. Error naming the shapes where
// the input doesn't fit the configuration.

// (N, latent, 1...), or (N, latent, spatial / 2^halvings), of images x (N, channels, spatial...).
Value autoencoder_encode(Graph& graph, Value x, const AutoencoderConfig& config);
// (N, channels, spatial...) of a code z, without a bound: means, or logits where the loss takes such.
Value autoencoder_decode(Graph& graph, Value z, const AutoencoderConfig& config);
// The one after the other.
Value autoencoder(Graph& graph, Value x, const AutoencoderConfig& config);

// Extents that the net takes are multiples of it; with a bottleneck of numbers only `side` is.
std::int64_t autoencoder_alignment(const AutoencoderConfig& config);

}  // namespace tuff
