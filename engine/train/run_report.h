// What a run tells of itself while it goes on: report.html at the end of each epoch, and TensorBoard's event files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "report/event_file.h"
#include "train/report_page.h"
#include "vulkan/device.h"

namespace tuff {

inline constexpr const char* kReportFile = "report.html";

class RunReport {
 public:
  // Begins an event file in the run's folder where options.tensorboard says so.
  RunReport(const Device& device, std::filesystem::path run, const TrainOptions& options,
            const std::vector<Metric>& metrics, const std::vector<std::string>& parts, std::int64_t steps_done,
            std::int64_t steps);

  RunTiming timing;

  void step(const StepLoss& step, double learning_rate);
  // What came since the last epoch is in `epoch`: its last row, its last norms, its pictures. Fills in what it knows
  // itself, and writes both.
  void epoch(ReportContent epoch);
  void flush();

 private:
  void add_events(const ReportContent& epoch);
  std::vector<std::filesystem::path> more_pictures() const;

  std::filesystem::path run_;
  TrainOptions options_;
  std::vector<Metric> metrics_;
  std::vector<std::string> parts_;  // of the loss
  std::int64_t steps_;
  std::string device_, driver_;
  std::optional<EventFile> events_;
};

// Adds the time of its life to a counter.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds);
  ~Stopwatch();
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& seconds_;
  double began_;
};

}  // namespace tuff
