// The data that a run's options name.
#pragma once

#include "io/dataset.h"
#include "train/options.h"

namespace tuff {

// How files become samples; image_channels isn't known yet.
DataFormat data_format(const TrainOptions& options);

// For dense tasks: --images with --masks, with --targets, or alone, and behind them those of --val-images. Errors as
// open_dataset().
Dataset open_training_data(const TrainOptions& options);

}  // namespace tuff
