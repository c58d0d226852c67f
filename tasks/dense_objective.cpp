#include "tasks/dense_objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "io/annotated_images.h"
#include "io/loader.h"
#include "io/shrink.h"
#include "ops/adam.h"
#include "passes/keep_statistics_finite.h"
#include "tasks/dense_pictures.h"
#include "tasks/star_task.h"
#include "tasks/training_data.h"
#include "train/augmented_batches.h"
#include "train/batch_augmentation.h"
#include "train/predict.h"
#include "train/split_options.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

constexpr std::int64_t kWatchedSteps = 100;  // of an epoch: as many whatever has been annotated

bool has_crop(const TrainOptions& options) {
  return applies(*find_field("crop"), options.model);
}

// Of the output for a crop.
ImageSize label_extents(const DenseTask& task, const ImageSize& crop) {
  if (const auto size = task.label_size()) return *size;
  const Network& network = task.network();
  const auto along = [&](char axis, std::int64_t extent) { return network.axis(axis).output_size(extent); };
  return {network.rank == 3 ? along('z', crop.depth) : 1, along('y', crop.height), along('x', crop.width)};
}

BatchLayout batch_layout(const DenseTask& task, const TrainOptions& options, const Augmentation& augmentation) {
  const DenseTask::Needs needs = task.needs();
  const ImageSize crop = crop_of(options);
  BatchLayout layout{.rank = task.network().rank,
                     .batch = options.batch,
                     .channels = task.network().in_channels,
                     .crop = {crop, label_extents(task, crop)},
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
  const Split split = split_dataset(dataset, split_options(options));
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
  if (options.watch) result.steps_per_epoch = kWatchedSteps;
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
  if (!is_quickly_read(dataset)) return;
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

[[noreturn]] void refuse_depth(const DataItem& item, const ImageSize& size, const TrainOptions& options) {
  if (size.depth == 1)
    throw Error(fmt::format("--dims 3: \"{}\" is an image, no stack of slices; leave --dims 3 out", item.name));
  const bool cropped = has_crop(options);
  throw Error(fmt::format("{} {}: the volume \"{}\" has only {} slices; use a smaller {}",
                          options.crop_depth > 0 ? "--crop-depth"
                          : cropped              ? "--crop"
                                                 : "--size",
                          crop_of(options).depth, item.name, size.depth, cropped ? "--crop-depth" : "--size"));
}

// Error where crops don't fit into what the network sees of an item.
void check_size(const DataItem& item, std::int64_t target_scale, const TrainOptions& options) {
  const ImageSize size = shrunk(item.size, target_scale), crop = crop_of(options);
  if (size.depth < crop.depth) refuse_depth(item, size, options);
  if (size.height >= crop.height && size.width >= crop.width) return;
  throw Error(
      fmt::format("--{0} {1}: the image \"{2}\" is only {3}x{4}{5}; use a smaller --{0}, or leave the image out",
                  has_crop(options) ? "crop" : "size", crop.height, item.name, size.width, size.height,
                  size == item.size ? "" : fmt::format(" at 1/{} of its size", target_scale)));
}

// An item whose files somebody may just be writing: some seconds later they are whole, or of another size.
Sample load_patiently(const Dataset& dataset, std::size_t item) {
  constexpr int kAttempts = 30;
  for (int attempt = 1;; ++attempt) {
    try {
      Sample sample = load_sample(dataset, item);
      if (sample.image.size() == dataset.items[item].size) return sample;
      throw Error(fmt::format("{}: is of another size than before", dataset.items[item].images[0].string()));
    } catch (const Error&) {
      if (attempt == kAttempts) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

class DenseObjective : public Objective {
 public:
  DenseObjective(TrainOptions options, Dataset dataset, std::shared_ptr<const DenseTask> task)
      : options_(std::move(options)), dataset_(std::move(dataset)), task_(std::move(task)) {
    resolve_augmentation(options_, dataset_, *task_);
  }
  // `images`: refreshed.
  DenseObjective(TrainOptions options, AnnotatedImages images, std::shared_ptr<const DenseTask> task, LogSink log)
      : options_(std::move(options)),
        dataset_(images.dataset()),
        task_(std::move(task)),
        watched_(std::move(images)),
        log_(std::move(log)) {}

  void check() const override {
    split();
    check_crop(task_->network(), options_);
    for (const DataItem& item : dataset_.items) check_size(item, task_->needs().target_scale, options_);
    check_augmentation(options_, *task_);
    task_->check(dataset_);
    if (!watched_) check_files(dataset_);
  }

  std::unique_ptr<Graph> graph() const override { return training_graph(*task_, options_); }
  std::vector<std::string> parts() const override { return task_->parts(); }
  const DataFormat& format() const override { return dataset_.format; }
  std::string fingerprint() const override { return watched_ ? "watched" : tuff::fingerprint(dataset_); }
  std::int64_t steps_per_epoch() const override {
    return count_steps_per_epoch(dataset_, split().train, loader_options(options_, task_));
  }
  std::vector<Metric> metrics() const override { return task_->metrics(); }
  std::vector<std::string> held_out() const override {
    std::vector<std::string> names;
    for (const std::size_t item : split().test) names.push_back(dataset_.items[item].name);
    return names;
  }
  std::uint64_t validation_bytes(const DeviceCaps& caps) const override;
  std::unique_ptr<Session> start(const Place& place, std::int64_t epoch, std::int64_t step) const override;

 private:
  class Crops;

  // Of an item as the network sees it.
  ImageSize network_size(const DataItem& item) const { return shrunk(item.size, task_->needs().target_scale); }
  Split split() const {
    return watched_ ? watched_->split(options_.val_fraction, seed_of(options_))
                    : split_dataset(dataset_, split_options(options_));
  }

  TrainOptions options_;
  Dataset dataset_;
  std::shared_ptr<const DenseTask> task_;
  std::optional<AnnotatedImages> watched_;  // as they were when training began
  LogSink log_;
};

class DenseObjective::Crops : public Objective::Session {
 public:
  Crops(const DenseObjective& objective, const Place& place, std::int64_t epoch, std::int64_t step)
      : objective_(objective),
        task_(*objective.task_),
        watched_(objective.watched_),
        dataset_(std::make_shared<const Dataset>(objective.dataset_)),
        split_(objective.split()),
        loader_(load_from(epoch, step)),
        next_(epoch * loader_->steps_per_epoch() + step),
        predictor_(place.device, place.store, task_.network(),
                   validation_options(objective.options_, task_.network(), place.memory, place.tuner)),
        reader_(task_.reader(place.device)),
        batches_(place.device, batch_layout(task_, objective.options_, parse_augmentation(objective.options_.augment)),
                 objective.options_, *objective.graph()) {
    if (watched_) judged_ = watched_->state_of(split_.validation);
  }

  std::vector<NamedTensor> next() override {
    ++next_;
    return batches_.next(*loader_);
  }

  std::vector<double> validate() override {
    pictures_.clear();
    return score(split_.validation, true);
  }
  std::vector<double> score_held_out() override { return score(split_.test, false); }

  std::vector<PictureRow> pictures() override { return pictures_; }
  bool refresh() override {
    if (!watched_ || !watched_->refresh() || watched_->dataset().items.empty()) return false;
    take_watched();
    const auto epoch = next_ / kWatchedSteps, step = next_ % kWatchedSteps;
    loader_ = load_from(epoch, step);
    std::string judged = watched_->state_of(split_.validation);
    if (objective_.log_)
      objective_.log_(LogLevel::info, fmt::format("--watch: {} annotated images now, {} of them for validation",
                                                  dataset_->items.size(), split_.validation.size()));
    return std::exchange(judged_, judged) != judged;
  }

  SafeTensors validation_images() override {
    SafeTensors file;
    for (const std::size_t item : split_.validation) {
      const std::shared_ptr<const Sample> sample = loader_->sample(item);
      const std::string& name = dataset_->items[item].name;
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
  std::unique_ptr<Loader> load_from(std::int64_t epoch, std::int64_t step) const {
    LoaderOptions options = loader_options(objective_.options_, objective_.task_);
    if (watched_) options.load = [data = dataset_](std::size_t item) { return load_patiently(*data, item); };
    return std::make_unique<Loader>(*dataset_, split_.train, std::move(options), epoch, step);
  }

  // `shown`: keeps the first rows for pictures().
  std::vector<double> score(const std::vector<std::size_t>& items, bool shown) {
    if (items.empty()) return {};
    const std::unique_ptr<Scorer> scorer = task_.scorer();
    for (const std::size_t item : items) {
      const std::shared_ptr<const Sample> sample = loader_->sample(item);
      const Image input = task_.input_of(*sample, item);
      const DenseResult result = reader_->read(predictor_.predict(input));
      scorer->add(*sample, result);
      if (shown && pictures_.size() < kPictureRows)
        pictures_.push_back(picture_row(dataset_->items[item].name, *sample, input, result, task_.result_kind()));
    }
    return scorer->total();
  }

  static HostTensor planes(const Image& image) {
    const Shape shape = image.depth > 1 ? Shape{image.channels, image.depth, image.height, image.width}
                                        : Shape{image.channels, image.height, image.width};
    return HostTensor::from_floats(shape, image.values);
  }

  // The loader's threads read the items, so it goes first.
  void take_watched() {
    loader_.reset();
    dataset_ = std::make_shared<const Dataset>(watched_->dataset());
    split_ = watched_->split(objective_.options_.val_fraction, seed_of(objective_.options_));
  }

  const DenseObjective& objective_;
  const DenseTask& task_;
  std::optional<AnnotatedImages> watched_;
  std::shared_ptr<const Dataset> dataset_;
  Split split_;
  std::string judged_;  // AnnotatedImages::state_of() of the validation images
  std::unique_ptr<Loader> loader_;
  std::int64_t next_;  // batches are numbered through all epochs
  Predictor predictor_;
  std::unique_ptr<DenseReader> reader_;
  AugmentedBatches batches_;
  std::vector<PictureRow> pictures_;  // of the last validate()
};

std::uint64_t DenseObjective::validation_bytes(const DeviceCaps& caps) const {
  const PredictorOptions options = validation_options(options_, task_->network(), 0);
  std::uint64_t most = 0;
  if (watched_)  // any of them may come to validation, and others as large as these or as a crop
    for (std::size_t item = 0; item <= dataset_.items.size(); ++item) {
      const ImageSize size = item < dataset_.items.size() ? network_size(dataset_.items[item]) : crop_of(options_);
      most = std::max(most, least_prediction_bytes(task_->network(), caps, size, options.tile));
    }
  const Split parts = split();
  for (const auto& items : {parts.validation, parts.test})
    for (const std::size_t item : items)
      most = std::max(most,
                      least_prediction_bytes(task_->network(), caps, network_size(dataset_.items[item]), options.tile));
  return most;
}

std::unique_ptr<Objective::Session> DenseObjective::start(const Place& place, std::int64_t epoch,
                                                          std::int64_t step) const {
  return std::make_unique<Crops>(*this, place, epoch, step);
}

std::unique_ptr<Objective> watched_objective(TrainOptions& options, const LogSink& log) {
  const auto check = [options](const DataItem& item) { check_size(item, 1, options); };
  AnnotatedImages images(options.images, options.masks, data_format(options), check, log);
  images.refresh();
  if (images.dataset().items.empty() && log)
    log(LogLevel::info, fmt::format("--watch: waiting for the first mask of an image in {}", options.masks));
  while (images.dataset().items.empty()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    images.refresh();
  }
  std::shared_ptr<const DenseTask> task = make_dense_task(options, images.dataset().format);
  resolve_augmentation(options, images.dataset(), *task);
  return std::make_unique<DenseObjective>(options, std::move(images), std::move(task), log);
}

}  // namespace

void DenseTask::add_step(Graph& graph, const Inputs& inputs, Value step_state, const TrainOptions& options) const {
  const Value loss = this->loss(graph, inputs);
  graph.output("loss", loss);
  add_update(graph, loss, step_state, options);
}

ImageSize crop_of(const TrainOptions& options) {
  const std::int64_t side = has_crop(options) ? options.crop : options.size;
  const std::int64_t depth = options.crop_depth > 0 ? options.crop_depth : side;
  return {options.dims == 3 ? depth : 1, side, side};
}

void check_crop(const Network& network, const TrainOptions& options) {
  if (!has_crop(options)) return;
  const auto check = [&](char name, const char* option, std::int64_t extent) {
    const NetworkAxis& axis = network.axis(name);
    if (axis.output_size(extent) > 0) return;
    const std::string sizes = sizes_text(axis.nearest_sizes(extent));
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
  const Augmentation augmentation = graph_augmentation(options);
  const BatchValues batch = augmented_inputs(*graph, batch_layout(task, options, augmentation), augmentation);
  const DenseTask::Inputs inputs{batch.images, batch.labels, batch.targets};
  const Value step_state = graph->input("step_state", {kStepStateElements});
  task.add_step(*graph, inputs, step_state, options);
  return keep_statistics_finite(*graph);
}

std::unique_ptr<Objective> dense_objective(TrainOptions options, Dataset dataset,
                                           std::shared_ptr<const DenseTask> task) {
  return std::make_unique<DenseObjective>(std::move(options), std::move(dataset), std::move(task));
}

std::unique_ptr<Objective> dense_objective(TrainOptions& options, const LogSink& log) {
  if (options.watch) return watched_objective(options, log);
  Dataset dataset = open_training_data(options);
  if (applies(*find_field("anisotropy"), options.model) && options.dims == 3 && options.anisotropy == 0)
    options.anisotropy = estimate_anisotropy(dataset);
  std::shared_ptr<const DenseTask> task = make_dense_task(options, dataset.format);
  resolve_augmentation(options, dataset, *task);
  return dense_objective(options, std::move(dataset), std::move(task));
}

}  // namespace tuff
