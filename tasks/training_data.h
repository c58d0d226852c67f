// The data that a run's options name.
#pragma once

#include <string_view>
#include <vector>

#include "io/augmentation.h"
#include "io/dataset.h"
#include "train/options.h"

namespace tuff {

// How files become samples; image_channels isn't known yet.
DataFormat data_format(const TrainOptions& options);

// For dense tasks: --images with --masks, with --targets, or alone, and behind them those of --val-images. Errors as
// open_dataset().
Dataset open_training_data(const TrainOptions& options);

// --augment, with "auto" for these training images.
Augmentation augmentation_for(std::string_view list, const Dataset& dataset, const std::vector<std::size_t>& train);

// Whether all files can be read once before training, in some seconds: those of larger data are left to the loader.
bool is_quickly_read(const Dataset& dataset);

}  // namespace tuff
