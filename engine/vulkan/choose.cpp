// Which device is taken, and what the user is told about it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <tuple>

#include "base/error.h"
#include "base/os.h"
#include "vulkan/description.h"

namespace tuff {
namespace {

int rank(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::discrete: return 3;
    case DeviceKind::integrated: return 2;
    case DeviceKind::other: return 1;
    case DeviceKind::cpu: break;
  }
  return 0;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

std::string list_of(const std::vector<DeviceDescription>& devices) {
  std::vector<std::string> rows;
  for (const DeviceDescription& device : devices)
    rows.push_back(fmt::format("{} \"{}\"{}", device.index, device.caps.name, device.usable ? "" : " (not usable)"));
  return fmt::format("{}", fmt::join(rows, ", "));
}

// One or two digits are an index; more are part of a name ("4090").
bool is_match(const DeviceDescription& device, const std::string& wanted) {
  const bool is_number =
      std::all_of(wanted.begin(), wanted.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (is_number && wanted.size() <= 2) return fmt::format("{}", device.index) == wanted;
  return lower_case(device.caps.name + " " + device.caps.driver).find(lower_case(wanted)) != std::string::npos;
}

}  // namespace

void mark_preferred(std::vector<DeviceDescription>& devices) {
  DeviceDescription* best = nullptr;
  const auto key = [](const DeviceDescription& device) {
    return std::tuple(rank(device.caps.kind), device.advice.empty(),
                      // SwiftShader is the slowest software driver by far.
                      device.caps.name.find("SwiftShader") == std::string::npos, device.memory);
  };
  for (DeviceDescription& device : devices) {
    device.preferred = false;
    if (device.usable && (best == nullptr || key(device) > key(*best))) best = &device;
  }
  if (best != nullptr) best->preferred = true;
}

const DeviceDescription& choose_device(const std::vector<DeviceDescription>& devices, const std::string& wanted) {
  if (devices.empty())
    throw Error(
        "no Vulkan device found: install the driver of your GPU or a software driver (Debian, Ubuntu: sudo apt "
        "install mesa-vulkan-drivers)");
  const DeviceDescription* unusable = nullptr;
  for (const DeviceDescription& device : devices) {
    if (wanted.empty() ? !device.preferred : !is_match(device, wanted)) continue;
    if (device.usable) return device;
    unusable = &device;
  }
  if (unusable != nullptr)
    throw Error(
        fmt::format("device {} \"{}\" can't be used: it {}", unusable->index, unusable->caps.name, unusable->why_not));
  if (wanted.empty()) {
    const DeviceDescription& first = devices.front();
    throw Error(fmt::format("no usable Vulkan device: \"{}\" {}", first.caps.name, first.why_not));
  }
  throw Error(fmt::format("no device \"{}\"; there are: {}", wanted, list_of(devices)));
}

std::vector<std::string> choice_warnings(const std::vector<DeviceDescription>& devices,
                                         const DeviceDescription& chosen) {
  std::vector<std::string> warnings;
  for (const DeviceDescription& device : devices)
    if (!device.usable && !device.caps.is_cpu() && rank(device.caps.kind) >= rank(chosen.caps.kind))
      warnings.push_back(
          fmt::format("{} \"{}\" can't be used: it {}", device.kind_text, device.caps.name, device.why_not));
  if (!chosen.caps.is_cpu()) return warnings;
  // Where the user names the drivers to load, other hardware is left out on purpose.
  const bool drivers_named = os::environment("VK_ICD_FILENAMES") || os::environment("VK_DRIVER_FILES");
  const auto closed = os::unreadable_render_nodes();
  if (!closed.empty())
    warnings.push_back(
        fmt::format("a GPU is there ({}) but this user may not open it: sudo usermod -aG render,video $USER, then log "
                    "in again",
                    fmt::join(closed, ", ")));
  else if (const auto nodes = os::render_nodes(); warnings.empty() && !nodes.empty() && !drivers_named)
    warnings.push_back(
        fmt::format("a GPU is there ({}) but no Vulkan driver for it: install its vendor's, or Mesa's (Debian, "
                    "Ubuntu: sudo apt install mesa-vulkan-drivers)",
                    fmt::join(nodes, ", ")));
  warnings.push_back(fmt::format("no usable GPU: working on the software driver \"{}\"", chosen.caps.name));
  if (!chosen.advice.empty()) warnings.push_back(chosen.advice);
  return warnings;
}

}  // namespace tuff
