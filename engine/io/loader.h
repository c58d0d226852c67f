// Training batches, prepared by a few threads while the device computes. Batch (epoch, step) is a pure function
// of dataset, options and seed: threads, cache and restarts change nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "graph/tensor.h"
#include "io/crop.h"
#include "io/dataset.h"

namespace tuff {

struct LoaderOptions {
  std::int64_t batch = 4;
  CropSize crop;
  Augmentation augmentation;
  std::uint64_t seed = 0;
  // i32: (N, spatial...); f32: (N, 1, spatial...); nothing: none, and items need no masks.
  std::optional<DType> label_dtype = DType::i32;
  std::int64_t target_channels = 0;  // of Sample::targets that `prepare` makes; 0: no targets
  std::int64_t vectors = -1;         // CropBuffers::vectors
  std::int64_t steps_per_epoch = 0;  // 0: crops that cover the images once, 100 steps at least
  int threads = 2;                   // 0: next() does the work itself
  std::int64_t cache_bytes = 0;      // of decoded images; 0: a quarter of the free memory
  // Decodes an item of the data set, where load_sample() doesn't. Called by several threads.
  std::function<Sample(std::size_t item)> load = {};
  // Of every item of the data set: each class comes as often as the largest, its items again where they are fewer.
  // Empty: each item as often as the others.
  std::vector<std::int32_t> classes = {};
  // What else a decoded sample needs before crops are taken, its targets for example; it may throw Error. Called by
  // several threads.
  std::function<void(Sample&)> prepare = {};
  // Changes a crop, to add noise for example: a function of the key alone. Called by several threads.
  std::function<void(std::span<float> image, std::span<float> targets, const SampleKey&)> change = {};
};

struct Batch {
  std::int64_t epoch = 0;
  std::int64_t step = 0;  // within the epoch
  HostTensor images;      // f32, (N, C, y, x), of volumes (N, C, z, y, x)
  HostTensor labels;      // none where LoaderOptions::label_dtype is nothing
  HostTensor targets;     // f32, (N, target_channels, spatial...)
};

// What options.steps_per_epoch comes to for these items.
std::int64_t count_steps_per_epoch(const Dataset& dataset, const std::vector<std::size_t>& items,
                                   const LoaderOptions& options);

class Loader {
 public:
  // The dataset must outlive the loader. Error where the crop is larger than one of the items.
  Loader(const Dataset& dataset, std::vector<std::size_t> items, LoaderOptions options, std::int64_t first_epoch = 0,
         std::int64_t first_step = 0);
  ~Loader();
  Loader(Loader&&) noexcept;
  Loader& operator=(Loader&&) noexcept;

  std::int64_t steps_per_epoch() const;
  // A decoded item, from the cache where it is there. Safe beside the loader's own threads.
  std::shared_ptr<const Sample> sample(std::size_t item);
  // The next batch, in order, epoch after epoch. Throws what a worker threw for it.
  Batch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tuff
