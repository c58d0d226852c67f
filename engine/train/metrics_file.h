// What a run leaves to look at: metrics.csv, one row an epoch; losses.csv, one row a step; curve.png. Each is written
// whole each time, so that it is never half a row.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/contact_sheet.h"
#include "train/objective.h"

namespace tuff {

struct MetricsRow {
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  double loss = 0;
  std::vector<double> scores;  // one for each metric; none without validation
  double learning_rate = 0;
  double seconds = 0;
};

// Rows up to `last_step`, in order; none where the file isn't there. Error where a row can't be read.
std::vector<MetricsRow> read_metrics(const std::filesystem::path& file, const std::vector<Metric>& metrics,
                                     std::int64_t last_step);
void write_metrics(const std::filesystem::path& file, const std::vector<Metric>& metrics,
                   const std::vector<MetricsRow>& rows);

struct StepLoss {
  std::int64_t step = 0;
  double loss = 0;
  double gradient_norm = 0;        // before clipping
  double loss_scale = 0;           // after the step, below the last where it was left out; 0 without loss scaling
  std::vector<double> parts = {};  // of Objective::parts()
  bool operator==(const StepLoss&) const = default;
};

// Columns of losses.csv beside step and loss.
struct LossColumns {
  bool scaled = false;             // the loss scale
  std::vector<std::string> parts;  // Objective::parts()
};

// As read_metrics().
std::vector<StepLoss> read_losses(const std::filesystem::path& file, const LossColumns& columns,
                                  std::int64_t last_step);
void write_losses(const std::filesystem::path& file, const LossColumns& columns, const std::vector<StepLoss>& losses);

// One value of each step, of long runs averaged over neighbouring steps, to `most` points; those that are no number are
// left out.
Curve step_curve(const std::vector<StepLoss>& losses, const std::function<double(const StepLoss&)>& value,
                 std::size_t most);

// The run's curves as a picture: the loss, and the first metric where there is validation.
void draw_metrics(const std::filesystem::path& file, const std::vector<Metric>& metrics,
                  const std::vector<MetricsRow>& rows, const std::vector<StepLoss>& losses);

}  // namespace tuff
