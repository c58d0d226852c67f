// The page that tells of a run, report.html: curves, what the network makes of validation images, its layers, timing,
// configuration. One file that needs no other and no network.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "train/metrics_file.h"
#include "train/norms_file.h"
#include "train/objective.h"
#include "train/options.h"

namespace tuff {

// Where the time of a run goes, since it was begun or resumed. Seconds.
struct RunTiming {
  std::int64_t steps = 0;
  double stepping = 0;    // steps, with what of loading they waited for
  double loading = 0;     // batches, most of it while the device computes
  double validation = 0;  // and pictures
  double layers = 0;      // measuring layers
  double saving = 0;      // models, tables and this page
};

struct ReportContent {
  TrainOptions options;
  std::vector<Metric> metrics;
  std::vector<std::string> parts;  // of the loss, see StepLoss
  std::vector<MetricsRow> rows;
  std::vector<StepLoss> losses;
  std::vector<LayerNormsRow> norms;
  std::vector<PictureRow> pictures;                  // of the last epoch
  std::vector<std::filesystem::path> more_pictures;  // PNG files, embedded too
  std::int64_t steps = 0;                            // of the whole run
  std::optional<double> best_score;                  // of the first metric
  std::int64_t best_step = 0;
  std::string device;
  std::string driver;
  RunTiming timing;
};

// Everything but the element with the id "timing" is the same for equal runs.
std::string report_page(const ReportContent& content);

}  // namespace tuff
