#include "models/classifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/pool.h"
#include "ops/reshape.h"

namespace tuff {
namespace {

std::vector<AxisLayer> stages_of(const ClassifierConfig& config, bool whole) {
  std::vector<AxisLayer> layers;
  for (std::size_t stage = 0; stage < config.stages.size(); ++stage) {
    layers.insert(layers.end(), static_cast<std::size_t>(config.convolutions), AxisLayer::convolution(3, false));
    layers.push_back({.kernel = 2, .stride = 2, .whole = whole});
  }
  return layers;
}

void check(const ClassifierConfig& config, Value x) {
  if (config.classes < 1 || config.convolutions < 1 ||
      std::ranges::any_of(config.stages, [](auto c) { return c < 1; }) ||
      std::ranges::any_of(config.dense, [](auto units) { return units < 1; }))
    throw Error("classifier: classes, convolutions, and channels or units of every layer must be at least 1");
  if (config.norm != NormKind::batch && config.norm != NormKind::none)
    throw Error("classifier: the norm must be batch or none; statistics of others differ between patch and image");
  require_input("classifier", x, config.rank, config.in_channels);
  if (classifier_features_side(config) > 0) return;
  const auto features = [&](std::int64_t side) { return output_extent(stages_of(config, true), side); };
  const auto [below, above] = nearest_extents(features, config.side);
  throw Error(fmt::format("classifier: patches of {} pixels leave some over at a pooling; the nearest that don't: {}{}",
                          config.side, below > 0 ? fmt::format("{} or ", below) : "", above));
}

// The network on patches or, `dense_map`, on images: they differ in what their dense layers are made of.
class Builder {
 public:
  Builder(Graph& graph, const ClassifierConfig& config, bool training, Value random_state, bool dense_map)
      : config_(config),
        dense_map_(dense_map),
        layers_(graph, {.rank = config.rank,
                        .training = training,
                        .norm = config.norm,
                        .activation = config.activation,
                        .random_state = random_state}) {}

  Value build(Value x) {
    for (std::size_t stage = 0; stage < config_.stages.size(); ++stage) {
      for (std::int64_t i = 1; i <= config_.convolutions; ++i)
        x = layers_.block_layer(x, fmt::format("stages.{}", stage), std::to_string(i), config_.stages[stage],
                                {.padding = Padding::valid});
      x = max_pool(x, {.kernel = {2}}).output;
    }
    std::int64_t side = classifier_features_side(config_);  // of what a dense layer covers
    if (!dense_map_) x = flatten(x, 1);
    for (std::size_t i = 0; i < config_.dense.size(); ++i, side = 1) {
      x = dense(x, fmt::format("dense.{}", i), config_.dense[i], side, config_.norm == NormKind::none);
      x = layers_.norm_and_activation(x, fmt::format("dense_norm.{}", i), fmt::format("dense_act.{}", i));
      x = layers_.dropout(x, config_.dropout);
    }
    return dense(x, "head", config_.classes, side, true);
  }

 private:
  Value dense(Value x, const std::string& name, std::int64_t out, std::int64_t side, bool has_bias) {
    if (!dense_map_) return layers_.dense(x, name, out, has_bias);
    Graph& graph = layers_.graph();
    const auto scope = graph.scope(name);
    std::vector<std::int64_t> kernel = {out, x.shape()[1]};
    kernel.resize(static_cast<std::size_t>(config_.rank + 2), side);
    const std::int64_t features = Shape(kernel).elements() / out;
    const Value weight = graph.parameter(name + ".weight", {out, features}, Initializer::he_normal(features));
    const Value bias = has_bias ? graph.parameter(name + ".bias", {out}, Initializer::constant(0)) : Value{};
    return conv(x, reshape(weight, Shape(kernel), Layout::weight), bias);
  }

  const ClassifierConfig& config_;
  bool dense_map_;
  Layers layers_;
};

}  // namespace

Value classifier(Graph& graph, Value x, const ClassifierConfig& config, bool training, Value random_state) {
  check(config, x);
  for (int axis = 2; axis < config.rank + 2; ++axis)
    if (x.shape()[axis] != config.side)
      throw Error(fmt::format("classifier: patches are {}, the net takes a side of {}; classifier_map() takes images",
                              to_string(x.shape()), config.side));
  return Builder(graph, config, training, random_state, false).build(x);
}

Value classifier_map(Graph& graph, Value x, const ClassifierConfig& config, bool training, Value random_state) {
  check(config, x);
  for (int axis = 2; axis < config.rank + 2; ++axis)
    if (x.shape()[axis] < config.side)
      throw Error(fmt::format("classifier: the image {} is smaller than a patch, whose side is {}",
                              to_string(x.shape()), config.side));
  return Builder(graph, config, training, random_state, true).build(x);
}

std::int64_t classifier_stride(const ClassifierConfig& config) {
  return std::int64_t{1} << config.stages.size();
}

std::int64_t classifier_features_side(const ClassifierConfig& config) {
  return output_extent(stages_of(config, true), config.side);
}

std::int64_t classifier_map_size(const ClassifierConfig& config, std::int64_t input) {
  if (input < config.side) return 0;
  return output_extent(stages_of(config, false), input) - classifier_features_side(config) + 1;
}

}  // namespace tuff
