#include "tasks/classification.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "io/loader.h"
#include "models/layers.h"
#include "ops/class_indicator.h"
#include "ops/cross_entropy.h"
#include "ops/focal_loss.h"
#include "ops/optimizer.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "passes/keep_statistics_finite.h"
#include "tasks/classifier_runner.h"
#include "tasks/confusion.h"
#include "tasks/training_data.h"
#include "train/augmented_batches.h"
#include "train/batch_augmentation.h"
#include "train/split_options.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

Value weights_of(Graph& graph, const TrainOptions& options) {
  const std::vector<double> weights = decimal_list(options.class_weights, "class-weights");
  if (weights.empty()) return {};
  return graph.constant(HostTensor::from_floats({options.classes}, std::vector<float>(weights.begin(), weights.end())));
}

// Of probabilities of each class by itself, (N, C, 1...).
Value pooled_loss(Value probabilities, Value labels, Value weights) {
  constexpr float kLeast = 1e-6f;  // lest the logarithm of 0 be taken
  const Value p = clamp(probabilities, kLeast, 1 - kLeast), truth = class_indicator(labels, p);
  Value entropy = neg(log(add(mul(truth, p), mul(add_scalar(neg(truth), 1), add_scalar(neg(p), 1)))));
  if (weights)
    entropy = mul(entropy, with_spatial_axes(reshape(weights, {1, weights.shape()[0]}), p.shape().rank() - 2));
  return mean(entropy);
}

Value loss_of(const ClassifierNetwork& network, Graph& graph, Value images, Value labels, const TrainOptions& options) {
  const Value given = network.build(graph, images, true);
  const auto scope = graph.scope("loss"), precise = graph.full_precision();
  const Value outputs = with_spatial_axes(given, network.rank);
  const Value weights = weights_of(graph, options);
  if (network.pooled) return pooled_loss(outputs, labels, weights);
  if (options.loss == "focal")
    return focal_loss(outputs, labels, {.gamma = static_cast<float>(options.focal_gamma)}, weights);
  return cross_entropy(outputs, labels, {.label_smoothing = static_cast<float>(options.label_smoothing)}, weights);
}

// One label an image, or a patch.
BatchLayout batch_layout(const ClassifierNetwork& network, const TrainOptions& options,
                         const Augmentation& augmentation) {
  const ImageSize image = classifier_image(network);
  BatchLayout layout{.rank = network.rank,
                     .batch = options.batch,
                     .channels = network.channels,
                     .crop = {image, ImageSize(1, 1, 1)},
                     .labels = DType::i32};
  layout.crop.margin = warp_margin(augmentation, image);
  return layout;
}

class Classification : public Objective {
 public:
  Classification(TrainOptions options, LabelledDataset data)
      : options_(std::move(options)),
        data_(std::move(data)),
        network_(make_classifier(options_, data_.files.format.image_channels)),
        fit_(parse_fit(options_.fit)),
        items_(fitted_items(data_, options_.size)),
        split_(split_of(data_, options_)) {}

  void check() const override;
  std::unique_ptr<Graph> graph() const override { return training_graph(network_, options_); }
  const DataFormat& format() const override { return data_.files.format; }
  std::string fingerprint() const override { return data_.fingerprint(); }
  std::int64_t steps_per_epoch() const override {
    return count_steps_per_epoch(items_, split_.train, loader_options());
  }
  // Where classes are to count alike, they do so in the choice of the best model.
  std::vector<Metric> metrics() const override {
    const Metric accuracy{"val_accuracy", "accuracy"}, balanced{"val_balanced_accuracy", "balanced accuracy"};
    if (options_.balance) return {balanced, accuracy};
    return {accuracy, balanced};
  }
  std::uint64_t validation_bytes(const DeviceCaps& caps) const override {
    if (split_.validation.empty() && split_.test.empty()) return 0;
    return planned(*classifying_graph(network_, options_.batch, classifier_image(network_)), caps).device_bytes;
  }
  std::unique_ptr<Session> start(const Place& place, std::int64_t epoch, std::int64_t step) const override;
  std::vector<std::string> held_out() const override {
    std::vector<std::string> names;
    for (const std::size_t item : split_.test) names.push_back(data_.files.items[item].name);
    return names;
  }

 private:
  class Batches;

  LoaderOptions loader_options() const {
    const Augmentation augmentation = parse_augmentation(options_.augment);
    LoaderOptions options{.batch = options_.batch,
                          .crop = batch_layout(network_, options_, augmentation).crop,
                          .augmentation = augmentation,
                          .seed = seed_of(options_),
                          .threads = static_cast<int>(options_.threads)};
    options.load = [this](std::size_t item) { return labelled_sample(data_, item, options_.size, fit_); };
    if (options_.balance) options.classes = data_.labels;
    return options;
  }

  TrainOptions options_;
  LabelledDataset data_;
  ClassifierNetwork network_;
  Fit fit_;
  Dataset items_;  // as the network sees them
  Split split_;
};

void Classification::check() const {
  parse_augmentation(options_.augment);
  const auto weights = static_cast<std::int64_t>(decimal_list(options_.class_weights, "class-weights").size());
  if (weights > 0 && weights != options_.classes)
    throw Error(fmt::format("--class-weights {}: are {}, of {} classes: {}", options_.class_weights, weights,
                            options_.classes, fmt::join(data_.classes, ", ")));
  std::vector<std::int64_t> seen(data_.classes.size());
  for (const std::size_t item : split_.train) ++seen[static_cast<std::size_t>(data_.labels[item])];
  for (std::size_t label = 0; label < seen.size(); ++label)
    if (seen[label] == 0)
      throw Error(fmt::format("{}: no image of the class \"{}\" is left to train with{}",
                              options_.val_last > 0 ? fmt::format("--val-last {}", options_.val_last) : options_.images,
                              data_.classes[label], options_.val_last > 0 ? "; use --val-fraction" : ""));
  if (!is_quickly_read(data_.files)) return;
  for (std::size_t item = 0; item < data_.files.items.size(); ++item)
    fit_to(data_.image(item), options_.size, fit_, data_.files.items[item].name);
}

class Classification::Batches : public Objective::Session {
 public:
  Batches(const Classification& task, const Place& place, std::int64_t epoch, std::int64_t step)
      : task_(task),
        loader_(task.items_, task.split_.train, task.loader_options(), epoch, step),
        classifier_(place.device, place.store, task.network_, task.options_.batch, 0,
                    place.memory == 0 ? place.tuner : nullptr),
        batches_(place.device, batch_layout(task.network_, task.options_, parse_augmentation(task.options_.augment)),
                 task.options_, *task.graph()) {}

  std::vector<NamedTensor> next() override { return batches_.next(loader_); }

  std::vector<double> validate() override { return score(task_.split_.validation); }
  std::vector<double> score_held_out() override { return score(task_.split_.test); }

  SafeTensors validation_images() override;

 private:
  std::vector<double> score(const std::vector<std::size_t>& items) {
    if (items.empty()) return {};
    const std::vector<std::int32_t> said = decisions(
        classifier_.probabilities(items.size(), [&](std::size_t i) { return loader_.sample(items[i])->image; }),
        task_.network_.classes);
    Confusion confusion(task_.network_.classes);
    for (std::size_t i = 0; i < items.size(); ++i) confusion.add(task_.data_.labels[items[i]], said[i]);
    if (task_.options_.balance) return {confusion.balanced_accuracy(), confusion.accuracy()};
    return {confusion.accuracy(), confusion.balanced_accuracy()};
  }

  const Classification& task_;
  Loader loader_;
  ClassifierRunner classifier_;
  AugmentedBatches batches_;
};

SafeTensors Classification::Batches::validation_images() {
  SafeTensors file;
  std::vector<float> images;
  std::vector<std::int32_t> labels;
  for (const std::size_t item : task_.split_.validation) {
    const auto sample = loader_.sample(item);
    images.insert(images.end(), sample->image.values.begin(), sample->image.values.end());
    labels.push_back(task_.data_.labels[item]);
  }
  if (labels.empty()) return file;
  const auto count = static_cast<std::int64_t>(labels.size());
  std::vector<std::int64_t> shape = {count, task_.network_.channels};
  shape.resize(static_cast<std::size_t>(task_.network_.rank + 2), task_.network_.side);
  file.tensors.push_back(StoredTensor::from_tensor("images", HostTensor::from_floats(Shape(shape), images)));
  file.tensors.push_back(StoredTensor::from_tensor("labels", HostTensor::from_ints(Shape{count}, labels)));
  return file;
}

// Validation takes what validation_bytes() says, whatever more it may: so by the usual kernels where that is limited.
std::unique_ptr<Objective::Session> Classification::start(const Place& place, std::int64_t epoch,
                                                          std::int64_t step) const {
  return std::make_unique<Batches>(*this, place, epoch, step);
}

}  // namespace

LabelledDataset open_classification(TrainOptions& options) {
  const std::filesystem::path images = options.images;
  LabelledDataset data = open_labelled_dataset(
      std::span(&images, 1), {.labels = options.labels, .validation = options.val_images}, data_format(options));
  const auto count = static_cast<std::int64_t>(data.classes.size());
  if (options.classes > 1 && options.classes != count)
    throw Error(fmt::format("--classes {}: --labels {} has {}: {}", options.classes, options.labels, count,
                            fmt::join(data.classes, ", ")));
  options.classes = count;
  if (depends_on_data(options.augment)) {
    std::vector<std::size_t> all(data.files.items.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    options.augment = to_string(augmentation_for(options.augment, data.files, all));
  }
  set_classifier_sizes(options, data.largest_extent());
  if (options.val_last >= data.count())
    throw Error(fmt::format("--val-last {}: there are only {} images, none would be left to train with",
                            options.val_last, data.count()));
  data.files.format.classes = static_cast<int>(count);
  data.files.format.class_names = data.classes;
  return data;
}

std::unique_ptr<Objective> classification(TrainOptions options, LabelledDataset data) {
  return std::make_unique<Classification>(std::move(options), std::move(data));
}

std::unique_ptr<Graph> training_graph(const ClassifierNetwork& network, const TrainOptions& options) {
  auto graph = std::make_unique<Graph>();
  const Augmentation augmentation = graph_augmentation(options);
  const BatchValues batch = augmented_inputs(*graph, batch_layout(network, options, augmentation), augmentation);
  const Value loss = loss_of(network, *graph, batch.images, batch.labels, options);
  const Value step_state = graph->input("step_state", {kStepStateElements});
  graph->output("loss", loss);
  add_update(*graph, loss, step_state, options);
  return keep_statistics_finite(*graph);
}

}  // namespace tuff
