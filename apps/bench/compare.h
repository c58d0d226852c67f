// Two reports of `tuff bench --json` beside each other.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tuff::bench {

struct Comparison {
  std::string name;                     // "conv_64, forward, f32"
  double before = 0, after = 0;         // medians, seconds
  double ratio = 0, low = 0, high = 0;  // after / before, and between what with 95 % confidence of both medians
  enum class Verdict { same, faster, slower } verdict = Verdict::same;
};

// Passes that are in both reports, in the order of the first. Slower or faster are those whose whole interval lies
// beyond `tolerance` (0.05: 5 %).
std::vector<Comparison> compare(const nlohmann::json& before, const nlohmann::json& after, double tolerance);

// A line on clocks that differ by more than 5 %, of those that both reports know; else empty.
std::string clock_warning(const nlohmann::json& before, const nlohmann::json& after);

// Prints the table. Error where a pass is slower, or none is in both files.
void run_compare(const std::string& before, const std::string& after, double tolerance_percent);

}  // namespace tuff::bench
