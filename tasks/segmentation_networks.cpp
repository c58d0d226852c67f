#include "tasks/segmentation_networks.h"

#include "models/deepmedic.h"
#include "models/fcn.h"
#include "models/rootpainter.h"
#include "models/segnet.h"
#include "tasks/networks.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

Network network_of(const TrainOptions& options, std::int64_t in_channels, int rank) {
  Network network;
  network.name = options.model;
  network.in_channels = in_channels;
  network.out_channels = options.classes;
  network.rank = rank;
  return network;
}

}  // namespace

Network fcn_network(const TrainOptions& options, std::int64_t in_channels) {
  using Variant = FcnConfig::Variant;
  const FcnConfig config{.in_channels = in_channels,
                         .out_channels = options.classes,
                         .base = options.base,
                         .wide = 8 * options.base,
                         .variant = options.variant == "32s"   ? Variant::fcn32s
                                    : options.variant == "16s" ? Variant::fcn16s
                                                               : Variant::fcn8s,
                         .norm = norm_kind(options),
                         .dropout = static_cast<float>(options.dropout),
                         .rank = static_cast<int>(options.dims)};
  Network network = network_of(options, in_channels, config.rank);
  network.build = [config](Graph& graph, Value x, bool training) {
    return fcn(graph, x, config, training, dropout_state(graph, training, config.dropout));
  };
  network.axes = {network_axis(fcn_axis(config))};
  network.whole_image = whole_image_reason(config.norm);
  return network;
}

Network segnet_network(const TrainOptions& options, std::int64_t in_channels) {
  const SegNetConfig config{.in_channels = in_channels,
                            .out_channels = options.classes,
                            .base = options.base,
                            .depth = options.depth,
                            .norm = norm_kind(options),
                            .rank = static_cast<int>(options.dims)};
  Network network = network_of(options, in_channels, config.rank);
  network.build = [config](Graph& graph, Value x, bool training) { return segnet(graph, x, config, training); };
  network.axes = {network_axis(segnet_axis(config))};
  network.whole_image = whole_image_reason(config.norm);
  return network;
}

Network rootpainter_network(const TrainOptions& options, std::int64_t in_channels) {
  const RootPainterConfig config{
      .in_channels = in_channels, .out_channels = options.classes, .width = options.base, .depth = options.depth};
  Network network = network_of(options, in_channels, config.rank);
  network.build = [config](Graph& graph, Value x, bool training) { return rootpainter(graph, x, config, training); };
  network.axes = {network_axis(rootpainter_axis(config))};
  network.whole_image = whole_image_reason(NormKind::group);
  return network;
}

Network deepmedic_network(const TrainOptions& options, std::int64_t in_channels) {
  DeepMedicConfig config{.in_channels = in_channels,
                         .out_channels = options.classes,
                         .norm = norm_kind(options),
                         .dropout = static_cast<float>(options.dropout),
                         .rank = static_cast<int>(options.dims)};
  // The paper's proportions: 30, 30, 40, 40, 40, 40, 50, 50 and 150 at a base of 30.
  for (std::int64_t& channels : config.channels) channels = channels * options.base / 30;
  for (std::int64_t& channels : config.classifier) channels = channels * options.base / 30;
  Network network = network_of(options, in_channels, config.rank);
  network.build = [config](Graph& graph, Value x, bool training) {
    return deepmedic(graph, x, config, training, dropout_state(graph, training, config.dropout));
  };
  network.axes = {network_axis(deepmedic_axis(config))};
  network.whole_image = whole_image_reason(config.norm);
  return network;
}

}  // namespace tuff
