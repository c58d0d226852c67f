// Training batches, prepared by a few threads while the device computes. Batch (epoch, step) is a pure function
// of dataset, options and seed: threads, cache and restarts change nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "graph/tensor.h"
#include "io/augment.h"
#include "io/dataset.h"

namespace tuff {

struct LoaderOptions {
  std::int64_t batch = 4;
  CropSize crop;
  Augmentation augmentation;
  std::uint64_t seed = 0;
  DType label_dtype = DType::i32;    // i32: N, y, x; f32: N, 1, y, x
  std::int64_t steps_per_epoch = 0;  // 0: crops that cover the images once, 100 steps at least
  int threads = 2;                   // 0: next() does the work itself
  std::int64_t cache_bytes = 0;      // of decoded images; 0: a quarter of the free memory
};

struct Batch {
  std::int64_t epoch = 0;
  std::int64_t step = 0;  // within the epoch
  HostTensor images;      // f32, N, C, y, x
  HostTensor labels;
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
