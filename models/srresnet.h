// SRResNet and SRGAN's discriminator (Ledig et al. 2017): super-resolution by residual blocks at the small resolution
// and pixel shuffles to the large one. SRGAN is SRResNet trained against the discriminator.
//
// Parameter names: head, head_act, blocks.0.conv1, .norm1, .act1, .conv2, .norm2 ..., trunk.conv, trunk.norm, up.0,
// .act
// ..., tail; of the discriminator layers.0.conv1 ..., dense, score, below the prefix given.
#pragma once

#include <cstdint>
#include <string>

#include "models/layers.h"

namespace tuff {

struct SrResNetConfig {
  enum class GlobalSkip : std::uint8_t { none, bilinear, bicubic };

  std::int64_t in_channels = 3;
  std::int64_t out_channels = 3;
  std::int64_t features = 64;
  std::int64_t blocks = 16;
  std::int64_t upscale = 4;  // 1 (restoration without enlargement), 2, 3, 4 or 8; 4 and 8 in steps of 2
  NormKind norm = NormKind::batch;
  std::int64_t groups = 8;
  // The input, enlarged so, is added to the output: the network learns what interpolation lacks (Kim et al. 2016,
  // "VDSR"). The last convolution's weights begin as 0 then. The paper has none. Error unless the channels are as many.
  GlobalSkip global_skip = GlobalSkip::none;
  int rank = 2;

  bool operator==(const SrResNetConfig&) const = default;
};

// (N, out_channels, upscale times the extents of x), not bounded by an activation.
Value srresnet(Graph& graph, Value x, const SrResNetConfig& config, bool training);

// Geometry, the same along each axis.
AxisGeometry srresnet_axis(const SrResNetConfig& config);

struct DiscriminatorConfig {
  std::int64_t in_channels = 3;
  std::int64_t side = 96;     // of the images, along each axis
  std::int64_t base = 64;     // channels of the first two convolutions, doubled with each following pair
  std::int64_t pairs = 4;     // of convolutions, the second of stride 2
  std::int64_t dense = 1024;  // units before the score
  NormKind norm = NormKind::batch;
  bool running = true;  // LayerOptions::running
  std::int64_t groups = 8;
  int rank = 2;

  bool operator==(const DiscriminatorConfig&) const = default;
};

// Logits (N, 1) of x (N, in_channels, side...) being a real image; else Error. Names begin with `prefix`, so that it
// can share a graph with what it judges.
Value discriminator(Graph& graph, Value x, const DiscriminatorConfig& config, bool training,
                    const std::string& prefix = "discriminator.");

}  // namespace tuff
