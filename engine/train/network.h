// What training and prediction know of a network: how to build it, and its geometry along each spatial axis.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace tuff {

struct NetworkAxis {
  std::function<std::int64_t(std::int64_t)> output_size;  // extent of the output for one of the input; 0: doesn't fit
  // The nearest extents below (0: none) and above that fit.
  std::function<std::pair<std::int64_t, std::int64_t>(std::int64_t)> nearest_sizes;
  std::int64_t alignment = 1;  // shifts by multiples of it commute with the network
  std::int64_t margin = 0;     // pixels lost at each side; 0 for padded networks
  // Outputs this near to where an image was cut differ from those of the whole image. Padded networks: the
  // distance of the farthest input pixel that an output depends on.
  std::int64_t radius = 0;
  // That distance where it isn't the radius: of output o it is counted from input pixel o + margin. 0: the radius.
  std::int64_t reach = 0;

  // The extent itself where it fits, else the nearest one above.
  std::int64_t fitting(std::int64_t extent) const {
    return output_size(extent) > 0 ? extent : nearest_sizes(extent).second;
  }
};

struct Network {
  std::string name;  // "unet"
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;  // 1: a logit for foreground; N: one for each class
  int rank = 2;                   // 3: of volumes

  // Outputs (N, out_channels, y, x) of x (N, in_channels, Y, X); of volumes with z before y.
  std::function<Value(Graph&, Value x, bool training)> build;
  // With deep supervision: for training, outputs of coarser levels behind that, each of half the size of the one
  // before. Empty: build() alone.
  std::function<std::vector<Value>(Graph&, Value x)> build_supervised = {};

  std::vector<NetworkAxis> axes;  // z, y, x, or one that stands for all
  std::int64_t scale = 1;         // pixels of the output along each axis for one of the input (super-resolution)

  // Why an image can't be predicted in tiles ("group norm takes its statistics from the whole image");
  // empty where tiles give what the whole image would.
  std::string whole_image;

  const NetworkAxis& axis(char name_of_axis) const {  // 'z', 'y' or 'x'
    if (axes.size() == 1) return axes[0];
    const std::size_t from_last = name_of_axis == 'x' ? 1 : name_of_axis == 'y' ? 2 : 3;
    return axes.at(axes.size() - from_last);
  }
};

}  // namespace tuff
