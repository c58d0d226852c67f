// test.json of a run: how its best model does on the images that are held out (--test-fraction).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "train/objective.h"

namespace tuff {

struct HeldOut {
  std::int64_t step = 0;  // of the best model
  std::vector<Metric> metrics;
  std::vector<double> scores;       // one for each
  std::vector<std::string> images;  // their names
};

void write_held_out(const std::filesystem::path& file, const HeldOut& held_out);

}  // namespace tuff
