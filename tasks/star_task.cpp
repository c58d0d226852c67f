#include "tasks/star_task.h"

#include <cmath>

#include "instances/distance_transform.h"
#include "instances/star_polygons.h"
#include "models/stardist.h"
#include "ops/bce_with_logits.h"
#include "ops/concat.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/star_distances.h"
#include "tasks/instance_scorer.h"
#include "tasks/networks.h"

namespace tuff {
namespace {

// The published defaults (stardist's Config2D).
constexpr float kDistanceWeight = 0.2f;
constexpr float kBackgroundWeight = 1e-4f;

// Probability first, then the distances.
class StarReader : public DenseReader {
 public:
  explicit StarReader(const StarOptions& options) : options_(options) {}

  DenseResult read(Image output) override {
    std::span<float> probability = output.channel(0);
    for (float& value : probability) value = 1 / (1 + std::exp(-value));
    const std::span<const float> distances = std::span<const float>(output.values).subspan(probability.size());
    const auto polygons =
        find_star_polygons(probability, distances, output.channels - 1, output.height, output.width, options_);
    DenseResult result{.kind = DenseResult::Kind::instances};
    result.labels = labels_from_polygons(polygons, output.height, output.width);
    result.image = std::move(output);
    return result;
  }

 private:
  StarOptions options_;
};

class StarTask : public DenseTask {
 public:
  StarTask(const TrainOptions& options, const StarDistConfig& config, Network network)
      : options_(options), config_(config), network_(std::move(network)) {}

  const Network& network() const override { return network_; }
  Needs needs() const override { return {.labels = DType::i32, .target_channels = 1}; }
  void check(const Dataset& dataset) const override { check_instances(dataset); }

  void prepare(Sample& sample) const override {
    sample.targets = Image(1, sample.image.size());
    sample.targets.values = edt_prob(labels_of(sample));
  }

  // Binary cross entropy of the probability, and the distances' mean absolute error weighted by it.
  Value loss(Graph& graph, const Inputs& inputs) const override {
    const StarDistOutputs outputs = stardist(graph, inputs.images, config_, true, dropout_state(graph, config_.net));
    const auto scope = graph.scope("loss"), precise = graph.full_precision();
    const Value truth = star_distances(inputs.labels, {.rays = config_.rays}), probability = inputs.targets;
    const Value error = abs(sub(outputs.distances, truth)), outside = add_scalar(neg(probability), 1.0f);
    const Value inside = div(mean(mul(error, probability)), add_scalar(mean(probability), 1e-7f));
    const Value background = mean(mul(abs(outputs.distances), outside));
    const Value distances = add(inside, mul_scalar(background, kBackgroundWeight));
    return add(bce_with_logits(outputs.probability, probability), mul_scalar(distances, kDistanceWeight));
  }

  DenseResult::Kind result_kind() const override { return DenseResult::Kind::instances; }
  std::unique_ptr<DenseReader> reader(Device&) const override {
    return std::make_unique<StarReader>(StarOptions{.prob_threshold = static_cast<float>(options_.prob_threshold),
                                                    .nms_threshold = static_cast<float>(options_.nms_threshold)});
  }

  std::vector<Metric> metrics() const override { return instance_metrics(); }
  std::unique_ptr<Scorer> scorer() const override { return instance_scorer(); }

 private:
  TrainOptions options_;
  StarDistConfig config_;
  Network network_;
};

}  // namespace

std::unique_ptr<DenseTask> star_task(const TrainOptions& options, const DataFormat& format) {
  StarDistConfig config{.net = unet_config(options, format.image_channels), .rays = options.rays};
  Network network;
  network.name = "stardist";
  network.in_channels = format.image_channels;
  network.out_channels = 1 + config.rays;
  network.build = [config](Graph& graph, Value x, bool training) {
    const StarDistOutputs outputs = stardist(graph, x, config, training);
    return concat({outputs.probability, outputs.distances});
  };
  network.axes = {{.output_size = [config](std::int64_t size) { return stardist_output_size(config, size); },
                   .nearest_sizes = [config](std::int64_t size) { return stardist_nearest_sizes(config, size); },
                   .alignment = stardist_alignment(config),
                   .radius = stardist_receptive_radius(config)}};
  network.whole_image = whole_image_reason(config.net);
  return std::make_unique<StarTask>(options, config, std::move(network));
}

}  // namespace tuff
