// `tuff predict` and `tuff evaluate` with networks for signals.
#pragma once

#include <string>
#include <vector>

#include "train/checkpoint.h"

namespace tuff {

struct SignalPrediction {
  std::vector<std::string> files;
  std::string out;
  std::string device;
  bool autotune = false;
};

// A denoiser writes OUT/NAME.npy or .csv, as the file is, and pictures of the first signals as OUT/NAME.png; a
// classifier OUT/NAME_classes.csv: number, class and a column for each class's probability.
void predict_signals(const SignalPrediction& given, const Model& model);

struct SignalEvaluation {
  std::string signals;
  std::string targets;
  std::string labels;
  std::string json;       // file, "-" for the standard output, or empty
  std::string confusion;  // CSV or picture, or empty; classifiers
  std::string sheet;      // picture of the first signals, or empty; denoisers
  std::int64_t sheet_rows = 6;
  std::string device;
  bool autotune = false;
};

void evaluate_signals(const SignalEvaluation& given, const Model& model);

}  // namespace tuff
