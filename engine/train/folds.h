// The runs of a cross-validation side by side.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "train/objective.h"

namespace tuff {

struct FoldScores {
  std::int64_t fold = 0;         // from 1
  std::int64_t step = 0;         // of the best model
  std::vector<double> scores;    // of Objective::metrics(), on the images that the fold holds back
  std::vector<double> held_out;  // the same on those that all folds hold out; empty where there are none
};

struct Spread {
  double mean = 0;
  double deviation = 0;  // the sample's, over n - 1; 0 of a single value
};

Spread spread_of(std::span<const double> values);

// A row a fold, then "mean" and "deviation"; columns fold, step, the metrics, and with held-out images test_...
void write_folds(const std::filesystem::path& file, const std::vector<Metric>& metrics,
                 const std::vector<FoldScores>& folds);

// The same for people.
std::string describe_folds(const std::vector<Metric>& metrics, const std::vector<FoldScores>& folds);

}  // namespace tuff
