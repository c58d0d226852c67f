#include "train/augmented_batches.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "train/training_graph.h"

namespace tuff {

Augmentation graph_augmentation(const TrainOptions& options) {
  return options.dump.empty() ? parse_augmentation(options.augment) : Augmentation{};
}

AugmentedBatches::AugmentedBatches(Device& device, const BatchLayout& layout, const TrainOptions& options,
                                   const Graph& step)
    : layout_(layout),
      augmentation_(parse_augmentation(options.augment)),
      seed_(seed_of(options)),
      draws_(has_random_state(step)) {
  if (!options.dump.empty()) augmenter_.emplace(device, layout_, augmentation_);
}

std::vector<NamedTensor> AugmentedBatches::next(Loader& loader) {
  Batch batch = loader.next();
  std::vector<NamedTensor> tensors;
  tensors.push_back({"images", std::move(batch.images)});
  if (!batch.labels.data.empty()) tensors.push_back({"labels", std::move(batch.labels)});
  if (!batch.targets.data.empty()) tensors.push_back({"targets", std::move(batch.targets)});
  const std::int64_t step = batch.epoch * loader.steps_per_epoch() + batch.step;
  const SampleKey first{seed_, batch.epoch, batch.step * layout_.batch};
  if (augmenter_)
    augmenter_->apply(tensors, first, step);
  else
    std::ranges::move(augmentation_tensors(layout_, augmentation_, first), std::back_inserter(tensors));
  if (draws_) tensors.push_back({"random_state", random_state_tensor(seed_, step)});
  return tensors;
}

}  // namespace tuff
