// Generated fluorescence images of nuclei with their instance masks, to try the program where there are no data.
#pragma once

#include <cstdint>

#include "io/image.h"

namespace tuff {

struct SynthesisOptions {
  std::int64_t height = 256;
  std::int64_t width = 256;
  int nuclei = 40;        // about; each image has half to one and a half times as many
  double radius = 11;     // pixels, the mean; nuclei vary by 30 %
  double touching = 0.3;  // share of nuclei placed against another
  double photons = 120;   // of a bright nucleus; fewer is noisier
  double read_noise = 4;  // deviation, in photons
};

struct SyntheticSample {
  Image image;  // 16 bits, one channel
  Image mask;   // 16 bits, ids from 1
};

// Image number `index` of a series; a pure function of (options, seed, index).
SyntheticSample synthesize_nuclei(const SynthesisOptions& options, std::uint64_t seed, std::int64_t index);

}  // namespace tuff
