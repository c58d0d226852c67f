// A loader's batches as inputs of a training step: further inputs say how the graph changes them (batch_augmentation.h)
// and what it draws from. With --dump they are changed before, so that what is written is what the network sees.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "io/augmentation.h"
#include "io/loader.h"
#include "train/batch_augmentation.h"
#include "train/objective.h"
#include "train/options.h"
#include "vulkan/device.h"

namespace tuff {

// What the graph of a step does to its batches: options.augment, with --dump nothing.
Augmentation graph_augmentation(const TrainOptions& options);

class AugmentedBatches {
 public:
  // `layout`: with the margin of options.augment. The device must outlive it.
  AugmentedBatches(Device& device, const BatchLayout& layout, const TrainOptions& options, const Graph& step);

  // The loader's next batch.
  std::vector<NamedTensor> next(Loader& loader);

 private:
  BatchLayout layout_;
  Augmentation augmentation_;
  std::uint64_t seed_;
  bool draws_;
  std::optional<BatchAugmenter> augmenter_;  // with --dump
};

}  // namespace tuff
