// A run of training on images and masks, as `tuff train unet` makes it of its options.
#pragma once

#include <utility>

#include "io/dataset.h"
#include "tasks/networks.h"
#include "tasks/segmentation.h"
#include "train/options.h"
#include "train/trainer.h"

namespace tuff::test {

// `options` needn't be validated yet; the run's folder is options.out.
inline TrainingTask segmentation_task(TrainOptions options) {
  if (options.augment == "auto") options.augment = "flip,rot90";  // tests are about what else there is
  validate(options);
  TrainingTask task;
  task.options = options;
  Dataset dataset = open_dataset(options.images, options.masks, {});
  Network network = make_network(options, dataset.format.image_channels);
  task.objective = segmentation(options, std::move(dataset), std::move(network));
  task.run = options.out;
  return task;
}

}  // namespace tuff::test
