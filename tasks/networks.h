// The networks that tuff can train, by the name that --model takes.
#pragma once

#include "models/unet.h"
#include "train/autoencoder.h"
#include "train/network.h"
#include "train/options.h"

namespace tuff {

// The U-Net that the options describe, with options.classes outputs; and as a network.
UNetConfig unet_config(const TrainOptions& options, std::int64_t in_channels);
Network unet_network(const UNetConfig& config);

// options.norm
NormKind norm_kind(const TrainOptions& options);

// What tiling needs of a network's axis. `radius`: NetworkAxis::radius where there is no padding.
NetworkAxis network_axis(const AxisGeometry& geometry, std::int64_t radius = 0);
// One for all axes, or of rank 3 z apart where so many levels are flat.
std::vector<NetworkAxis> network_axes(int rank, std::int64_t flat_levels,
                                      const std::function<NetworkAxis(int axis)>& axis_of);

// Network::whole_image
std::string whole_image_reason(NormKind norm);
std::string whole_image_reason(const UNetConfig& config);

// Whether make_autoencoder() knows a network by this name.
bool is_autoencoder(std::string_view model);

// Error where the options name no network that is here, or one of the other kind.
Network make_network(const TrainOptions& options, std::int64_t in_channels);
AutoencoderNetwork make_autoencoder(const TrainOptions& options, std::int64_t channels);

}  // namespace tuff
