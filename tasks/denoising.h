// What denoisers of images and of signals share: which noise a sample gets, which options go together, and that their
// networks learn the noise.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/philox.h"
#include "graph/graph.h"
#include "train/options.h"

namespace tuff {

// What validation adds noise to is numbered as samples of this epoch, which no training reaches.
inline constexpr std::int64_t kValidationEpoch = 0xffffffff;

// Where the noise of sample `number` of an epoch is drawn from.
PhiloxStream noise_stream(const TrainOptions& options, std::int64_t epoch, std::int64_t number);

// Error where options.noise is missing though there are no targets, or though options.noisy_targets need it. `what`:
// "images" or "signals", for the message.
void check_noise(const TrainOptions& options, bool has_targets, std::string_view what);

// Adds to x what the network gives for it: it learns the noise, which is there from the first step on (Zhang et al.
// 2017).
using BuildNetwork = std::function<Value(Graph&, Value x, bool training)>;
BuildNetwork residual(BuildNetwork build);

}  // namespace tuff
