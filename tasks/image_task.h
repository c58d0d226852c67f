// Networks that predict images from images: in-silico labeling (Christiansen et al. 2018), denoising, and
// noise-to-noise (Lehtinen et al. 2018), judged by PSNR, structural similarity and correlation.
#pragma once

#include <memory>

#include "tasks/dense_task.h"

namespace tuff {

// Images of format.target_channels channels, each a value a pixel or, with options.bins, the mean of the probabilities
// of so many equal parts of 0..1.
std::unique_ptr<DenseTask> labeling_task(const TrainOptions& options, const DataFormat& format);

// Images of the same channels without their noise: options.noise is added to those given, which are clean then; without
// it a data set's targets are. With options.noisy_targets these have noise of their own.
std::unique_ptr<DenseTask> denoising_task(const TrainOptions& options, const DataFormat& format);

}  // namespace tuff
