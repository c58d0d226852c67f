#include "apps/bench/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "apps/bench/report.h"
#include "base/error.h"

namespace tuff::bench {
namespace {

using Json = nlohmann::json;

std::string name_of(const Json& result) {
  return fmt::format("{}, {}, {}", result.at("case").get<std::string>(), result.at("pass").get<std::string>(),
                     result.at("dtype").get<std::string>());
}

Comparison compare_pass(const std::string& name, const Json& before, const Json& after, double tolerance) {
  const auto seconds = [&](const Json& samples, const char* key) {
    const double found = samples.at(key).get<double>();
    if (!(found > 0)) throw Error(fmt::format("{}: {} is {}, not a time", name, key, found));
    return found;
  };
  Comparison row{.name = name, .before = seconds(before, "median"), .after = seconds(after, "median")};
  row.ratio = row.after / row.before;
  row.low = seconds(after, "low") / seconds(before, "high");
  row.high = seconds(after, "high") / seconds(before, "low");
  if (row.low > 1 + tolerance) row.verdict = Comparison::Verdict::slower;
  if (row.high < 1 / (1 + tolerance)) row.verdict = Comparison::Verdict::faster;
  return row;
}

std::string_view to_string(Comparison::Verdict verdict) {
  switch (verdict) {
    case Comparison::Verdict::same: return "";
    case Comparison::Verdict::faster: return "faster";
    case Comparison::Verdict::slower: return "SLOWER";
  }
  return "";
}

void warn_of_differences(const Json& before, const Json& after) {
  const Json first = before.value("device", Json::object()), second = after.value("device", Json::object());
  for (const char* key : {"name", "driver_info"})
    if (first.value(key, "") != second.value(key, ""))
      fmt::print("note: {} before, {} after\n", first.value(key, ""), second.value(key, ""));
}

constexpr double kClockTolerance = 0.05;

}  // namespace

std::string clock_warning(const Json& before, const Json& after) {
  std::vector<std::string> differences;
  const Json first = before.value("clocks", Json::object()), second = after.value("clocks", Json::object());
  const std::pair<const char*, const char*> names[] = {
      {"core_mhz", "core"}, {"core_highest_mhz", "core at most"}, {"memory_mhz", "memory"}};
  for (const auto& [key, name] : names) {
    const double one = first.value(key, 0.0), two = second.value(key, 0.0);
    if (one > 0 && two > 0 && std::max(one, two) > (1 + kClockTolerance) * std::min(one, two))
      differences.push_back(fmt::format("{} {:.0f} MHz before, {:.0f} after", name, one, two));
  }
  return differences.empty() ? "" : fmt::format("note: other clocks: {}", fmt::join(differences, "; "));
}

std::vector<Comparison> compare(const Json& before, const Json& after, double tolerance) {
  std::vector<Comparison> rows;
  try {
    std::map<std::string, const Json*> second;
    for (const Json& result : after.at("results")) second[name_of(result)] = &result.at("warm");
    for (const Json& result : before.at("results")) {
      const std::string name = name_of(result);
      const auto found = second.find(name);
      if (found != second.end()) rows.push_back(compare_pass(name, result.at("warm"), *found->second, tolerance));
    }
  } catch (const Json::exception& error) {
    throw Error(fmt::format("not a report of `tuff bench --json`: {}", error.what()));
  }
  return rows;
}

void run_compare(const std::string& before_path, const std::string& after_path, double tolerance_percent) {
  if (!(tolerance_percent >= 0)) throw Error("--tolerance: must be 0 or more");
  const Json before = read_report(before_path), after = read_report(after_path);
  const std::vector<Comparison> rows = compare(before, after, tolerance_percent / 100);
  if (rows.empty()) throw Error(fmt::format("{} and {} have no pass in common", before_path, after_path));
  warn_of_differences(before, after);
  if (const std::string warning = clock_warning(before, after); !warning.empty()) fmt::print("{}\n", warning);
  fmt::print("{:<40} {:>11} {:>11} {:>7}  {:<16}\n", "", "before, ms", "after, ms", "ratio", "interval");
  int slower = 0;
  double sum = 0;
  for (const Comparison& row : rows) {
    fmt::print("{:<40} {:>11.3f} {:>11.3f} {:>7.3f}  {:.3f} to {:.3f}  {}\n", row.name, row.before * 1e3,
               row.after * 1e3, row.ratio, row.low, row.high, to_string(row.verdict));
    slower += row.verdict == Comparison::Verdict::slower ? 1 : 0;
    sum += std::log(row.ratio);
  }
  fmt::print("geometric mean of {} ratios: {:.3f}\n", rows.size(), std::exp(sum / static_cast<double>(rows.size())));
  if (slower > 0)
    throw Error(fmt::format("{} of {} passes are slower by more than {} %", slower, rows.size(), tolerance_percent));
}

}  // namespace tuff::bench
