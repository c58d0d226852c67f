#include "tasks/star_task.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "instances/distance_transform.h"
#include "instances/star_polygons.h"
#include "instances/star_polyhedra.h"
#include "models/stardist.h"
#include "ops/bce_with_logits.h"
#include "ops/concat.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/star_distances.h"
#include "tasks/instance_scorer.h"
#include "tasks/networks.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

// The published defaults (stardist's Config2D).
constexpr float kDistanceWeight = 0.2f;
constexpr float kBackgroundWeight = 1e-4f;

// Where nothing was said nor estimated, slices are as far apart as pixels.
double anisotropy_of(const TrainOptions& options) {
  return options.anisotropy > 0 ? options.anisotropy : 1;
}

// Probability first, then the distances.
class StarReader : public DenseReader {
 public:
  // Of volumes with the sphere that their rays span, else it is empty.
  StarReader(const StarOptions& options, StarSphere sphere) : options_(options), sphere_(std::move(sphere)) {}

  DenseResult read(Image output) override {
    std::span<float> probability = output.channel(0);
    for (float& value : probability) value = 1 / (1 + std::exp(-value));
    const std::span<const float> distances = std::span<const float>(output.values).subspan(probability.size());
    DenseResult result{.kind = DenseResult::Kind::instances};
    result.labels =
        sphere_.rays.empty() ? polygons(output, probability, distances) : polyhedra(output, probability, distances);
    result.image = std::move(output);
    return result;
  }

 private:
  Labels polygons(const Image& size, std::span<const float> probability, std::span<const float> distances) const {
    const auto found = find_star_polygons(probability, distances, size.channels - 1, size.height, size.width, options_);
    return labels_from_polygons(found, size.height, size.width);
  }
  Labels polyhedra(const Image& size, std::span<const float> probability, std::span<const float> distances) const {
    const auto found =
        find_star_polyhedra(probability, distances, sphere_, size.depth, size.height, size.width,
                            {.prob_threshold = options_.prob_threshold, .nms_threshold = options_.nms_threshold});
    return labels_from_polyhedra(found, sphere_, size.depth, size.height, size.width);
  }

  StarOptions options_;
  StarSphere sphere_;
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
    sample.targets.values = edt_prob(labels_of(sample), {.depth = anisotropy_of(options_)});
  }

  // Binary cross entropy of the probability, and the distances' mean absolute error weighted by it.
  Value loss(Graph& graph, const Inputs& inputs) const override {
    const StarDistOutputs outputs =
        stardist(graph, inputs.images, config_, true, dropout_state(graph, true, config_.net.dropout));
    const auto scope = graph.scope("loss"), precise = graph.full_precision();
    const Value truth = true_distances(inputs.labels), probability = inputs.targets;
    const Value error = abs(sub(outputs.distances, truth)), outside = add_scalar(neg(probability), 1.0f);
    const Value inside = div(mean(mul(error, probability)), add_scalar(mean(probability), 1e-7f));
    const Value background = mean(mul(abs(outputs.distances), outside));
    const Value distances = add(inside, mul_scalar(background, kBackgroundWeight));
    return add(bce_with_logits(outputs.probability, probability), mul_scalar(distances, kDistanceWeight));
  }

  DenseResult::Kind result_kind() const override { return DenseResult::Kind::instances; }
  std::unique_ptr<DenseReader> reader(Device&) const override {
    return std::make_unique<StarReader>(
        StarOptions{.prob_threshold = static_cast<float>(options_.prob_threshold),
                    .nms_threshold = static_cast<float>(options_.nms_threshold)},
        is_volume() ? star_sphere(config_.rays, anisotropy_of(options_)) : StarSphere{});
  }

  std::vector<Metric> metrics() const override { return instance_metrics(); }
  std::unique_ptr<Scorer> scorer() const override { return instance_scorer(); }

 private:
  bool is_volume() const { return config_.net.rank == 3; }

  Value true_distances(Value labels) const {
    if (!is_volume()) return star_distances(labels, {.rays = config_.rays});
    std::vector<std::int64_t> extents = labels.shape().extents();
    extents.insert(extents.begin() + 1, 1);
    return star_distances(reshape(labels, extents), {.rays = config_.rays, .anisotropy = anisotropy_of(options_)});
  }

  TrainOptions options_;
  StarDistConfig config_;
  Network network_;
};

double median(std::vector<std::int64_t>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return static_cast<double>(*middle);
}

struct Extents {
  ImageSize first{1 << 30, 1 << 30, 1 << 30}, last{-1, -1, -1};
};

// Of each object.
std::map<std::int32_t, Extents> object_extents(const Labels& labels) {
  std::map<std::int32_t, Extents> objects;
  std::size_t at = 0;
  for (std::int64_t z = 0; z < labels.depth; ++z)
    for (std::int64_t y = 0; y < labels.height; ++y)
      for (std::int64_t x = 0; x < labels.width; ++x)
        if (const std::int32_t id = labels.ids[at++]; id > 0) {
          auto& [first, last] = objects[id];
          first = {std::min(first.depth, z), std::min(first.height, y), std::min(first.width, x)};
          last = {std::max(last.depth, z), std::max(last.height, y), std::max(last.width, x)};
        }
  return objects;
}

}  // namespace

double estimate_anisotropy(const Dataset& dataset) {
  constexpr std::int64_t kEnough = 100'000'000;  // voxels, some seconds
  std::vector<std::int64_t> depths, heights, widths;
  std::int64_t voxels = 0;
  for (std::size_t item = 0; item < dataset.items.size() && voxels < kEnough; ++item) {
    const Sample sample = load_sample(dataset, item);
    voxels += sample.image.size().pixels();
    for (const auto& [id, extents] : object_extents(labels_of(sample))) {
      depths.push_back(extents.last.depth - extents.first.depth + 1);
      heights.push_back(extents.last.height - extents.first.height + 1);
      widths.push_back(extents.last.width - extents.first.width + 1);
    }
  }
  if (depths.empty()) return 1;  // which check() refuses
  const double ratio = (median(heights) + median(widths)) / 2 / median(depths);
  return std::round(std::clamp(ratio, 0.1, 100.0) * 100) / 100;
}

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
  network.rank = config.net.rank;
  network.axes = network_axes(config.net.rank, config.net.flat_levels,
                              [&](int number) { return network_axis(stardist_axis(config, number)); });
  network.whole_image = whole_image_reason(config.net);
  return std::make_unique<StarTask>(options, config, std::move(network));
}

}  // namespace tuff
