#include "tasks/classifier_networks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "models/noisy_and.h"
#include "ops/resize.h"
#include "ops/slice.h"
#include "tasks/networks.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

constexpr std::int64_t kPatchSide = 32;
constexpr std::int64_t kMapStride = 4;

bool is_pooled(const TrainOptions& options) {
  return options.pooling != "none";
}

P4ClassifierConfig p4_config(const TrainOptions& options, std::int64_t channels) {
  P4ClassifierConfig config{.in_channels = channels,
                            .classes = options.classes,
                            .stages = {},
                            .convolutions = options.convolutions,
                            .norm = norm_kind(options),
                            .dropout = static_cast<float>(options.dropout)};
  for (std::int64_t level = 0; level <= options.depth; ++level) config.stages.push_back(options.base << level);
  return config;
}

// The nearest sides below (0: none) and above this one, itself where it fits.
std::pair<std::int64_t, std::int64_t> nearest_sides(const TrainOptions& options, std::int64_t side) {
  if (options.model == "p4") return p4_nearest_sides(p4_config(options, 1), side);
  ClassifierConfig config = classifier_config(options, 1);
  config.side = side;
  if (classifier_features_side(config) > 0) return {side, side};
  return classifier_nearest_sides(config, side);
}

void check_side(const TrainOptions& options, const char* option, std::int64_t side) {
  const auto [below, above] = nearest_sides(options, side);
  if (below == side || above == side) return;
  throw Error(fmt::format("--{} {}: the net can't halve it --depth {} times; use {}", option, side, options.depth,
                          sizes_text({below, above})));
}

// What a map loses of an image along an axis: patches begin at its first pixel and end at its last.
std::int64_t lost_pixels(const ClassifierConfig& config, std::int64_t stride) {
  return config.side - stride;
}

// Of an odd number the first pixel is dropped, too, so that both sides lose as much.
std::int64_t map_output(const ClassifierConfig& config, std::int64_t stride, std::int64_t extent) {
  const std::int64_t lost = lost_pixels(config, stride);
  if (extent < config.side || (extent - config.side) % stride != 0) return 0;
  return std::max<std::int64_t>(0, extent - lost - lost % 2);
}

Value build_map(Graph& graph, Value x, const ClassifierConfig& config, std::int64_t stride) {
  Value map = classifier_map(graph, x, config, false, {}, stride);
  const auto scope = graph.scope("map");
  if (stride > 1) map = resize(map, {.scale = {static_cast<double>(stride)}});
  if (lost_pixels(config, stride) % 2 != 0)
    for (int axis = 2; axis < map.shape().rank(); ++axis) map = narrow(map, axis, 1, map.shape()[axis] - 1);
  return map;
}

}  // namespace

ClassifierConfig classifier_config(const TrainOptions& options, std::int64_t channels) {
  ClassifierConfig config{.in_channels = channels,
                          .classes = options.classes,
                          .side = is_pooled(options) ? options.patch : options.size,
                          .stages = {},
                          .convolutions = options.convolutions,
                          .dense = dense_units(options),
                          .norm = norm_kind(options),
                          .dropout = static_cast<float>(options.dropout),
                          .rank = static_cast<int>(options.dims)};
  for (std::int64_t level = 0; options.model == "cnn" && level < options.depth; ++level)
    config.stages.push_back(options.base << level);
  return config;
}

ClassifierNetwork make_classifier(const TrainOptions& options, std::int64_t channels) {
  if (!is_classifier(options.model))
    throw Error(fmt::format("the model is a {}; classes of images are said by cnn, mlp and p4", options.model));
  ClassifierNetwork network{.name = options.model,
                            .channels = channels,
                            .classes = options.classes,
                            .side = options.size,
                            .rank = static_cast<int>(options.dims),
                            .pooled = is_pooled(options),
                            .build = {}};
  if (options.model == "p4") {
    network.build = [config = p4_config(options, channels)](Graph& graph, Value x, bool training) {
      return p4_classifier(graph, x, config, training, dropout_state(graph, training, config.dropout));
    };
    return network;
  }
  const ClassifierConfig config = classifier_config(options, channels);
  const std::int64_t stride = map_stride(options);
  network.build = [config, stride, pooled = network.pooled](Graph& graph, Value x, bool training) {
    const Value state = dropout_state(graph, training, config.dropout);
    if (!pooled) return classifier(graph, x, config, training, state);
    return noisy_and(graph, classifier_map(graph, x, config, training, state, stride));
  };
  return network;
}

std::int64_t map_stride(const TrainOptions& options) {
  if (options.stride > 0) return options.stride;
  const ClassifierConfig config = classifier_config(options, 1);
  return std::min(kMapStride, config.stages.empty() ? config.side : classifier_stride(config));
}

Network classifier_network(const TrainOptions& options, std::int64_t channels) {
  const ClassifierConfig config = classifier_config(options, channels);
  const std::int64_t stride = map_stride(options);
  if (!classifier_takes_stride(config, stride))
    throw Error(fmt::format("--stride {}: must be a power of two up to {}, or a multiple of that up to the patch's {}",
                            stride, classifier_stride(config), config.side));
  Network network;
  network.name = options.model;
  network.in_channels = channels;
  network.out_channels = config.classes;
  network.rank = config.rank;
  network.build = [config, stride](Graph& graph, Value x, bool training) {
    if (!training) return build_map(graph, x, config, stride);
    return classifier_map(graph, x, config, true, dropout_state(graph, true, config.dropout));
  };
  const auto output = [config, stride](std::int64_t extent) { return map_output(config, stride, extent); };
  network.axes = {{.output_size = output,
                   .nearest_sizes = [output](std::int64_t extent) { return nearest_extents(output, extent); },
                   .alignment = stride,
                   .margin = (lost_pixels(config, stride) + 1) / 2}};
  return network;
}

std::int64_t classifier_side_from(const TrainOptions& options, std::int64_t side) {
  return nearest_sides(options, side).second;
}

void set_classifier_sizes(TrainOptions& options, std::int64_t largest) {
  if (!is_pooled(options)) {
    if (options.size == 0) options.size = classifier_side_from(options, largest > 0 ? largest : kPatchSide);
    return check_side(options, "size", options.size);
  }
  if (options.size == 0) options.size = largest;
  if (options.patch == 0) options.patch = classifier_side_from(options, kPatchSide);
  check_side(options, "patch", options.patch);
  if (options.patch > options.size)
    throw Error(fmt::format("--patch {}: is larger than the images, which are {}; use a smaller one", options.patch,
                            options.size));
}

}  // namespace tuff
