#include "train/folds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/os.h"

namespace tuff {
namespace {

struct Column {
  std::string name;   // in the file
  std::string title;  // for people
  int decimals;
  std::vector<double> values;  // of each fold
};

std::vector<Column> columns_of(const std::vector<Metric>& metrics, const std::vector<FoldScores>& folds) {
  std::vector<Column> columns;
  const auto add = [&](const std::string& prefix, const std::string& title, auto member) {
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      Column column{prefix + key_of(metrics[i]), title + metrics[i].title, metrics[i].decimals, {}};
      for (const FoldScores& fold : folds)
        if (i < (fold.*member).size()) column.values.push_back((fold.*member)[i]);
      if (column.values.size() == folds.size()) columns.push_back(std::move(column));
    }
  };
  add("val_", "", &FoldScores::scores);
  add("test_", "test ", &FoldScores::held_out);
  return columns;
}

}  // namespace

Spread spread_of(std::span<const double> values) {
  Spread spread;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) spread.mean += value / count;
  if (values.size() < 2) return spread;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(squares / (count - 1));
  return spread;
}

void write_folds(const std::filesystem::path& file, const std::vector<Metric>& metrics,
                 const std::vector<FoldScores>& folds) {
  const std::vector<Column> columns = columns_of(metrics, folds);
  std::string text = "fold,step";
  for (const Column& column : columns) text += "," + column.name;
  for (std::size_t i = 0; i < folds.size(); ++i) {
    text += fmt::format("\n{},{}", folds[i].fold, folds[i].step);
    for (const Column& column : columns) text += fmt::format(",{}", column.values[i]);
  }
  for (const auto& [name, member] : {std::pair("mean", &Spread::mean), {"deviation", &Spread::deviation}}) {
    text += fmt::format("\n{},", name);
    for (const Column& column : columns) text += fmt::format(",{}", spread_of(column.values).*member);
  }
  os::write_file(file, text + "\n");
}

std::string describe_folds(const std::vector<Metric>& metrics, const std::vector<FoldScores>& folds) {
  const std::vector<Column> columns = columns_of(metrics, folds);
  std::string text = fmt::format("{:9}  {:>7}", "fold", "step");
  const auto out = std::back_inserter(text);
  const auto cell = [&](const Column& column, double value) {
    fmt::format_to(out, "  {:>{}.{}f}", value, std::max<std::size_t>(7, column.title.size()), column.decimals);
  };
  for (const Column& column : columns) fmt::format_to(out, "  {:>7}", column.title);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    fmt::format_to(out, "\n{:<9}  {:>7}", folds[i].fold, folds[i].step);
    for (const Column& column : columns) cell(column, column.values[i]);
  }
  for (const auto& [name, member] : {std::pair("mean", &Spread::mean), {"deviation", &Spread::deviation}}) {
    fmt::format_to(out, "\n{:9}  {:>7}", name, "");
    for (const Column& column : columns) cell(column, spread_of(column.values).*member);
  }
  return text + "\n";
}

}  // namespace tuff
