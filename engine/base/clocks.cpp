#include "base/clocks.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace tuff::os {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The first number of a file; 0 where there is none.
double number_in(const fs::path& path) {
  return std::max(0.0, std::strtod(first_line(path).c_str(), nullptr));
}

// Of the first of these files that has one.
double number_in_any(const fs::path& folder, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const double number = number_in(folder / name); number > 0) return number;
  return 0;
}

// Entries of a folder by the beginning of their names and digits behind it (cpu0, card1, not card1-HDMI-A-1), sorted.
std::vector<fs::path> numbered(const fs::path& folder, std::string_view beginning) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (name.size() > beginning.size() && name.starts_with(beginning) &&
        name.find_first_not_of("0123456789", beginning.size()) == std::string::npos)
      found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

double cpuinfo_megahertz(const fs::path& root) {
  double most = 0;
  std::ifstream file(root / "proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (const std::size_t colon = line.find(':'); line.starts_with("cpu MHz") && colon != std::string::npos)
      most = std::max(most, std::strtod(line.c_str() + colon + 1, nullptr));
  return most;
}

// amdgpu's lists of states, "1: 2100Mhz *": the star is at the present one.
struct States {
  double present = 0;
  double highest = 0;
};

States states_in(const fs::path& path) {
  States states;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const double megahertz = std::strtod(line.c_str() + colon + 1, nullptr);
    states.highest = std::max(states.highest, megahertz);
    if (line.find('*') != std::string::npos) states.present = megahertz;
  }
  return states;
}

Clocks amd_clocks(const fs::path& device) {
  const States core = states_in(device / "pp_dpm_sclk"), memory = states_in(device / "pp_dpm_mclk");
  Clocks clocks{.core = core.present, .core_highest = core.highest, .memory = memory.present};
  for (const fs::path& sensors : numbered(device / "hwmon", "hwmon"))
    if (clocks.core == 0) clocks.core = number_in(sensors / "freq1_input") / 1e6;
  return clocks;
}

Clocks intel_clocks(const fs::path& card) {
  const fs::path xe = card / "device/tile0/gt0/freq0";
  Clocks clocks{.core = number_in_any(xe, {"act_freq", "cur_freq"}),
                .core_highest = number_in_any(xe, {"rp0_freq", "max_freq"})};
  if (clocks.core == 0) clocks.core = number_in_any(card, {"gt_act_freq_mhz", "gt_cur_freq_mhz"});
  if (clocks.core_highest == 0) clocks.core_highest = number_in_any(card, {"gt_RP0_freq_mhz", "gt_max_freq_mhz"});
  return clocks;
}

bool is_at(const fs::path& card, const std::string& address) {
  std::error_code error;
  return fs::canonical(card / "device", error).filename() == address;
}

bool is_model(const fs::path& card, const PciDevice& device) {
  const auto id = [&](const char* name) {
    return std::strtoul(first_line(card / "device" / name).c_str(), nullptr, 16);
  };
  return id("vendor") == device.vendor_id && id("device") == device.device_id;
}

}  // namespace

Clocks cpu_clocks(const fs::path& root) {
  Clocks clocks;
  for (const fs::path& cpu : numbered(root / "sys/devices/system/cpu", "cpu")) {
    const fs::path folder = cpu / "cpufreq";
    clocks.core = std::max(clocks.core, number_in(folder / "scaling_cur_freq") / 1e3);
    clocks.core_highest =
        std::max(clocks.core_highest, number_in_any(folder, {"cpuinfo_max_freq", "scaling_max_freq"}) / 1e3);
  }
  if (clocks.core == 0) clocks.core = cpuinfo_megahertz(root);
  return clocks;
}

Clocks gpu_clocks(const PciDevice& device, const fs::path& root) {
  const std::vector<fs::path> cards = numbered(root / "sys/class/drm", "card");
  const auto card = std::ranges::find_if(cards, [&](const fs::path& path) {
    return device.address.empty() ? is_model(path, device) : is_at(path, device.address);
  });
  if (card == cards.end()) return {};
  const Clocks clocks = amd_clocks(*card / "device");
  return clocks == Clocks{} ? intel_clocks(*card) : clocks;
}

}  // namespace tuff::os
