#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "vulkan/description.h"

namespace tuff {
namespace {

DeviceDescription pretended(int index, const char* name, DeviceKind kind, std::uint64_t memory = 1) {
  DeviceDescription device;
  device.index = index;
  device.caps.name = name;
  device.caps.kind = kind;
  device.kind_text = kind == DeviceKind::cpu ? "software driver" : "GPU";
  device.memory = memory;
  device.usable = true;
  return device;
}

std::vector<DeviceDescription> machine() {
  std::vector<DeviceDescription> devices = {
      pretended(0, "llvmpipe (LLVM 19.1.7, 256 bits)", DeviceKind::cpu, 64),
      pretended(1, "Intel(R) Iris(R) Xe Graphics", DeviceKind::integrated, 16),
      pretended(2, "AMD Radeon RX 6600", DeviceKind::discrete, 8),
      pretended(3, "AMD Radeon RX 7900", DeviceKind::discrete, 20),
  };
  mark_preferred(devices);
  return devices;
}

std::string message_of(const std::vector<DeviceDescription>& devices, const char* wanted) {
  try {
    choose_device(devices, wanted);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

bool any_contains(const std::vector<std::string>& lines, const char* part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

TEST_CASE("the discrete device with most memory is taken") {
  CHECK(choose_device(machine(), "").index == 3);
  const auto devices = machine();
  CHECK(std::count_if(devices.begin(), devices.end(), [](const auto& device) { return device.preferred; }) == 1);
}

TEST_CASE("a device is named by number or by a part of its name, whatever the case") {
  const auto devices = machine();
  CHECK(choose_device(devices, "0").index == 0);
  CHECK(choose_device(devices, "iris").index == 1);
  CHECK(choose_device(devices, "RX 6600").index == 2);
  CHECK(choose_device(devices, "radeon").index == 2);
}

TEST_CASE("an unknown device lists those there are") {
  const std::string message = message_of(machine(), "GeForce");
  CHECK(message.find("no device \"GeForce\"") == 0);
  for (const auto& device : machine()) CHECK(message.find(device.caps.name) != std::string::npos);
  CHECK(message.find('\n') == std::string::npos);
  CHECK(message_of(machine(), "7").find("no device \"7\"") == 0);
}

TEST_CASE("a device that can't be used is refused with the reason, and passed over without a wish") {
  auto devices = machine();
  for (auto& device : devices)
    if (device.caps.kind == DeviceKind::discrete) {
      device.usable = false;
      device.why_not = "lacks bufferDeviceAddress: update its driver";
    }
  mark_preferred(devices);
  CHECK(message_of(devices, "6600").find("lacks bufferDeviceAddress") != std::string::npos);
  const auto& chosen = choose_device(devices, "");
  CHECK(chosen.index == 1);
  CHECK(any_contains(choice_warnings(devices, chosen), "RX 6600\" can't be used: it lacks bufferDeviceAddress"));
}

TEST_CASE("a software driver is announced; a slow one comes with the cure and after a fast one") {
  std::vector<DeviceDescription> devices = {pretended(0, "SwiftShader Device", DeviceKind::cpu, 99),
                                            pretended(1, "llvmpipe", DeviceKind::cpu, 1)};
  devices[1].advice = "Mesa 22's software driver is slow";
  mark_preferred(devices);
  CHECK(choose_device(devices, "").index == 0);
  CHECK(any_contains(choice_warnings(devices, devices[1]), "software driver is slow"));
  devices[1].advice.clear();
  mark_preferred(devices);
  CHECK(choose_device(devices, "").index == 1);
  CHECK(any_contains(choice_warnings(devices, devices[1]), "working on the software driver \"llvmpipe\""));
}

TEST_CASE("without any device the cure is named") {
  CHECK(message_of({}, "").find("mesa-vulkan-drivers") != std::string::npos);
  std::vector<DeviceDescription> devices = {pretended(0, "Old GPU", DeviceKind::discrete)};
  devices[0].usable = false;
  devices[0].why_not = "has Vulkan 1.1.0, 1.2 is needed: update its driver";
  mark_preferred(devices);
  CHECK(message_of(devices, "").find("\"Old GPU\" has Vulkan 1.1.0") != std::string::npos);
}

TEST_CASE("a description names device, driver and what is wrong with it") {
  auto device = machine()[1];
  device.caps.driver = "Intel open-source Mesa driver";
  device.quirks = {{"X", "something is off", "TUFF_QUIRK_X"}};
  device.limits = {{"shared memory", "65536 bytes"}};
  device.features = {{"shaderFloat16", true}};
  const std::string line = describe(device, false);
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  CHECK(line.find("Iris") != std::string::npos);
  CHECK(line.find("Mesa driver") != std::string::npos);
  const std::string full = describe(device, true);
  for (const char* part : {"65536 bytes", "shaderFloat16", "something is off", "TUFF_QUIRK_X"})
    CHECK(full.find(part) != std::string::npos);
}

}  // namespace
}  // namespace tuff
