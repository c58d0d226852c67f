#include "models/classifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/pool.h"
#include "ops/reshape.h"

namespace tuff {
namespace {

// Of a patch, whose poolings leave nothing over.
std::vector<AxisLayer> stages_of(const ClassifierConfig& config) {
  std::vector<AxisLayer> layers;
  for (std::size_t stage = 0; stage < config.stages.size(); ++stage) {
    layers.insert(layers.end(), static_cast<std::size_t>(config.convolutions), AxisLayer::convolution(3, false));
    layers.push_back(AxisLayer::reduction(2));
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
  throw Error(fmt::format("classifier: patches of {} pixels leave some over at a pooling; the nearest that don't: {}",
                          config.side, sizes_text(classifier_nearest_sides(config, config.side))));
}

// The network on patches or, with a stride, as a map over images: they differ in what their dense layers are made of.
class Builder {
 public:
  Builder(Graph& graph, const ClassifierConfig& config, bool training, Value random_state, std::int64_t stride = 0)
      : config_(config),
        stride_(stride),
        layers_(graph, {.rank = config.rank,
                        .training = training,
                        .norm = config.norm,
                        .activation = config.activation,
                        .random_state = random_state}) {}

  Value build(Value x) {
    std::int64_t reduced = 1, dilation = 1;  // by the poolings so far
    for (std::size_t stage = 0; stage < config_.stages.size(); ++stage) {
      for (std::int64_t i = 1; i <= config_.convolutions; ++i)
        x = layers_.block_layer(x, fmt::format("stages.{}", stage), std::to_string(i), config_.stages[stage],
                                {.dilation = {dilation}, .padding = Padding::valid});
      const bool reduces = stride_ == 0 || 2 * reduced <= stride_;
      x = max_pool(x, {.kernel = {2}, .stride = {reduces ? 2 : 1}, .dilation = {dilation}}).output;
      (reduces ? reduced : dilation) *= 2;
    }
    Window window{classifier_features_side(config_), dilation, stride_ / reduced};
    if (stride_ == 0) x = flatten(x, 1);
    for (std::size_t i = 0; i < config_.dense.size(); ++i, window = {}) {
      x = dense(x, fmt::format("dense.{}", i), config_.dense[i], window, config_.norm == NormKind::none);
      x = layers_.norm_and_activation(x, fmt::format("dense_norm.{}", i), fmt::format("dense_act.{}", i));
      x = layers_.dropout(x, config_.dropout);
    }
    return dense(x, "head", config_.classes, window, true);
  }

 private:
  // What a dense layer covers of its input, as a convolution.
  struct Window {
    std::int64_t side = 1, dilation = 1, stride = 1;
  };

  Value dense(Value x, const std::string& name, std::int64_t out, const Window& window, bool has_bias) {
    if (stride_ == 0) return layers_.dense(x, name, out, has_bias);
    Graph& graph = layers_.graph();
    const auto scope = graph.scope(name);
    std::vector<std::int64_t> kernel = {out, x.shape()[1]};
    kernel.resize(static_cast<std::size_t>(config_.rank + 2), window.side);
    const std::int64_t features = Shape(kernel).elements() / out;
    const Value weight = graph.parameter(name + ".weight", {out, features}, Initializer::he_normal(features));
    const Value bias = has_bias ? graph.parameter(name + ".bias", {out}, Initializer::constant(0)) : Value{};
    return conv(x, reshape(weight, Shape(kernel), Layout::weight), bias,
                {.stride = {window.stride}, .dilation = {window.dilation}});
  }

  const ClassifierConfig& config_;
  std::int64_t stride_;  // 0: of patches
  Layers layers_;
};

}  // namespace

Value classifier(Graph& graph, Value x, const ClassifierConfig& config, bool training, Value random_state) {
  check(config, x);
  for (int axis = 2; axis < config.rank + 2; ++axis)
    if (x.shape()[axis] != config.side)
      throw Error(fmt::format("classifier: patches are {}, the net takes a side of {}; classifier_map() takes images",
                              to_string(x.shape()), config.side));
  return Builder(graph, config, training, random_state).build(x);
}

Value classifier_map(Graph& graph, Value x, const ClassifierConfig& config, bool training, Value random_state,
                     std::int64_t stride) {
  check(config, x);
  if (stride == 0) stride = classifier_stride(config);
  if (!classifier_takes_stride(config, stride))
    throw Error(
        fmt::format("classifier: a map has one decision every 2^n pixels up to {0}, or every multiple of {0} up "
                    "to {1}, not every {2}",
                    classifier_stride(config), config.side, stride));
  for (int axis = 2; axis < config.rank + 2; ++axis)
    if (x.shape()[axis] < config.side)
      throw Error(fmt::format("classifier: the image {} is smaller than a patch, whose side is {}",
                              to_string(x.shape()), config.side));
  return Builder(graph, config, training, random_state, stride).build(x);
}

std::int64_t classifier_stride(const ClassifierConfig& config) {
  return std::int64_t{1} << config.stages.size();
}

bool classifier_takes_stride(const ClassifierConfig& config, std::int64_t stride) {
  const std::int64_t whole = classifier_stride(config);
  return stride >= 1 && stride <= std::max(config.side, whole) &&
         (stride < whole ? whole % stride : stride % whole) == 0;
}

std::int64_t classifier_features_side(const ClassifierConfig& config) {
  return output_extent(stages_of(config), config.side);
}

std::pair<std::int64_t, std::int64_t> classifier_nearest_sides(const ClassifierConfig& config, std::int64_t side) {
  return nearest_extents([&](std::int64_t extent) { return output_extent(stages_of(config), extent); }, side);
}

std::int64_t classifier_map_size(const ClassifierConfig& config, std::int64_t input, std::int64_t stride) {
  if (stride == 0) stride = classifier_stride(config);
  return input < config.side ? 0 : (input - config.side) / stride + 1;
}

}  // namespace tuff
