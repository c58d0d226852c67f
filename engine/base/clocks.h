// How fast processors are clocked at this moment, from the files in which Linux shows it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace tuff::os {

// In MHz; 0: unknown.
struct Clocks {
  double core = 0;
  double core_highest = 0;
  double memory = 0;
  bool operator==(const Clocks&) const = default;
};

// Of the fastest core, as idle ones rest. `root` is where /sys and /proc are looked for, as in gpu_clocks().
Clocks cpu_clocks(const std::filesystem::path& root = "/");

// Which card is meant: its address if that is known ("0000:03:00.0"), else the first of its vendor and model.
struct PciDevice {
  std::string address;
  std::uint32_t vendor_id = 0;
  std::uint32_t device_id = 0;
};

// Of a card that amdgpu, i915 or xe drives; of others all is unknown.
Clocks gpu_clocks(const PciDevice& device, const std::filesystem::path& root = "/");

}  // namespace tuff::os
