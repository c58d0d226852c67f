// DeepMedic (Kamnitsas et al. 2017) in 2-D and 3-D: pathways of 3^d convolutions without padding, one at full
// resolution and others on the image averaged over blocks, whose context is so many times as wide. All pathways' maps,
// the coarse ones repeated to full resolution, are joined and go through 1^d convolutions to the classes. Each pathway
// crops its own context from one input.
//
// Parameter names: pathways.0.conv1.weight ... (pathway 0 at full resolution), classifier.conv1.weight ...,
// head.weight.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "models/layers.h"

namespace tuff {

struct DeepMedicConfig {
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 2;
  std::vector<std::int64_t> channels = {30, 30, 40, 40, 40, 40, 50, 50};  // of each pathway's convolutions
  std::vector<std::int64_t> factors = {3};            // of the coarse pathways; empty: full resolution alone
  std::vector<std::int64_t> classifier = {150, 150};  // channels of the 1^d layers before the head
  bool residual = true;  // the fourth, sixth ... convolution adds what went into the one before
  NormKind norm = NormKind::batch;
  std::int64_t groups = 8;
  ActivationKind activation = ActivationKind::prelu;
  float dropout = 0;  // rate, before the head and between the 1^d layers; the paper's 0.5
  int rank = 3;

  bool operator==(const DeepMedicConfig&) const = default;
};

// Logits (N, out_channels, h...) of the input's middle: h = deepmedic_axis(config).output_size(H). Error naming sizes
// that fit where none comes out.
Value deepmedic(Graph& graph, Value x, const DeepMedicConfig& config, bool training, Value random_state = {});

// Geometry, the same along each axis. Outputs are multiples of all factors.
AxisGeometry deepmedic_axis(const DeepMedicConfig& config);

}  // namespace tuff
