// Networks that predict images from images: in-silico labeling (Christiansen et al. 2018), denoising, and
// noise-to-noise (Lehtinen et al. 2018), judged by PSNR, structural similarity and correlation.
#pragma once

#include <memory>

#include "tasks/dense_task.h"

namespace tuff {

// What these tasks share: a network that gives images of so many channels, and options.loss against the targets.
class ImageTask : public DenseTask {
 public:
  ImageTask(const TrainOptions& options, Network network, std::int64_t channels);

  const Network& network() const override { return network_; }
  Needs needs() const override { return {.target_channels = channels_}; }
  Value loss(Graph& graph, const Inputs& inputs) const override;
  DenseResult::Kind result_kind() const override { return DenseResult::Kind::image; }
  std::unique_ptr<DenseReader> reader(Device& device) const override;
  std::vector<Metric> metrics() const override;  // PSNR, SSIM and Pearson's correlation
  std::unique_ptr<Scorer> scorer() const override;

 protected:
  const TrainOptions& options() const { return options_; }

 private:
  TrainOptions options_;
  Network network_;
  std::int64_t channels_;
};

// Images of format.target_channels channels, each a value a pixel or, with options.bins, the mean of the probabilities
// of so many equal parts of 0..1.
std::unique_ptr<DenseTask> labeling_task(const TrainOptions& options, const DataFormat& format);
// The same by a network of one's own.
std::unique_ptr<DenseTask> labeling_task(const TrainOptions& options, Network network, std::int64_t channels);

// Images of the same channels without their noise: options.noise is added to those given, which are clean then; without
// it a data set's targets are. With options.noisy_targets these have noise of their own.
std::unique_ptr<DenseTask> denoising_task(const TrainOptions& options, const DataFormat& format);

// Images of the same channels, options.scale times as large, from those given made smaller by bicubic interpolation.
std::unique_ptr<DenseTask> super_resolution_task(const TrainOptions& options, const DataFormat& format);

}  // namespace tuff
