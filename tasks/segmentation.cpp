#include "tasks/segmentation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/bce_with_logits.h"
#include "ops/cross_entropy.h"
#include "ops/dice_loss.h"
#include "ops/focal_loss.h"
#include "ops/pointwise.h"
#include "ops/slice.h"
#include "tasks/dense_objective.h"
#include "train/metrics.h"

namespace tuff {
namespace {

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
  SegmentationTask(const TrainOptions& options, Network network) : options_(options), network_(std::move(network)) {}

  const Network& network() const override { return network_; }
  Needs needs() const override { return {.labels = options_.classes > 1 ? DType::i32 : DType::f32}; }

  Value loss(Graph& graph, const Inputs& inputs) const override {
    if (network_.build_supervised) return supervised_loss(graph, inputs);
    const Value logits = network_.build(graph, inputs.images, true);
    const auto scope = graph.scope("loss");
    return training_loss(logits, inputs.labels, options_);
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
      const Value loss = mul_scalar(training_loss(level, thinned(inputs.labels, level), options_), weight);
      sum = sum ? add(sum, loss) : loss;
      weights += weight;
      weight /= 2;
    }
    return mul_scalar(sum, 1 / weights);
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
};

}  // namespace

Value training_loss(Value logits, Value labels, const TrainOptions& options) {
  const bool multi_class = options.classes > 1;
  const auto activation = multi_class ? DiceAttributes::Activation::softmax : DiceAttributes::Activation::sigmoid;
  const auto entropy = [&] {
    if (!multi_class) return bce_with_logits(logits, labels);
    return cross_entropy(logits, labels, {.label_smoothing = static_cast<float>(options.label_smoothing)});
  };
  const auto dice = [&] { return dice_loss(logits, labels, {.activation = activation}); };
  if (options.loss == "ce" || options.loss == "bce") return entropy();
  if (options.loss == "dice") return dice();
  if (options.loss == "bce+dice" || options.loss == "ce+dice") return add(entropy(), dice());
  if (options.loss == "tversky")
    return tversky_loss(logits, labels,
                        {.alpha = static_cast<float>(options.tversky_alpha),
                         .beta = static_cast<float>(options.tversky_beta),
                         .activation = activation});
  const auto gamma = static_cast<float>(options.focal_gamma);
  if (options.loss == "focal")
    return multi_class ? focal_loss(logits, labels, {.gamma = gamma})
                       : sigmoid_focal_loss(logits, labels, 0.25f, gamma);
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
