#include "train/segmentation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "io/loader.h"
#include "train/metrics.h"
#include "train/predict.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

LoaderOptions loader_options(const TrainOptions& options, const Network& network) {
  const std::int64_t label = network.output_size(options.crop);
  LoaderOptions result;
  result.batch = options.batch;
  result.crop = {options.crop, options.crop, label, label};
  result.augmentation = parse_augmentation(options.augment);
  result.seed = static_cast<std::uint64_t>(options.seed);
  result.label_dtype = options.classes > 1 ? DType::i32 : DType::f32;
  result.threads = static_cast<int>(options.threads);
  return result;
}

// Where tiles change the result, they must not depend on the memory that happens to be free.
PredictorOptions validation_options(const TrainOptions& options, const Network& network, std::uint64_t memory,
                                    Tuner* tuner = nullptr) {
  if (network.whole_image.empty()) return {.memory = memory, .tuner = tuner};
  const std::int64_t side = std::max<std::int64_t>(1024, options.crop);
  return {.tile = network.output_size(side) > 0 ? side : network.nearest_sizes(side).second,
          .force_tiles = true,
          .memory = memory,
          .tuner = tuner};
}

// Files that are cut short and class ids out of range would otherwise show in the middle of training. Data too
// large to be read twice are left to the loader.
void check_files(const Dataset& dataset) {
  constexpr std::int64_t kMostPixels = 200'000'000;  // some seconds
  std::int64_t pixels = 0;
  for (const DataItem& item : dataset.items) pixels += item.height * item.width;
  if (pixels > kMostPixels) return;
  for (std::size_t item = 0; item < dataset.items.size(); ++item)
    if (item == 0 || dataset.items[item].images != dataset.items[item - 1].images) load_sample(dataset, item);
}

class Segmentation : public Objective {
 public:
  Segmentation(TrainOptions options, Dataset dataset, Network network)
      : options_(std::move(options)), dataset_(std::move(dataset)), network_(std::move(network)) {}

  void check() const override {
    check_crop(network_, options_);
    for (const DataItem& item : dataset_.items)
      if (item.height < options_.crop || item.width < options_.crop)
        throw Error(
            fmt::format("--crop {}: the image \"{}\" is only {}x{}; use a smaller --crop, or leave the image out",
                        options_.crop, item.name, item.width, item.height));
    parse_augmentation(options_.augment);
    check_files(dataset_);
  }

  std::unique_ptr<Graph> graph() const override { return training_graph(network_, options_); }
  const DataFormat& format() const override { return dataset_.format; }
  std::string fingerprint() const override { return tuff::fingerprint(dataset_); }
  std::int64_t steps_per_epoch() const override {
    return count_steps_per_epoch(dataset_, split().train, loader_options(options_, network_));
  }
  std::vector<Metric> metrics() const override {
    return {{"val_dice", "Dice"}, {"val_iou", "IoU"}, {"val_pixel_accuracy", "accuracy"}};
  }
  std::uint64_t validation_bytes(const DeviceCaps& caps) const override;
  std::unique_ptr<Session> start(const Place& place, std::int64_t epoch, std::int64_t step) const override;

 private:
  class Crops;

  Split split() const {
    return split_dataset(dataset_, options_.val_fraction, static_cast<std::uint64_t>(options_.seed));
  }

  TrainOptions options_;
  Dataset dataset_;
  Network network_;
};

class Segmentation::Crops : public Objective::Session {
 public:
  Crops(const Segmentation& task, const Place& place, std::int64_t epoch, std::int64_t step)
      : task_(task),
        split_(task.split()),
        loader_(task.dataset_, split_.train, loader_options(task.options_, task.network_), epoch, step),
        predictor_(place.device, place.store, task.network_,
                   validation_options(task.options_, task.network_, place.memory, place.tuner)) {}

  std::vector<NamedTensor> next() override {
    Batch batch = loader_.next();
    std::vector<NamedTensor> tensors;
    tensors.push_back({"images", std::move(batch.images)});
    tensors.push_back({"labels", std::move(batch.labels)});
    return tensors;
  }

  std::vector<double> validate() override {
    if (split_.validation.empty()) return {};
    std::vector<Scores> scores;
    for (const std::size_t item : split_.validation) {
      const std::shared_ptr<const Sample> sample = loader_.sample(item);
      const Image logits = predictor_.predict(sample->image);
      scores.push_back(score(classify(logits.values, logits.channels), sample->labels, task_.options_.classes));
    }
    const Scores total = mean(scores);
    return {total.dice, total.iou, total.pixel_accuracy};
  }

  SafeTensors validation_images() override {
    SafeTensors file;
    for (const std::size_t item : split_.validation) {
      const Sample sample = load_sample(task_.dataset_, item);
      const std::string& name = task_.dataset_.items[item].name;
      const Shape size{sample.image.height, sample.image.width};
      const Shape planes{sample.image.channels, size[0], size[1]};
      file.tensors.push_back(
          StoredTensor::from_tensor(name + ".image", HostTensor::from_floats(planes, sample.image.values)));
      file.tensors.push_back(StoredTensor::from_tensor(name + ".labels", HostTensor::from_ints(size, sample.labels)));
    }
    return file;
  }

 private:
  const Segmentation& task_;
  Split split_;
  Loader loader_;
  Predictor predictor_;
};

std::uint64_t Segmentation::validation_bytes(const DeviceCaps& caps) const {
  const PredictorOptions options = validation_options(options_, network_, 0);
  std::uint64_t most = 0;
  for (const std::size_t item : split().validation)
    most = std::max(most, least_prediction_bytes(network_, caps, dataset_.items[item].height,
                                                 dataset_.items[item].width, options.tile));
  return most;
}

std::unique_ptr<Objective::Session> Segmentation::start(const Place& place, std::int64_t epoch,
                                                        std::int64_t step) const {
  return std::make_unique<Crops>(*this, place, epoch, step);
}

}  // namespace

std::unique_ptr<Objective> segmentation(TrainOptions options, Dataset dataset, Network network) {
  return std::make_unique<Segmentation>(std::move(options), std::move(dataset), std::move(network));
}

}  // namespace tuff
