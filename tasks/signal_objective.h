// Training on signals in memory, whole ones in an order drawn by the seed.
#pragma once

#include <memory>

#include "tasks/signals.h"
#include "train/objective.h"

namespace tuff {

// Denoisers are judged by PSNR and error, classifiers by accuracy. An epoch is 100 steps at least. `options` must have
// passed validate(); data without targets are clean, and options.noise is added to them in each step anew.
std::unique_ptr<Objective> signal_objective(TrainOptions options, SignalData data);

// What validation and `tuff evaluate` give a network: with options.noise, noise that is the same each time.
std::vector<Image> noisy_inputs(const SignalData& data, const std::vector<std::size_t>& items,
                                const TrainOptions& options);

// PSNR over the input's range, and the root of the mean squared error in the file's units: means over signals.
std::vector<Metric> signal_metrics(std::string_view model);
std::vector<double> signal_scores(const SignalData& data, const std::vector<std::size_t>& items,
                                  std::span<const Image> results);

}  // namespace tuff
