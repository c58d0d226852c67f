// How costs grow: tiled prediction with the image, a training step with the batch: `tuff bench growth`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tuff::bench {

struct GrowthArguments {
  std::int64_t base = 8;   // channels of the U-Net
  std::int64_t depth = 3;  // its halvings
  std::int64_t tile = 0;   // side of the tiles; 0: fitted to each image
  std::string memory;      // that prediction may take beside the weights; "": what a tile of 512x512 takes
  std::vector<std::int64_t> sizes = {1024, 2048, 4096};  // sides of images that are predicted in tiles
  std::vector<std::int64_t> batches = {1, 2, 4, 8};      // of a training step with crops of 128x128
  std::string device;
  std::string json;
};

// Prints the times. Error where the network takes no such tile.
void run_growth(const GrowthArguments& arguments);

}  // namespace tuff::bench
