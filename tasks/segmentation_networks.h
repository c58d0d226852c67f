// The networks other than U-Nets that say of each pixel what it shows.
#pragma once

#include <cstdint>

#include "train/network.h"
#include "train/options.h"

namespace tuff {

// One output channel, or options.classes.
Network fcn_network(const TrainOptions& options, std::int64_t in_channels);
Network segnet_network(const TrainOptions& options, std::int64_t in_channels);
Network rootpainter_network(const TrainOptions& options, std::int64_t in_channels);
Network deepmedic_network(const TrainOptions& options, std::int64_t in_channels);

}  // namespace tuff
