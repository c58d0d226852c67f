// Text about a device, for `tuff devices`.
#include <fmt/format.h>

#include "vulkan/description.h"

namespace tuff {

std::string describe(const DeviceDescription& device, bool verbose) {
  const DeviceCaps& caps = device.caps;
  std::string text =
      fmt::format("{}{} {}: {}, {}{}{}, Vulkan {}, {:.1f} GiB", device.preferred ? "* " : "  ", device.index, caps.name,
                  device.kind_text, caps.driver, device.driver_info.empty() ? "" : " ", device.driver_info,
                  device.api_version, static_cast<double>(device.memory) / (1 << 30));
  if (caps.arithmetic_fp16) text += ", fp16";
  if (caps.storage_16bit) text += ", 16-bit storage";
  if (caps.int64) text += ", int64";
  if (caps.timestamps) text += ", timestamps";
  if (!device.usable) text += fmt::format("; can't be used: {}", device.why_not);
  text += '\n';
  if (!device.advice.empty()) text += fmt::format("      {}\n", device.advice);
  if (!verbose) return text;
  for (const auto& [name, value] : device.limits) text += fmt::format("      {:<24} {}\n", name, value);
  for (const auto& [name, there] : device.features)
    text += fmt::format("      {:<34} {}\n", name, there ? "yes" : "no");
  for (const AppliedQuirk& quirk : device.quirks)
    text += fmt::format("      quirk: {} ({}=0 leaves it out)\n", quirk.effect, quirk.environment);
  if (device.quirks.empty()) text += "      no quirks\n";
  return text;
}

}  // namespace tuff
