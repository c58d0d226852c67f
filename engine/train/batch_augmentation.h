// The part of augmentation that runs on the device, as nodes before a network or as a graph of its own: one geometry
// for images, labels and targets, then changes of intensity in the images alone. What each sample drew
// (io/augmentation.h) comes from the host as small inputs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "io/augmentation.h"
#include "io/crop.h"
#include "runtime/executable.h"
#include "train/objective.h"
#include "vulkan/device.h"

namespace tuff {

// What a batch holds, before and after.
struct BatchLayout {
  int rank = 2;  // spatial axes, 2 or 3
  std::int64_t batch = 1;
  std::int64_t channels = 1;
  CropSize crop;                     // its margin: what the host gives beyond the crop; mirrored beyond that
  std::optional<DType> labels = {};  // i32: (N, spatial...), f32: (N, 1, spatial...)
  std::int64_t target_channels = 0;  // of (N, target_channels, spatial...)
  bool nearest_targets = false;      // warped as labels are, by the nearest pixel, else linearly
  std::int64_t vectors = -1;         // CropBuffers::vectors: these are turned, too, and keep their lengths
  bool turns = false;                // flips and quarter turns, too: where no crop has them
};

// Those that the layout leaves out are empty.
struct BatchValues {
  Value images, labels, targets;
};

// Adds the inputs "images", "labels" and "targets" and what makes of them what a network sees: the inputs themselves
// where nothing is to be done. Further inputs: those of augmentation_tensors(), and with noise random_state_input().
BatchValues augmented_inputs(Graph& graph, const BatchLayout& layout, const Augmentation& augmentation);

// What the host writes for the batch whose first sample has this key.
std::vector<NamedTensor> augmentation_tensors(const BatchLayout& layout, const Augmentation& augmentation,
                                              const SampleKey& first);

// The same on its own, for who wants to see what a network sees.
class BatchAugmenter {
 public:
  // The device must outlive it.
  BatchAugmenter(Device& device, const BatchLayout& layout, const Augmentation& augmentation);

  // "images", "labels" and "targets" as a loader gave them, in place. `step`: of the whole run, for noise.
  void apply(std::vector<NamedTensor>& batch, const SampleKey& first, std::int64_t step);

 private:
  BatchLayout layout_;
  Augmentation augmentation_;
  std::vector<std::string> changed_;  // names of what the graph gives
  bool draws_ = false;
  std::unique_ptr<Executable> executable_;  // none where nothing is to be done
};

}  // namespace tuff
