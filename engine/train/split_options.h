// How a run's options say which images are trained on, validated on and tested on.
#pragma once

#include "io/image_labels.h"
#include "io/labelled_dataset.h"
#include "io/split.h"
#include "train/options.h"

namespace tuff {

SplitOptions split_options(const TrainOptions& options);

// Of an image set by them.
Split split_of(const LabelledImages& images, const TrainOptions& options);
Split split_of(const LabelledDataset& images, const TrainOptions& options);

// Error where options contradict each other, or something waits for a validation that there isn't.
void validate_split(const TrainOptions& options);

// Whether any image is held back to choose the best model by.
bool has_validation(const TrainOptions& options);

}  // namespace tuff
