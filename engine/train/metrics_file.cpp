#include "train/metrics_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "base/error.h"
#include "base/number.h"
#include "base/os.h"
#include "io/contact_sheet.h"

namespace tuff {
namespace {

std::string loss_header(const LossColumns& columns) {
  std::string text = columns.scaled ? "step,loss,loss_scale" : "step,loss";
  for (const std::string& part : columns.parts) text += "," + part;
  return text;
}

std::string header(const std::vector<Metric>& metrics) {
  std::string text = "epoch,step,train_loss";
  for (const Metric& metric : metrics) text += "," + metric.column;
  return text + ",learning_rate,seconds";
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <class Number>
Number parse(std::string_view text, const std::filesystem::path& file) {
  Number number{};
  if (!parse_number(text, number))
    throw Error(
        fmt::format("{}: \"{}\" is not a number; the file was changed, delete it to go on", file.string(), text));
  return number;
}

// Calls use(fields) for each row below the header; none where the file isn't there.
template <class Use>
void for_each_row(const std::filesystem::path& file, std::string_view header, Use&& use) {
  if (!std::filesystem::exists(file)) return;
  const std::size_t columns = split(header, ',').size();
  const std::vector<std::byte> bytes = os::read_file(file);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || line == header) continue;
    const std::vector<std::string_view> fields = split(line, ',');
    if (fields.size() != columns)
      throw Error(fmt::format("{}: a row has {} fields, not {}; the file was changed, delete it to go on",
                              file.string(), fields.size(), columns));
    use(fields);
  }
}

}  // namespace

std::vector<MetricsRow> read_metrics(const std::filesystem::path& file, const std::vector<Metric>& metrics,
                                     std::int64_t last_step) {
  std::vector<MetricsRow> rows;
  for_each_row(file, header(metrics), [&](const std::vector<std::string_view>& fields) {
    MetricsRow row;
    row.epoch = parse<std::int64_t>(fields[0], file);
    row.step = parse<std::int64_t>(fields[1], file);
    row.loss = parse<double>(fields[2], file);
    for (std::size_t i = 0; i < metrics.size() && !fields[3].empty(); ++i)
      row.scores.push_back(parse<double>(fields[3 + i], file));
    row.learning_rate = parse<double>(fields[3 + metrics.size()], file);
    row.seconds = parse<double>(fields[4 + metrics.size()], file);
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
    StepLoss row{parse<std::int64_t>(fields[0], file), parse<double>(fields[1], file),
                 columns.scaled ? parse<double>(fields[2], file) : 0};
    for (std::size_t i = fields.size() - columns.parts.size(); i < fields.size(); ++i)
      row.parts.push_back(parse<double>(fields[i], file));
    if (row.step <= last_step) losses.push_back(std::move(row));
  });
  return losses;
}

void write_losses(const std::filesystem::path& file, const LossColumns& columns, const std::vector<StepLoss>& losses) {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{}\n", loss_header(columns));
  for (const StepLoss& row : losses) {
    fmt::format_to(out, "{},{}", row.step, row.loss);
    if (columns.scaled) fmt::format_to(out, ",{}", row.loss_scale);
    for (const double part : row.parts) fmt::format_to(out, ",{}", part);
    fmt::format_to(out, "\n");
  }
  os::write_file(file, std::string_view(text.data(), text.size()));
}

void draw_metrics(const std::filesystem::path& file, const std::vector<Metric>& metrics,
                  const std::vector<MetricsRow>& rows, const std::vector<StepLoss>& losses) {
  constexpr std::size_t kMostPoints = 150;
  Curve loss{"training loss", {}, {}};
  const std::size_t piece = (losses.size() + kMostPoints - 1) / kMostPoints;
  for (std::size_t first = 0; first < losses.size(); first += piece) {
    double step = 0, sum = 0, count = 0;
    for (std::size_t i = first; i < std::min(losses.size(), first + piece); ++i) {
      if (!std::isfinite(losses[i].loss)) continue;
      step += static_cast<double>(losses[i].step);
      sum += losses[i].loss;
      ++count;
    }
    if (count == 0) continue;
    loss.x.push_back(step / count);
    loss.y.push_back(sum / count);
  }
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
