// What training and prediction know of a network: how to build it, and its geometry along one spatial axis.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "graph/graph.h"

namespace tuff {

struct Network {
  std::string name;  // "unet"
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;  // 1: a logit for foreground; N: one for each class

  // Logits (N, out_channels, h, w) of x (N, in_channels, H, W).
  std::function<Value(Graph&, Value x, bool training)> build;

  std::function<std::int64_t(std::int64_t)> output_size;  // h of H; 0 where H doesn't fit
  // The nearest H below (0: none) and above that fit.
  std::function<std::pair<std::int64_t, std::int64_t>(std::int64_t)> nearest_sizes;
  std::int64_t alignment = 1;  // shifts by multiples of it commute with the network
  std::int64_t margin = 0;     // pixels lost at each side; 0 for padded networks
  // Outputs this near to where an image was cut differ from those of the whole image. Padded networks: the
  // distance of the farthest input pixel that an output depends on.
  std::int64_t radius = 0;

  // Why an image can't be predicted in tiles ("group norm takes its statistics from the whole image");
  // empty where tiles give what the whole image would.
  std::string whole_image;
};

}  // namespace tuff
