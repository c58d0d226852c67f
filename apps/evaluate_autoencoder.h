// `tuff evaluate` of autoencoders. Variational: the evidence lower bound, and how the code is used. Plain: how near
// images come back, and from how few bits.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "apps/latent.h"

namespace tuff {

struct AutoencoderEvaluation {
  LatentArguments model;
  ClassArguments classes;
  std::string images;
  std::string split;  // "train", "validation" or "test" of the run's own images; empty: all of `images`
  std::string json;   // file, "-" for the standard output, or empty
  std::int64_t seed = 0;
  std::int64_t bits = 8;  // of each number of a plain autoencoder's code
};

// Of a plain autoencoder: codes as they are, and with so many bits a number (quantized() of train/autoencoder.h).
struct RateAndQuality {
  Fidelity exact, coarse;
  double bits_per_pixel = 0;  // of coarse codes; pixels as the network sees them
};
RateAndQuality rate_and_quality(LatentSession& session, const LabelledImages& images,
                                std::span<const std::int64_t> chosen, std::int64_t bits, std::int64_t seed);

void evaluate_autoencoder(const AutoencoderEvaluation& arguments, Model model);

}  // namespace tuff
