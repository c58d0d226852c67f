#include "tasks/networks.h"

#include <fmt/format.h>

#include "base/error.h"
#include "models/autoencoder.h"
#include "models/unet.h"
#include "models/vae.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

VaeConfig vae_config(const TrainOptions& options, std::int64_t channels) {
  return {.channels = channels,
          .side = options.size,
          .base = options.base,
          .latent = options.latent,
          .likelihood =
              options.likelihood == "gaussian" ? VaeConfig::Likelihood::gaussian : VaeConfig::Likelihood::bernoulli,
          .block = options.block == "residual" ? VaeConfig::Block::residual : VaeConfig::Block::plain,
          .norm = norm_kind(options),
          .classes = options.classes > 1 ? options.classes : 0};
}

AutoencoderNetwork plain_network(const AutoencoderConfig& config) {
  AutoencoderNetwork network{"autoencoder", config.channels, config.side, config.latent, 0, {}, {}, {}};
  network.encode = [config](Graph& graph, Value x, Value) {
    return AutoencoderNetwork::Posterior{autoencoder_encode(graph, x, config), {}};
  };
  network.decode = [config](Graph& graph, Value z, Value) { return autoencoder_decode(graph, z, config); };
  return network;
}

AutoencoderNetwork vae_network(const VaeConfig& config) {
  AutoencoderNetwork network{"vae", config.channels, config.side, config.latent, config.classes, {}, {}, {}};
  network.terms = [config](Graph& graph, Value x, Value noise, Value classes, bool training) {
    const VaeTerms terms = vae_terms(graph, x, noise, config, {.classes = classes, .training = training});
    return AutoencoderNetwork::Terms{terms.reconstruction, terms.kl, terms.twice_kl};
  };
  network.encode = [config](Graph& graph, Value x, Value classes) {
    const VaePosterior posterior = vae_encode(graph, x, config, {.classes = classes});
    return AutoencoderNetwork::Posterior{posterior.mean, posterior.log_variance};
  };
  network.decode = [config](Graph& graph, Value z, Value classes) {
    return vae_pixels(vae_decode(graph, z, config, {.classes = classes}), config);
  };
  return network;
}

}  // namespace

bool is_autoencoder(std::string_view model) {
  return model == "vae" || model == "autoencoder";
}

NormKind norm_kind(const TrainOptions& options) {
  return options.norm == "group"      ? NormKind::group
         : options.norm == "instance" ? NormKind::instance
         : options.norm == "none"     ? NormKind::none
                                      : NormKind::batch;
}

UNetConfig unet_config(const TrainOptions& options, std::int64_t in_channels) {
  UNetConfig config;
  config.in_channels = in_channels;
  config.out_channels = options.classes;
  config.base = options.base;
  config.depth = options.depth;
  config.padding = options.padding == "valid" ? Padding::valid : Padding::same;
  config.norm = norm_kind(options);
  config.up = options.up == "bilinear"  ? Upsampling::bilinear
              : options.up == "nearest" ? Upsampling::nearest
                                        : Upsampling::transpose;
  config.down = options.down == "stride" ? UNetConfig::Down::stride : UNetConfig::Down::pool;
  config.skip = options.skip == "add"    ? UNetConfig::Skip::add
                : options.skip == "none" ? UNetConfig::Skip::none
                                         : UNetConfig::Skip::concat;
  config.block = options.block == "residual"    ? UNetConfig::Block::residual
                 : options.block == "separable" ? UNetConfig::Block::separable
                                                : UNetConfig::Block::plain;
  config.rank = static_cast<int>(options.dims);
  config.attention = options.attention;
  config.deep_supervision = options.deep_supervision;
  config.coordinates = options.coords;
  config.dropout = static_cast<float>(options.dropout);
  config.flat_levels = options.flat_levels;
  return config;
}

std::string whole_image_reason(NormKind norm) {
  if (norm == NormKind::group) return "group norm takes its statistics from the whole image";
  if (norm == NormKind::instance) return "instance norm takes its statistics from the whole image";
  return "";
}

std::string whole_image_reason(const UNetConfig& config) {
  return config.coordinates ? "its coordinates are those of the whole image" : whole_image_reason(config.norm);
}

NetworkAxis network_axis(const AxisGeometry& geometry, std::int64_t radius) {
  NetworkAxis axis;
  axis.output_size = [geometry](std::int64_t size) { return geometry.output_size(size) / geometry.scale(); };
  axis.nearest_sizes = [geometry](std::int64_t size) { return geometry.nearest_sizes(size); };
  axis.alignment = geometry.alignment();
  axis.margin = geometry.margin();
  axis.radius = axis.margin > 0 ? radius : geometry.receptive_radius();
  if (axis.margin > 0) axis.reach = geometry.receptive_radius();
  return axis;
}

std::vector<NetworkAxis> network_axes(int rank, std::int64_t flat_levels,
                                      const std::function<NetworkAxis(int axis)>& axis_of) {
  std::vector<NetworkAxis> axes;
  for (int axis = flat_levels > 0 ? 0 : rank - 1; axis < rank; ++axis) axes.push_back(axis_of(axis));
  return axes;
}

Network unet_network(const UNetConfig& config) {
  Network network;
  network.name = "unet";
  network.in_channels = config.in_channels;
  network.out_channels = config.out_channels;
  network.rank = config.rank;
  network.build = [config](Graph& graph, Value x, bool training) {
    return unet(graph, x, config, training, dropout_state(graph, training, config.dropout));
  };
  if (config.deep_supervision > 0)
    network.build_supervised = [config](Graph& graph, Value x) {
      UNetOutputs outputs = unet_outputs(graph, x, config, true, dropout_state(graph, true, config.dropout));
      outputs.lower.insert(outputs.lower.begin(), outputs.logits);
      return outputs.lower;
    };
  network.axes = network_axes(config.rank, config.flat_levels, [&](int number) {
    const AxisGeometry geometry = unet_axis(config, number);
    // Without padding every output is exact, but interpolation repeats the edge pixels of each level.
    return network_axis(geometry, unet_interpolates(config) ? geometry.alignment() : 0);
  });
  network.whole_image = whole_image_reason(config);
  return network;
}

Network make_network(const TrainOptions& options, std::int64_t in_channels) {
  if (options.model == "unet") return unet_network(unet_config(options, in_channels));
  if (options.model == "vae")
    throw Error("the model is a vae, which draws images; use it with `tuff generate` or `tuff reconstruct`");
  if (options.model == "autoencoder")
    throw Error("the model is an autoencoder, which gives images back; use it with `tuff reconstruct`");
  throw Error(fmt::format("the model is a {}, not a U-Net", options.model));
}

AutoencoderNetwork make_autoencoder(const TrainOptions& options, std::int64_t channels) {
  if (options.model == "vae") return vae_network(vae_config(options, channels));
  if (options.model == "autoencoder")
    return plain_network({.channels = channels, .side = options.size, .base = options.base, .latent = options.latent});
  throw Error(fmt::format("the model is a {}; images are generated by a vae and reconstructed by it or an autoencoder",
                          options.model));
}

}  // namespace tuff
