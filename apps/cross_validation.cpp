#include "apps/cross_validation.h"

#include <fmt/format.h>

#include <filesystem>

#include "apps/session.h"
#include "apps/train.h"
#include "base/os.h"
#include "train/folds.h"
#include "train/metrics_file.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

// The task of a fold; where it was begun before, with its last checkpoint.
TrainingTask task_of(const TrainOptions& options, std::int64_t fold) {
  TrainOptions own = options;
  own.fold = fold;
  own.out = (fs::path(options.out) / fmt::format("fold{}", fold)).string();
  std::optional<Model> last;
  if (fs::exists(fs::path(own.out) / kLastModel)) last = load_model_file(fs::path(own.out) / kLastModel);
  return prepare_training(std::move(own), std::move(last));
}

// Of the best model, from the run's metrics.
FoldScores scores_of(const TrainingTask& task, const TrainingSummary& summary) {
  FoldScores scores{.fold = task.options.fold, .step = summary.best_step, .held_out = summary.held_out};
  for (const MetricsRow& row : read_metrics(task.run / kMetricsFile, task.objective->metrics(), summary.step))
    if (row.step == summary.best_step) scores.scores = row.scores;
  return scores;
}

}  // namespace

void cross_validate(const TrainOptions& options, bool resume) {
  const fs::path out = options.out;
  if (!resume) refuse_existing(out);
  TrainingTask task = task_of(options, 1);
  const std::vector<Metric> metrics = task.objective->metrics();
  const auto device = open_device(options.device);
  os::catch_interrupts();
  fs::create_directories(out);
  os::write_file(out / kConfigFile, to_json(options));
  std::vector<FoldScores> folds;
  for (std::int64_t fold = 1; fold <= options.folds; ++fold) {
    if (fold > 1) task = task_of(options, fold);
    fmt::print(stderr, "tuff: fold {} of {}\n", fold, options.folds);
    const TrainingSummary summary = run_training(*device, task);
    if (summary.stopped) {
      fmt::print(stderr, "tuff: stopped in fold {} after step {} of {}; go on with `tuff train --out {} --resume`\n",
                 fold, summary.step, summary.steps, options.out);
      return;
    }
    folds.push_back(scores_of(task, summary));
  }
  write_folds(out / "folds.csv", metrics, folds);
  fmt::print("{}", describe_folds(metrics, folds));
}

}  // namespace tuff
