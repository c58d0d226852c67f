// tuff devices: every Vulkan device of this machine, and which one would be taken.
#include <fmt/format.h>

#include "apps/commands.h"
#include "vulkan/description.h"
#include "vulkan/instance.h"

namespace tuff {
namespace {

void run_devices(bool verbose) {
  const auto instance = Instance::open();
  const std::vector<DeviceDescription> devices = describe_devices(*instance);
  for (const DeviceDescription& device : devices) fmt::print("{}\n", describe(device, verbose));
  const DeviceDescription& chosen = choose_device(devices, "");
  for (const std::string& warning : choice_warnings(devices, chosen)) fmt::print(stderr, "tuff: {}\n", warning);
}

}  // namespace

void add_devices_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("devices", "List the Vulkan devices of this machine");
  const auto verbose = std::make_shared<bool>(false);
  command->add_flag("-v,--verbose", *verbose, "all limits, features and quirks");
  command->callback([verbose] { run_devices(*verbose); });
}

}  // namespace tuff
