// `tuff evaluate` of a variational autoencoder: the evidence lower bound, and how the code is used.
#pragma once

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
};

void evaluate_autoencoder(const AutoencoderEvaluation& arguments, Model model);

}  // namespace tuff
