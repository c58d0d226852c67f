#include "train/metrics_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "base/os.h"
#include "io/contact_sheet.h"
#include "train/csv_rows.h"

namespace tuff {
namespace {

std::string loss_header(const LossColumns& columns) {
  std::string text = "step,loss,gradient_norm";
  if (columns.scaled) text += ",loss_scale";
  for (const std::string& part : columns.parts) text += "," + part;
  return text;
}

std::string header(const std::vector<Metric>& metrics) {
  std::string text = "epoch,step,train_loss";
  for (const Metric& metric : metrics) text += "," + metric.column;
  return text + ",learning_rate,seconds";
}

}  // namespace

std::vector<MetricsRow> read_metrics(const std::filesystem::path& file, const std::vector<Metric>& metrics,
                                     std::int64_t last_step) {
  std::vector<MetricsRow> rows;
  for_each_row(file, header(metrics), [&](const std::vector<std::string_view>& fields) {
    MetricsRow row;
    row.epoch = parse_field<std::int64_t>(fields[0], file);
    row.step = parse_field<std::int64_t>(fields[1], file);
    row.loss = parse_field<double>(fields[2], file);
    for (std::size_t i = 0; i < metrics.size() && !fields[3].empty(); ++i)
      row.scores.push_back(parse_field<double>(fields[3 + i], file));
    row.learning_rate = parse_field<double>(fields[3 + metrics.size()], file);
    row.seconds = parse_field<double>(fields[4 + metrics.size()], file);
    if (row.step <= last_step) rows.push_back(row);
  });
  return rows;
}

void write_metrics(const std::filesystem::path& file, const std::vector<Metric>& metrics,
                   const std::vector<MetricsRow>& rows) {
  std::string text = header(metrics) + "\n";
  for (const MetricsRow& row : rows) {
    text += fmt::format("{},{},{}", row.epoch, row.step, row.loss);
    for (std::size_t i = 0; i < metrics.size(); ++i)
      text += row.scores.empty() ? "," : fmt::format(",{}", row.scores[i]);
    text += fmt::format(",{},{:.1f}\n", row.learning_rate, row.seconds);
  }
  os::write_file(file, text);
}

std::vector<StepLoss> read_losses(const std::filesystem::path& file, const LossColumns& columns,
                                  std::int64_t last_step) {
  std::vector<StepLoss> losses;
  for_each_row(file, loss_header(columns), [&](const std::vector<std::string_view>& fields) {
    StepLoss row{parse_field<std::int64_t>(fields[0], file), parse_field<double>(fields[1], file),
                 parse_field<double>(fields[2], file), columns.scaled ? parse_field<double>(fields[3], file) : 0};
    for (std::size_t i = fields.size() - columns.parts.size(); i < fields.size(); ++i)
      row.parts.push_back(parse_field<double>(fields[i], file));
    if (row.step <= last_step) losses.push_back(std::move(row));
  });
  return losses;
}

void write_losses(const std::filesystem::path& file, const LossColumns& columns, const std::vector<StepLoss>& losses) {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{}\n", loss_header(columns));
  for (const StepLoss& row : losses) {
    fmt::format_to(out, "{},{},{}", row.step, row.loss, row.gradient_norm);
    if (columns.scaled) fmt::format_to(out, ",{}", row.loss_scale);
    for (const double part : row.parts) fmt::format_to(out, ",{}", part);
    fmt::format_to(out, "\n");
  }
  os::write_file(file, std::string_view(text.data(), text.size()));
}

Curve step_curve(const std::vector<StepLoss>& losses, const std::function<double(const StepLoss&)>& value,
                 std::size_t most) {
  Curve curve;
  const std::size_t piece = (losses.size() + most - 1) / most;
  for (std::size_t first = 0; first < losses.size(); first += piece) {
    double step = 0, sum = 0, count = 0;
    for (std::size_t i = first; i < std::min(losses.size(), first + piece); ++i) {
      const double here = value(losses[i]);
      if (!std::isfinite(here)) continue;
      step += static_cast<double>(losses[i].step);
      sum += here;
      ++count;
    }
    if (count == 0) continue;
    curve.x.push_back(step / count);
    curve.y.push_back(sum / count);
  }
  return curve;
}

void draw_metrics(const std::filesystem::path& file, const std::vector<Metric>& metrics,
                  const std::vector<MetricsRow>& rows, const std::vector<StepLoss>& losses) {
  constexpr std::size_t kMostPoints = 150;
  Curve loss = step_curve(losses, &StepLoss::loss, kMostPoints);
  loss.name = "training loss";
  Curve score{"validation " + metrics[0].title, {}, {}};
  for (const MetricsRow& row : rows) {
    if (row.scores.empty()) continue;
    score.x.push_back(static_cast<double>(row.step));
    score.y.push_back(row.scores[0]);
  }
  std::vector<Curve> curves = {loss};
  if (!score.x.empty()) curves.push_back(score);
  write_image(file, plot_curves("Training", "step", curves).image());
}

}  // namespace tuff
