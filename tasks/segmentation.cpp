#include "tasks/segmentation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "instances/borders.h"
#include "instances/centers.h"
#include "ops/bce_with_logits.h"
#include "ops/cross_entropy.h"
#include "ops/dice_loss.h"
#include "ops/focal_loss.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/slice.h"
#include "tasks/dense_objective.h"
#include "tasks/instance_scorer.h"
#include "train/metrics.h"

namespace tuff {
namespace {

// Of pixels that nothing is said of (DataFormat::undefined).
constexpr std::int32_t kUndefinedLabel = -1;

class SegmentationScorer : public Scorer {
 public:
  explicit SegmentationScorer(std::int64_t classes) : classes_(classes) {}

  std::vector<double> add(const Sample& sample, const DenseResult& result) override {
    scores_.push_back(score(result.labels.ids, sample.labels, classes_));
    return values(scores_.back());
  }
  std::vector<double> total() const override { return values(mean(scores_)); }

 private:
  static std::vector<double> values(const Scores& scores) { return {scores.dice, scores.iou, scores.pixel_accuracy}; }

  std::int64_t classes_;
  std::vector<Scores> scores_;
};

class ClassReader : public DenseReader {
 public:
  DenseResult read(Image output) override {
    DenseResult result{.kind = DenseResult::Kind::classes, .labels = Labels(output.depth, output.height, output.width)};
    result.labels.ids = classify(output.values, output.channels);
    result.image = std::move(output);
    return result;
  }
};

class SegmentationTask : public DenseTask {
 public:
  SegmentationTask(const TrainOptions& options, Network network)
      : options_(options),
        network_(std::move(network)),
        class_weights_(decimal_list(options.class_weights, "class-weights")) {}

  const Network& network() const override { return network_; }
  Needs needs() const override {
    return {.labels = options_.classes > 1 ? DType::i32 : DType::f32,
            .target_channels = is_weighted() ? 1 : 0,
            .nearest_targets = true};  // weights belong to the labels beside them
  }

  void check(const Dataset& dataset) const override {
    if (has_objects()) check_instances(dataset);
  }

  // Classes from ids of objects, and how much each pixel counts.
  void prepare(Sample& sample) const override {
    if (sample.labels.empty()) return;
    std::vector<float> extra;
    if (options_.border_weight > 0)
      extra = border_weights(labels_of(sample), options_.border_weight, options_.border_sigma);
    if (options_.boundary > 0)
      sample.labels = boundary_classes(labels_of(sample), options_.boundary);
    else if (options_.centers > 0)
      sample.labels = center_classes(labels_of(sample), options_.centers, kUndefinedLabel);
    else if (has_objects())
      for (std::int32_t& label : sample.labels) label = std::min(label, 1);
    if (!is_weighted()) return;
    sample.targets = Image(1, sample.image.size());
    for (std::size_t i = 0; i < sample.labels.size(); ++i)
      sample.targets.values[i] = weight_of(sample.labels[i]) + (extra.empty() ? 0.0f : extra[i]);
  }

  Value loss(Graph& graph, const Inputs& inputs) const override {
    if (network_.build_supervised) return supervised_loss(graph, inputs);
    const Value logits = network_.build(graph, inputs.images, true);
    const auto scope = graph.scope("loss");
    return training_loss(logits, inputs.labels, options_, inputs.targets);
  }

  DenseResult::Kind result_kind() const override { return DenseResult::Kind::classes; }
  std::unique_ptr<DenseReader> reader(Device&) const override { return std::make_unique<ClassReader>(); }

  std::vector<Metric> metrics() const override {
    return {{"val_dice", "Dice"}, {"val_iou", "IoU"}, {"val_pixel_accuracy", "accuracy"}};
  }
  std::unique_ptr<Scorer> scorer() const override { return std::make_unique<SegmentationScorer>(options_.classes); }

 private:
  // Each coarser level counts half as much as the one before; together they weigh 1.
  Value supervised_loss(Graph& graph, const Inputs& inputs) const {
    const std::vector<Value> levels = network_.build_supervised(graph, inputs.images);
    const auto scope = graph.scope("loss");
    Value sum;
    float weight = 1, weights = 0;
    for (const Value level : levels) {
      const Value loss =
          mul_scalar(training_loss(level, thinned(inputs.labels, level), options_, weights_of(inputs, level)), weight);
      sum = sum ? add(sum, loss) : loss;
      weights += weight;
      weight /= 2;
    }
    return mul_scalar(sum, 1 / weights);
  }

  bool has_objects() const { return options_.boundary > 0 || options_.border_weight > 0 || options_.centers > 0; }
  bool is_weighted() const {
    return !class_weights_.empty() || options_.border_weight > 0 || options_.undefined >= 0 || options_.centers > 0;
  }
  float weight_of(std::int32_t label) const {
    if (label < 0) return 0;
    return class_weights_.empty() ? 1.0f : static_cast<float>(class_weights_[static_cast<std::size_t>(label)]);
  }

  static Value weights_of(const Inputs& inputs, Value level) {
    return inputs.targets ? thinned(inputs.targets, level) : Value{};
  }

  // Every n-th label of each axis, as many as the level has pixels.
  static Value thinned(Value labels, Value level) {
    const Shape& shape = labels.shape();
    const int rank = level.shape().rank() - 2, first = shape.rank() - rank;
    std::vector<std::int64_t> starts(static_cast<std::size_t>(shape.rank()), 0),
        ends = shape.extents(), steps(static_cast<std::size_t>(shape.rank()), 1);
    for (int axis = 0; axis < rank; ++axis)
      steps[static_cast<std::size_t>(first + axis)] = shape[first + axis] / level.shape()[2 + axis];
    return std::ranges::all_of(steps, [](std::int64_t step) { return step == 1; }) ? labels
                                                                                   : slice(labels, starts, ends, steps);
  }

  TrainOptions options_;
  Network network_;
  std::vector<double> class_weights_;
};

}  // namespace

Value training_loss(Value logits, Value labels, const TrainOptions& options, Value weight) {
  const bool multi_class = options.classes > 1;
  const auto activation = multi_class ? DiceAttributes::Activation::softmax : DiceAttributes::Activation::sigmoid;
  const LossReduction reduction = weight ? LossReduction::sum : LossReduction::mean;
  // A crop may have no pixel that counts.
  const auto over_weights = [&](Value loss) { return weight ? div(loss, clamp_min(sum(weight), 1)) : loss; };
  const auto entropy = [&] {
    if (!multi_class) return over_weights(bce_with_logits(logits, labels, weight, {}, reduction));
    return over_weights(cross_entropy(logits, labels,
                                      {.ignore_index = kUndefinedLabel,
                                       .label_smoothing = static_cast<float>(options.label_smoothing),
                                       .reduction = reduction},
                                      {}, weight));
  };
  // With weights and classes as the Tversky loss that is Dice, which knows pixels to ignore.
  const auto dice = [&] {
    if (!weight || !multi_class) return dice_loss(logits, labels, {.activation = activation}, weight);
    return tversky_loss(
        logits, labels,
        {.smooth = DiceAttributes{}.smooth / 2, .activation = activation, .ignore_index = kUndefinedLabel}, weight);
  };
  if (options.loss == "ce" || options.loss == "bce") return entropy();
  if (options.loss == "dice") return dice();
  if (options.loss == "bce+dice" || options.loss == "ce+dice") return add(entropy(), dice());
  if (options.loss == "tversky")
    return tversky_loss(logits, labels,
                        {.alpha = static_cast<float>(options.tversky_alpha),
                         .beta = static_cast<float>(options.tversky_beta),
                         .activation = activation,
                         .ignore_index = kUndefinedLabel},
                        weight);
  const auto gamma = static_cast<float>(options.focal_gamma);
  if (options.loss == "focal")
    return over_weights(
        multi_class ? focal_loss(logits, labels,
                                 {.gamma = gamma, .ignore_index = kUndefinedLabel, .reduction = reduction}, {}, weight)
                    : sigmoid_focal_loss(logits, weight ? clamp_min(labels, 0) : labels, 0.25f, gamma,
                                         {.reduction = reduction, .weight = weight}));
  throw Error(fmt::format("loss: \"{}\" is none of bce, ce, dice, bce+dice, ce+dice, tversky, focal", options.loss));
}

std::unique_ptr<DenseTask> segmentation_task(const TrainOptions& options, Network network) {
  return std::make_unique<SegmentationTask>(options, std::move(network));
}

std::unique_ptr<Objective> segmentation(TrainOptions options, Dataset dataset, Network network) {
  std::shared_ptr<const DenseTask> task = segmentation_task(options, std::move(network));
  return dense_objective(std::move(options), std::move(dataset), std::move(task));
}

std::unique_ptr<Graph> training_graph(const Network& network, const TrainOptions& options) {
  return training_graph(SegmentationTask(options, network), options);
}

}  // namespace tuff
