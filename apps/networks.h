// The networks that tuff can train, by the name that --model takes.
#pragma once

#include "train/autoencoder.h"
#include "train/network.h"
#include "train/options.h"

namespace tuff {

// Error where the options name no network that is here, or one of the other kind.
Network make_network(const TrainOptions& options, std::int64_t in_channels);
AutoencoderNetwork make_autoencoder(const TrainOptions& options, std::int64_t channels);

}  // namespace tuff
