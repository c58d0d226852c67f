#include "train/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/os.h"

namespace tuff {
namespace {

constexpr std::uintmax_t kLargestPicture = 4 << 20;  // bytes of a file that is embedded

}  // namespace

RunReport::RunReport(const Device& device, std::filesystem::path run, const TrainOptions& options,
                     const std::vector<Metric>& metrics, const std::vector<std::string>& parts, std::int64_t steps_done,
                     std::int64_t steps)
    : run_(std::move(run)),
      options_(options),
      metrics_(metrics),
      parts_(parts),
      steps_(steps),
      device_(device.caps().name),
      driver_(device.caps().driver) {
  if (options.tensorboard == "on") events_.emplace(run_, steps_done);
}

void RunReport::step(const StepLoss& step, double learning_rate) {
  ++timing.steps;
  if (!events_) return;
  events_->scalar("train/loss", step.step, step.loss);
  for (std::size_t i = 0; i < parts_.size(); ++i) events_->scalar("train/" + parts_[i], step.step, step.parts[i]);
  events_->scalar("train/gradient_norm", step.step, step.gradient_norm);
  events_->scalar("train/learning_rate", step.step, learning_rate);
  if (step.loss_scale > 0) events_->scalar("train/loss_scale", step.step, step.loss_scale);
  events_->flush_sometimes();
}

void RunReport::add_events(const ReportContent& epoch) {
  if (!epoch.rows.empty()) {
    const MetricsRow& row = epoch.rows.back();
    events_->scalar("epoch/loss", row.step, row.loss);
    for (std::size_t i = 0; i < row.scores.size(); ++i)
      events_->scalar("validation/" + metrics_[i].column, row.step, row.scores[i]);
    for (const PictureRow& pictures : epoch.pictures)
      for (const auto& [title, image] : pictures.pictures)
        events_->picture(pictures.caption + "/" + title, row.step, image);
  }
  const std::int64_t step = epoch.losses.empty() ? 0 : epoch.losses.back().step;
  if (epoch.norms.empty() || epoch.norms.back().step != step) return;
  for (const LayerNorm& norm : last_norms(epoch.norms)) {
    const bool is_layer = norm.kind == LayerNorm::Kind::layer;
    events_->scalar((is_layer ? "outputs/" : "weights/") + norm.name, step, norm.rms);
    events_->scalar((is_layer ? "output_gradients/" : "weight_gradients/") + norm.name, step, norm.gradient_rms);
  }
}

// Of other parts of training, beside the curve, whose points are in the page anyway.
std::vector<std::filesystem::path> RunReport::more_pictures() const {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(run_))
    if (entry.is_regular_file() && entry.path().extension() == ".png" && entry.path().filename() != "curve.png" &&
        entry.file_size() <= kLargestPicture)
      files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

void RunReport::epoch(ReportContent epoch) {
  const Stopwatch watch(timing.saving);
  if (events_) add_events(epoch);
  epoch.options = options_;
  epoch.metrics = metrics_;
  epoch.parts = parts_;
  epoch.more_pictures = more_pictures();
  epoch.steps = steps_;
  epoch.device = device_;
  epoch.driver = driver_;
  epoch.timing = timing;
  os::write_file(run_ / kReportFile, report_page(epoch));
  flush();
}

void RunReport::flush() {
  if (events_) events_->flush();
}

Stopwatch::Stopwatch(double& seconds) : seconds_(seconds), began_(os::monotonic_seconds()) {}

Stopwatch::~Stopwatch() {
  seconds_ += os::monotonic_seconds() - began_;
}

}  // namespace tuff
