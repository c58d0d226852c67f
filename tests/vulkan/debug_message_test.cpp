// The library's own switch for validation, for programs that embed it. The suite itself is validated from outside,
// see tests/validation.
#include <doctest/doctest.h>

#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/os.h"
#include "support/skip.h"
#include "vulkan/device.h"

using namespace tuff;

TEST_CASE("a missing barrier between copies reaches the program's callback") {
  if (os::environment("VK_INSTANCE_LAYERS").value_or("").find("validation") != std::string::npos)
    return test::skip("the layers already watch from outside, and would report this fault");
  std::mutex mutex;
  std::vector<DebugMessage> hazards;
  DeviceOptions options = {.device = os::environment("TUFF_DEVICE").value_or("")};
  options.instance.validate = true;
  options.instance.debug_message = [&](const DebugMessage& message) {
    const std::lock_guard lock(mutex);
    if (message.id.starts_with("SYNC-HAZARD")) hazards.push_back(message);
  };
  std::unique_ptr<Device> device;
  try {
    device = Device::open(options);
  } catch (const Error& error) {
    if (std::string(error.what()).starts_with("no VK_LAYER_KHRONOS_validation")) return test::skip(error.what());
    throw;
  }
  const Buffer x = device->allocate(1024, MemoryKind::device, "x");
  const Buffer y = device->allocate(1024, MemoryKind::device, "y");
  CommandBuffer commands = device->command_buffer();
  commands.begin();
  commands.fill(x, 0, 1024, 1);
  commands.barrier();
  commands.copy(x, 0, y, 0, 1024);
  CHECK(hazards.empty());
  commands.fill(x, 0, 1024, 2);
  REQUIRE(hazards.size() == 1);
  CHECK(hazards[0].error);
  CHECK(hazards[0].id == "SYNC-HAZARD-WRITE-AFTER-READ");
  CHECK(hazards[0].text.find("vkCmdFillBuffer") != std::string::npos);
  commands.end();
}
