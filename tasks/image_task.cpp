#include "tasks/image_task.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "io/noise.h"
#include "ops/cast.h"
#include "ops/cross_entropy.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"
#include "ops/slice.h"
#include "tasks/denoising.h"
#include "tasks/networks.h"
#include "train/image_metrics.h"
#include "train/metrics.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

// Mean over channels and images; Pearson's correlation of each channel, too, where there are several.
class ImageScorer : public Scorer {
 public:
  explicit ImageScorer(std::int64_t channels) : channels_(channels) {}

  std::vector<double> add(const Sample& sample, const DenseResult& result) override {
    std::vector<double> own(3, 0.0), correlations;
    for (std::int64_t c = 0; c < channels_; ++c) {
      const auto image = result.image.channel(c), truth = sample.targets.channel(c);
      own[0] += psnr(image, truth) / static_cast<double>(channels_);
      own[1] += structural_similarity(image, truth, sample.targets.size()) / static_cast<double>(channels_);
      correlations.push_back(pearson(image, truth));
      own[2] += correlations.back() / static_cast<double>(channels_);
    }
    if (channels_ > 1) own.insert(own.end(), correlations.begin(), correlations.end());
    sums_.resize(own.size());
    std::ranges::transform(sums_, own, sums_.begin(), std::plus<>());
    ++images_;
    return own;
  }

  std::vector<double> total() const override {
    std::vector<double> means = sums_;
    for (double& value : means) value /= std::max(1.0, images_);
    return means;
  }

 private:
  std::int64_t channels_;
  std::vector<double> sums_;
  double images_ = 0;
};

std::vector<Metric> image_metrics(std::int64_t channels) {
  std::vector<Metric> metrics = {{"val_psnr", "PSNR", 2}, {"val_ssim", "SSIM"}, {"val_pearson", "Pearson"}};
  for (std::int64_t c = 0; c < channels && channels > 1; ++c)
    metrics.push_back({fmt::format("val_pearson_{}", c), fmt::format("Pearson {}", c)});
  return metrics;
}

// Of each channel's logits (bins, pixels) the mean of the bins' middles.
Image expected_values(const Image& logits, std::int64_t bins) {
  Image image(logits.channels / bins, logits.size());
  const auto block = static_cast<std::size_t>(bins * logits.size().pixels());
  for (std::int64_t c = 0; c < image.channels; ++c) {
    const auto all = std::span<const float>(logits.values).subspan(static_cast<std::size_t>(c) * block, block);
    const std::vector<float> shares = probabilities(all, bins);
    const std::span<float> values = image.channel(c);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const double middle = (static_cast<double>(i / values.size()) + 0.5) / static_cast<double>(bins);
      values[i % values.size()] += static_cast<float>(middle * static_cast<double>(shares[i]));
    }
  }
  return image;
}

class ImageReader : public DenseReader {
 public:
  explicit ImageReader(std::int64_t bins) : bins_(bins) {}

  DenseResult read(Image output) override {
    DenseResult result{.kind = DenseResult::Kind::image};
    result.image = bins_ > 0 ? expected_values(output, bins_) : std::move(output);
    return result;
  }

 private:
  std::int64_t bins_;
};

// Channels as further images, so that each has its own classes.
Value binned_loss(Value logits, Value truth, std::int64_t channels, std::int64_t count) {
  const auto bins = static_cast<float>(count);
  const Value position = clamp(mul_scalar(truth, bins), 0, bins - 0.5f);  // just below the end is the last bin
  std::vector<std::int64_t> classes = logits.shape().extents(), ids = truth.shape().extents();
  classes[0] *= channels;
  classes[1] = count;
  ids[0] *= channels;
  ids.erase(ids.begin() + 1);
  return cross_entropy(reshape(logits, classes), reshape(cast(floor(position), DType::i32), ids));
}

class LabelingTask : public ImageTask {
 public:
  using ImageTask::ImageTask;

  void check(const Dataset& dataset) const override {
    if (dataset.items.front().targets.empty())
      throw Error("--targets is missing: the images that are to be predicted from --images");
  }
};

class DenoisingTask : public ImageTask {
 public:
  DenoisingTask(const TrainOptions& options, Network network, std::int64_t channels)
      : ImageTask(options, std::move(network), channels), noise_(parse_noise(options.noise)) {}

  void check(const Dataset& dataset) const override {
    const bool pairs = !dataset.items.front().targets.empty();
    check_noise(options(), pairs, "images");
    if (pairs && dataset.format.target_channels != dataset.format.image_channels)
      throw Error(fmt::format("--targets: have {} channels, the images {}", dataset.format.target_channels,
                              dataset.format.image_channels));
  }

  void prepare(Sample& sample) const override {
    if (sample.targets.values.empty()) sample.targets = sample.image;
  }

  std::string_view baseline_name() const override { return "noisy"; }
  std::string_view fixed_pixels() const override { return "the noise of its images is what it learns"; }
  bool gives_input_units() const override { return true; }
  bool changes() const override { return noise_.kind != Noise::Kind::none; }
  void change(std::span<float> image, std::span<float> targets, const SampleKey& key) const override {
    PhiloxStream random = noise_stream(options(), key.epoch, key.index);
    add_noise(image, noise_, random);
    if (options().noisy_targets) add_noise(targets, noise_, random);
  }

  Image input_of(const Sample& sample, std::size_t item) const override {
    Image image = sample.image;
    PhiloxStream random = noise_stream(options(), kValidationEpoch, static_cast<std::int64_t>(item));
    add_noise(image.values, noise_, random);
    return image;
  }

 private:
  Noise noise_;
};

}  // namespace

ImageTask::ImageTask(const TrainOptions& options, Network network, std::int64_t channels)
    : options_(options), network_(std::move(network)), channels_(channels) {}

Value ImageTask::loss(Graph& graph, const Inputs& inputs) const {
  const Value output = network_.build(graph, inputs.images, true);
  const auto scope = graph.scope("loss"), precise = graph.full_precision();
  if (options_.bins > 0) return binned_loss(output, inputs.targets, channels_, options_.bins);
  return image_loss(output, inputs.targets, options_.loss);
}

std::unique_ptr<DenseReader> ImageTask::reader(Device&) const {
  return std::make_unique<ImageReader>(options_.bins);
}

std::vector<Metric> ImageTask::metrics() const {
  return image_metrics(channels_);
}

std::unique_ptr<Scorer> ImageTask::scorer() const {
  return std::make_unique<ImageScorer>(channels_);
}

std::unique_ptr<DenseTask> labeling_task(const TrainOptions& options, const DataFormat& format) {
  UNetConfig config = unet_config(options, format.image_channels);
  config.out_channels = format.target_channels * std::max<std::int64_t>(1, options.bins);
  Network network = unet_network(config);
  network.name = options.model;
  return labeling_task(options, std::move(network), format.target_channels);
}

std::unique_ptr<DenseTask> labeling_task(const TrainOptions& options, Network network, std::int64_t channels) {
  return std::make_unique<LabelingTask>(options, std::move(network), channels);
}

std::unique_ptr<DenseTask> denoising_task(const TrainOptions& options, const DataFormat& format) {
  UNetConfig config = unet_config(options, format.image_channels);
  config.out_channels = format.image_channels;
  Network network = unet_network(config);
  network.name = options.model;
  network.build = residual(network.build);
  return std::make_unique<DenoisingTask>(options, std::move(network), format.image_channels);
}

}  // namespace tuff
