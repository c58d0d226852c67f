#include "tasks/dense_objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/error.h"
#include "io/loader.h"
#include "io/shrink.h"
#include "ops/adam.h"
#include "passes/keep_statistics_finite.h"
#include "tasks/training_data.h"
#include "train/batch_augmentation.h"
#include "train/predict.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

std::uint64_t seed_of(const TrainOptions& options) {
  return static_cast<std::uint64_t>(options.seed);
}

// Of the output for a crop.
ImageSize label_extents(const Network& network, const ImageSize& crop) {
  const auto along = [&](char axis, std::int64_t extent) { return network.axis(axis).output_size(extent); };
  return {network.rank == 3 ? along('z', crop.depth) : 1, along('y', crop.height), along('x', crop.width)};
}

BatchLayout batch_layout(const DenseTask& task, const TrainOptions& options, const Augmentation& augmentation) {
  const DenseTask::Needs needs = task.needs();
  const ImageSize crop = crop_of(options);
  BatchLayout layout{.rank = task.network().rank,
                     .batch = options.batch,
                     .channels = task.network().in_channels,
                     .crop = {crop, label_extents(task.network(), crop)},
                     .labels = needs.labels,
                     .target_channels = needs.target_channels,
                     .nearest_targets = needs.nearest_targets,
                     .vectors = needs.vectors};
  layout.crop.target_scale = needs.target_scale;
  layout.crop.margin = warp_margin(augmentation, crop);
  return layout;
}

// Fills in "auto".
void resolve_augmentation(TrainOptions& options, const Dataset& dataset, const DenseTask& task) {
  if (!depends_on_data(options.augment)) return;
  const Split split = split_dataset(dataset, options.val_fraction, seed_of(options));
  options.augment = to_string(task.fixed_pixels().empty() ? augmentation_for(options.augment, dataset, split.train)
                                                          : parse_augmentation(options.augment));
}

void check_augmentation(const TrainOptions& options, const DenseTask& task) {
  Augmentation augmentation = parse_augmentation(options.augment);
  if (!augmentation.runs_on_device() || task.fixed_pixels().empty()) return;
  throw Error(fmt::format("--augment {}: {} takes flip and rot90 alone, as {}", options.augment, options.model,
                          task.fixed_pixels()));
}

LoaderOptions loader_options(const TrainOptions& options, const std::shared_ptr<const DenseTask>& task) {
  const DenseTask::Needs needs = task->needs();
  LoaderOptions result;
  result.batch = options.batch;
  result.augmentation = parse_augmentation(options.augment);
  result.crop = batch_layout(*task, options, result.augmentation).crop;
  result.seed = seed_of(options);
  result.label_dtype = needs.labels;
  result.target_channels = needs.target_channels;
  result.vectors = needs.vectors;
  result.threads = static_cast<int>(options.threads);
  result.prepare = [task](Sample& sample) { task->prepare(sample); };
  if (task->changes())
    result.change = [task](std::span<float> image, std::span<float> targets, const SampleKey& key) {
      task->change(image, targets, key);
    };
  return result;
}

// Where tiles change the result, they must not depend on the memory that happens to be free.
PredictorOptions validation_options(const TrainOptions& options, const Network& network, std::uint64_t memory,
                                    Tuner* tuner = nullptr) {
  if (network.whole_image.empty()) return {.memory = memory, .tuner = tuner};
  const std::int64_t side = std::max<std::int64_t>(network.rank == 3 ? 128 : 1024, options.crop);
  return {.tile = network.axis('x').fitting(side), .force_tiles = true, .memory = memory, .tuner = tuner};
}

// Files that are cut short and class ids out of range would otherwise show in the middle of training. Data too
// large to be read twice are left to the loader.
void check_files(const Dataset& dataset) {
  constexpr std::int64_t kMostPixels = 200'000'000;  // some seconds
  std::int64_t pixels = 0;
  for (const DataItem& item : dataset.items) pixels += item.size.pixels();
  if (pixels > kMostPixels) return;
  std::optional<std::int32_t> only;  // the one label of all masks so far
  bool several = dataset.items.front().mask.empty();
  for (std::size_t item = 0; item < dataset.items.size(); ++item) {
    for (const std::int32_t label : load_sample(dataset, item).labels) {
      if (label < 0) continue;
      if (!only) only = label;
      several = several || label != *only;
    }
  }
  if (!several && !only) throw Error("--masks: no pixel is annotated: every one has the id of --undefined");
  if (!several)
    throw Error(fmt::format("--masks: every pixel of every mask is {}, so there is nothing to learn{}",
                            *only == 0 ? "background" : fmt::format("class {}", *only),
                            dataset.format.foreground.empty() ? "" : "; look at --foreground"));
}

class DenseObjective : public Objective {
 public:
  DenseObjective(TrainOptions options, Dataset dataset, std::shared_ptr<const DenseTask> task)
      : options_(std::move(options)), dataset_(std::move(dataset)), task_(std::move(task)) {
    resolve_augmentation(options_, dataset_, *task_);
  }

  void check() const override {
    check_crop(task_->network(), options_);
    const ImageSize crop = crop_of(options_);
    for (const DataItem& item : dataset_.items) {
      const ImageSize size = network_size(item);
      if (size.depth < crop.depth) refuse_depth(item, size, crop);
      if (size.height < crop.height || size.width < crop.width)
        throw Error(
            fmt::format("--crop {}: the image \"{}\" is only {}x{}{}; use a smaller --crop, or leave the image out",
                        options_.crop, item.name, size.width, size.height,
                        size == item.size ? "" : fmt::format(" at 1/{} of its size", task_->needs().target_scale)));
    }
    check_augmentation(options_, *task_);
    task_->check(dataset_);
    check_files(dataset_);
  }

  std::unique_ptr<Graph> graph() const override { return training_graph(*task_, options_); }
  const DataFormat& format() const override { return dataset_.format; }
  std::string fingerprint() const override { return tuff::fingerprint(dataset_); }
  std::int64_t steps_per_epoch() const override {
    return count_steps_per_epoch(dataset_, split().train, loader_options(options_, task_));
  }
  std::vector<Metric> metrics() const override { return task_->metrics(); }
  std::uint64_t validation_bytes(const DeviceCaps& caps) const override;
  std::unique_ptr<Session> start(const Place& place, std::int64_t epoch, std::int64_t step) const override;

 private:
  class Crops;

  // Of an item as the network sees it.
  ImageSize network_size(const DataItem& item) const { return shrunk(item.size, task_->needs().target_scale); }
  [[noreturn]] void refuse_depth(const DataItem& item, const ImageSize& size, const ImageSize& crop) const {
    if (size.depth == 1)
      throw Error(fmt::format("--dims 3: \"{}\" is an image, no stack of slices; leave --dims 3 out", item.name));
    throw Error(fmt::format("{} {}: the volume \"{}\" has only {} slices; use a smaller --crop-depth",
                            options_.crop_depth > 0 ? "--crop-depth" : "--crop", crop.depth, item.name, size.depth));
  }
  Split split() const { return split_dataset(dataset_, options_.val_fraction, seed_of(options_)); }

  TrainOptions options_;
  Dataset dataset_;
  std::shared_ptr<const DenseTask> task_;
};

class DenseObjective::Crops : public Objective::Session {
 public:
  Crops(const DenseObjective& objective, const Place& place, std::int64_t epoch, std::int64_t step)
      : objective_(objective),
        task_(*objective.task_),
        split_(objective.split()),
        loader_(objective.dataset_, split_.train, loader_options(objective.options_, objective.task_), epoch, step),
        predictor_(place.device, place.store, task_.network(),
                   validation_options(objective.options_, task_.network(), place.memory, place.tuner)),
        reader_(task_.reader(place.device)),
        augmentation_(parse_augmentation(objective.options_.augment)),
        layout_(batch_layout(task_, objective.options_, augmentation_)),
        draws_(has_random_state(*objective.graph())) {
    if (!objective.options_.dump.empty()) augmenter_.emplace(place.device, layout_, augmentation_);
  }

  std::vector<NamedTensor> next() override {
    Batch batch = loader_.next();
    std::vector<NamedTensor> tensors;
    tensors.push_back({"images", std::move(batch.images)});
    if (!batch.labels.data.empty()) tensors.push_back({"labels", std::move(batch.labels)});
    if (!batch.targets.data.empty()) tensors.push_back({"targets", std::move(batch.targets)});
    const std::int64_t step = batch.epoch * loader_.steps_per_epoch() + batch.step;
    const SampleKey first{seed_of(objective_.options_), batch.epoch, batch.step * layout_.batch};
    if (augmenter_)
      augmenter_->apply(tensors, first, step);
    else
      std::ranges::move(augmentation_tensors(layout_, augmentation_, first), std::back_inserter(tensors));
    if (draws_) tensors.push_back({"random_state", random_state_tensor(first.seed, step)});
    return tensors;
  }

  std::vector<double> validate() override {
    if (split_.validation.empty()) return {};
    const std::unique_ptr<Scorer> scorer = task_.scorer();
    for (const std::size_t item : split_.validation) {
      const std::shared_ptr<const Sample> sample = loader_.sample(item);
      scorer->add(*sample, reader_->read(predictor_.predict(task_.input_of(*sample, item))));
    }
    return scorer->total();
  }

  SafeTensors validation_images() override {
    SafeTensors file;
    for (const std::size_t item : split_.validation) {
      const std::shared_ptr<const Sample> sample = loader_.sample(item);
      const std::string& name = objective_.dataset_.items[item].name;
      const Image image = task_.input_of(*sample, item);
      file.tensors.push_back(StoredTensor::from_tensor(name + ".image", planes(image)));
      const ImageSize size = sample->image.size();
      const Shape pixels = size.depth > 1 ? Shape{size.depth, size.height, size.width} : Shape{size.height, size.width};
      if (!sample->labels.empty())
        file.tensors.push_back(
            StoredTensor::from_tensor(name + ".labels", HostTensor::from_ints(pixels, sample->labels)));
      if (!sample->targets.values.empty())
        file.tensors.push_back(StoredTensor::from_tensor(name + ".targets", planes(sample->targets)));
    }
    return file;
  }

 private:
  static HostTensor planes(const Image& image) {
    const Shape shape = image.depth > 1 ? Shape{image.channels, image.depth, image.height, image.width}
                                        : Shape{image.channels, image.height, image.width};
    return HostTensor::from_floats(shape, image.values);
  }

  const DenseObjective& objective_;
  const DenseTask& task_;
  Split split_;
  Loader loader_;
  Predictor predictor_;
  std::unique_ptr<DenseReader> reader_;
  Augmentation augmentation_;
  BatchLayout layout_;
  bool draws_;
  std::optional<BatchAugmenter> augmenter_;  // with --dump, whose batches are what the network sees
};

std::uint64_t DenseObjective::validation_bytes(const DeviceCaps& caps) const {
  const PredictorOptions options = validation_options(options_, task_->network(), 0);
  std::uint64_t most = 0;
  for (const std::size_t item : split().validation)
    most = std::max(most,
                    least_prediction_bytes(task_->network(), caps, network_size(dataset_.items[item]), options.tile));
  return most;
}

std::unique_ptr<Objective::Session> DenseObjective::start(const Place& place, std::int64_t epoch,
                                                          std::int64_t step) const {
  return std::make_unique<Crops>(*this, place, epoch, step);
}

}  // namespace

ImageSize crop_of(const TrainOptions& options) {
  const std::int64_t depth = options.crop_depth > 0 ? options.crop_depth : options.crop;
  return {options.dims == 3 ? depth : 1, options.crop, options.crop};
}

void check_crop(const Network& network, const TrainOptions& options) {
  const auto check = [&](char name, const char* option, std::int64_t extent) {
    const NetworkAxis& axis = network.axis(name);
    if (axis.output_size(extent) > 0) return;
    const auto [below, above] = axis.nearest_sizes(extent);
    const std::string sizes = (below > 0 ? fmt::format("{} or ", below) : "") + fmt::format("{}", above);
    if (!applies(*find_field("depth"), options.model))
      throw Error(fmt::format("{} {}: a {} can't take this size; use {}", option, extent, options.model, sizes));
    throw Error(fmt::format("{} {}: a net of --depth {}{} can't halve it; use {}", option, extent, options.depth,
                            options.padding == "valid" ? " with --padding valid" : "", sizes));
  };
  const ImageSize crop = crop_of(options);
  check('x', "--crop", crop.width);
  if (network.rank == 3) check('z', options.crop_depth > 0 ? "--crop-depth" : "--crop", crop.depth);
}

std::unique_ptr<Graph> training_graph(const DenseTask& task, const TrainOptions& options) {
  const Network& network = task.network();
  check_crop(network, options);
  auto graph = std::make_unique<Graph>();
  const Augmentation augmentation = options.dump.empty() ? parse_augmentation(options.augment) : Augmentation{};
  const BatchValues inputs = augmented_inputs(*graph, batch_layout(task, options, augmentation), augmentation);
  const Value loss = task.loss(*graph, {inputs.images, inputs.labels, inputs.targets});
  const Value step_state = graph->input("step_state", {kStepStateElements});
  graph->output("loss", loss);
  add_update(*graph, loss, step_state, options);
  return options.dtype == "f16" ? keep_statistics_finite(*graph) : std::move(graph);
}

std::unique_ptr<Objective> dense_objective(TrainOptions options, Dataset dataset,
                                           std::shared_ptr<const DenseTask> task) {
  return std::make_unique<DenseObjective>(std::move(options), std::move(dataset), std::move(task));
}

std::unique_ptr<Objective> dense_objective(TrainOptions& options) {
  Dataset dataset = open_training_data(options);
  std::shared_ptr<const DenseTask> task = make_dense_task(options, dataset.format);
  resolve_augmentation(options, dataset, *task);
  return dense_objective(options, std::move(dataset), std::move(task));
}

}  // namespace tuff
