// The learning-rate range test (Smith 2017, "Cyclical learning rates for training neural networks"): some steps from
// random weights, each at a higher rate than the one before. Where the loss falls fastest is a good rate; where it
// rises the rate is too high.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "train/trainer.h"

namespace tuff {

struct RateRange {
  double lowest = 1e-6;
  double highest = 10;
  std::int64_t steps = 100;

  // Of a step from 0: exponentially from the lowest to the highest.
  double at(std::int64_t step) const;
};

struct RateTest {
  std::vector<double> rates;
  std::vector<double> losses;    // of each step, before its update
  std::vector<double> smoothed;  // smooth_losses()
  bool stopped = false;          // by hooks.stop
  std::optional<double> suggestion;
};

// Ends early once the smoothed loss is four times its least, or the loss isn't finite. Leaves no file. Of the hooks
// `step`, `log` and `stop` are asked.
RateTest find_learning_rate(Device& device, const TrainingTask& task, const RateRange& range,
                            const TrainingHooks& hooks = {});

// The mean of each loss and `half` neighbors on either side, where there are so many: without the lag of a running
// mean.
std::vector<double> smooth_losses(std::span<const double> losses, std::size_t half);

// Where the smoothed loss falls fastest over the logarithm of the rate, before its least; none where it doesn't fall.
std::optional<double> suggest_rate(std::span<const double> rates, std::span<const double> smoothed);

// find-lr.csv and find-lr.png in a folder, which is made where it isn't there.
inline constexpr const char* kRateTable = "find-lr.csv";
inline constexpr const char* kRatePlot = "find-lr.png";
void write_rate_test(const std::filesystem::path& folder, const RateTest& test);

}  // namespace tuff
