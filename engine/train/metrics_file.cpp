#include "train/metrics_file.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "base/error.h"
#include "base/os.h"
#include "io/contact_sheet.h"

namespace tuff {
namespace {

constexpr std::string_view kHeader = "epoch,step,train_loss,val_dice,val_iou,val_pixel_accuracy,learning_rate,seconds";

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
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    throw Error(fmt::format("{}: \"{}\" is not a number; the file was changed, delete it to go on", file.string(), text));
  return number;
}

}  // namespace

std::vector<MetricsRow> read_metrics(const std::filesystem::path& file, std::int64_t last_step) {
  std::vector<MetricsRow> rows;
  if (!std::filesystem::exists(file)) return rows;
  const std::vector<std::byte> bytes = os::read_file(file);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || line == kHeader) continue;
    const std::vector<std::string_view> fields = split(line, ',');
    if (fields.size() != 8)
      throw Error(fmt::format("{}: a row has {} fields, not 8; the file was changed, delete it to go on", file.string(),
                              fields.size()));
    MetricsRow row;
    row.epoch = parse<std::int64_t>(fields[0], file);
    row.step = parse<std::int64_t>(fields[1], file);
    row.loss = parse<double>(fields[2], file);
    row.validated = !fields[3].empty();
    if (row.validated)
      row.scores = {parse<double>(fields[3], file), parse<double>(fields[4], file), parse<double>(fields[5], file)};
    row.learning_rate = parse<double>(fields[6], file);
    row.seconds = parse<double>(fields[7], file);
    if (row.step <= last_step) rows.push_back(row);
  }
  return rows;
}

void write_metrics(const std::filesystem::path& file, const std::vector<MetricsRow>& rows) {
  std::string text = fmt::format("{}\n", kHeader);
  for (const MetricsRow& row : rows) {
    const std::string scores =
        row.validated ? fmt::format("{},{},{}", row.scores.dice, row.scores.iou, row.scores.pixel_accuracy) : ",,";
    text += fmt::format("{},{},{},{},{},{:.1f}\n", row.epoch, row.step, row.loss, scores, row.learning_rate, row.seconds);
  }
  os::write_file(file, text);
}

void draw_metrics(const std::filesystem::path& file, const std::vector<MetricsRow>& rows) {
  Curve loss{"training loss", {}, {}};
  Curve dice{"validation Dice", {}, {}};
  for (const MetricsRow& row : rows) {
    loss.x.push_back(static_cast<double>(row.step));
    loss.y.push_back(row.loss);
    if (!row.validated) continue;
    dice.x.push_back(static_cast<double>(row.step));
    dice.y.push_back(row.scores.dice);
  }
  std::vector<Curve> curves = {loss};
  if (!dice.x.empty()) curves.push_back(dice);
  write_image(file, plot_curves("Training", "step", curves).image());
}

}  // namespace tuff
