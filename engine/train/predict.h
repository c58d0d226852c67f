// Prediction of images of any size: whole where the device's memory allows, else by overlapping tiles that
// give the same result (io/tiles.h), of the size that computes least. Executables are kept by tile size, the most
// recently used ones that fit into memory together.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>

#include "io/image.h"
#include "io/tiles.h"
#include "runtime/compile.h"
#include "runtime/parameter_store.h"
#include "runtime/tuner.h"
#include "train/network.h"

namespace tuff {

struct PredictorOptions {
  std::int64_t tile = 0;        // sides of the network's input; 0: the whole image, or tiles fitted to it
  bool force_tiles = false;     // tiles even where they change the result (group and instance norm)
  std::size_t executables = 4;  // kept at most
  DType storage = DType::f32;   // of activations: CompileOptions::storage
  // Bytes that they may take together, which decides the size of tiles; 0: half of the free memory, on a CPU a quarter.
  std::uint64_t memory = 0;
  Tuner* tuner = nullptr;  // CompileOptions::tuner; must outlive the predictor
};

class Predictor {
 public:
  // Uses the store's parameters as they are at each call. Device and store must outlive it.
  Predictor(Device& device, ParameterStore& store, Network network, const PredictorOptions& options = {});

  // Outputs (out_channels, Y, X) of a normalized image with one plane and the network's channels; of a volume
  // (out_channels, Z, Y, X); the network's scale times as large. Error where tiles are needed but would change the
  // result, or where no tile fits the device. `tile_done` (may be empty) is called after each tile with (done, all).
  Image predict(const Image& image, const std::function<void(std::size_t, std::size_t)>& tile_done = {});

  // The same for images that `next` gives, until it gives null: the host takes one tile's logits while the device works
  // on the following one, of the same image or the next. `done` is called with each image and its logits, in order, and
  // for those before it when an image has an error.
  void predict_each(const std::function<std::shared_ptr<const Image>()>& next,
                    const std::function<void(std::shared_ptr<const Image> image, Image logits)>& done,
                    const std::function<void(std::size_t, std::size_t)>& tile_done = {});

  // How predict() would cut an image of this size.
  Tiling tiling(const ImageSize& image);

 private:
  struct Cached {
    ImageSize tile;
    std::unique_ptr<Executable> executable;
  };

  struct Work {  // an image under way
    std::shared_ptr<const Image> image;
    Tiling tiling;
    Image logits;
    std::size_t finished = 0;  // tiles
  };
  Work begin(std::shared_ptr<const Image> image);
  Executable& executable(const ImageSize& tile);
  const std::optional<std::uint64_t>& bytes_needed(const ImageSize& tile);
  bool fits(const ImageSize& tile);
  void make_room(std::uint64_t bytes);
  std::uint64_t used() const;
  Tiling cut(const ImageSize& image, std::int64_t side) const;
  Tiling fitted(const ImageSize& image);
  std::int64_t next_size(char axis, std::int64_t extent) const;
  std::int64_t largest_side(const ImageSize& image);
  std::int64_t most_pixels(const ImageSize& image, std::int64_t side);
  void check(const ImageSize& image, const Tiling& tiling);

  Device& device_;
  ParameterStore& store_;
  Network network_;
  PredictorOptions options_;
  std::list<Cached> cache_;  // most recently used first
  std::map<ImageSize, std::optional<std::uint64_t>> bytes_needed_;
  std::uint64_t budget_ = 0;
};

// Device memory in bytes that inference on inputs of this size takes at least beside the parameters, nothing being
// computed once for all runs (LowerOptions::setup); nothing where a tensor exceeds what the device can allocate.
std::optional<std::uint64_t> inference_bytes(const Network& network, const DeviceCaps& caps, const ImageSize& input,
                                             DType storage = DType::f32);

// The least that prediction of an image of this size takes: in tiles of that side, 0: in the smallest tiles, or as a
// whole where the network needs it so.
std::uint64_t least_prediction_bytes(const Network& network, const DeviceCaps& caps, const ImageSize& image,
                                     std::int64_t tile = 0);

}  // namespace tuff
