// metrics.csv of a run: one row an epoch. Written whole each time, so that it is never half a row.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "train/metrics.h"

namespace tuff {

struct MetricsRow {
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  double loss = 0;
  bool validated = false;
  Scores scores;
  double learning_rate = 0;
  double seconds = 0;
};

// Rows up to `last_step`, in order; none where the file isn't there. Error where a row can't be read.
std::vector<MetricsRow> read_metrics(const std::filesystem::path& file, std::int64_t last_step);
void write_metrics(const std::filesystem::path& file, const std::vector<MetricsRow>& rows);

// The run's curves as a picture: loss, and Dice where there is validation.
void draw_metrics(const std::filesystem::path& file, const std::vector<MetricsRow>& rows);

}  // namespace tuff
