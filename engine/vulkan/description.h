// What is known of every Vulkan device of a machine before one is opened: its capabilities, whether
// Tuff can use it and, where not, why and what to do.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plan/device_caps.h"
#include "vulkan/instance.h"

namespace tuff {

struct AppliedQuirk {
  std::string name;
  std::string effect;       // in words
  std::string environment;  // the variable that overrides it
};

struct DeviceDescription {
  int index = 0;  // the number that --device takes
  DeviceCaps caps;
  std::string kind_text;     // "GPU", "integrated GPU", "software driver", "other device"
  std::string driver_info;   // "Mesa 25.0.7-2~bpo12+1 (LLVM 19.1.7)"
  std::string api_version;   // "1.4.305"
  std::uint64_t memory = 0;  // bytes of the heap that tensors live in
  bool usable = false;
  std::string why_not;       // where not usable: reason and cure
  std::string advice;        // where usable but slower than it need be: what to do; else empty
  bool preferred = false;    // the one that is taken when the user names none
  std::string cores_source;  // where caps.cores comes from
  std::vector<AppliedQuirk> quirks;
  std::vector<std::pair<std::string, std::string>> limits;  // name, value
  std::vector<std::pair<std::string, bool>> features;       // Vulkan's name, whether the device has it

  // Handles and facts for opening it; valid while the Instance lives.
  VkPhysicalDevice handle = VK_NULL_HANDLE;
  std::uint32_t queue_family = 0;
  std::uint32_t timestamp_bits = 0;  // valid bits of a timestamp; 0: none
  bool portability_subset = false;   // VK_KHR_portability_subset must be enabled (MoltenVK)
  bool memory_budget = false;        // VK_EXT_memory_budget
  std::string pci_address;           // "0000:03:00.0"; empty where the driver doesn't tell
  bool pipeline_statistics = false;  // VK_KHR_pipeline_executable_properties
  std::array<std::uint8_t, VK_UUID_SIZE> pipeline_cache_uuid{};
};

// Every device, in the driver's order; at most one is `preferred`. Empty where there is none.
std::vector<DeviceDescription> describe_devices(const Instance& instance);

DeviceDescription describe_device(const Instance& instance, VkPhysicalDevice handle);

// Sets `preferred` on the best usable one: discrete before integrated before other before software, then
// the one with most memory; a software driver whose `advice` is empty before one that is slow.
void mark_preferred(std::vector<DeviceDescription>& devices);

// The one to take: `wanted` is "" (the preferred one), an index, or a part of the name, the case ignored.
// Error, listing the devices, where none or an unusable one matches.
const DeviceDescription& choose_device(const std::vector<DeviceDescription>& devices, const std::string& wanted);

// What the user should know about a choice made without their word: GPUs that are there but can't be
// used, with the cure, and that a software driver runs instead, perhaps slowly. One line each.
std::vector<std::string> choice_warnings(const std::vector<DeviceDescription>& devices,
                                         const DeviceDescription& chosen);

// Text for `tuff devices`: one line; verbose adds limits, features and quirks on indented lines.
std::string describe(const DeviceDescription& device, bool verbose);

}  // namespace tuff
