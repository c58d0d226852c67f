// Devices that lack something, fail or run out of memory, played by the test layer.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/os.h"
#include "support/test_layer.h"
#include "vulkan/device.h"

using namespace tuff;
using test::TestLayer;

namespace {

DeviceOptions wanted() {
  return {.device = os::environment("TUFF_DEVICE").value_or("")};
}

CommandBuffer recorded_fill(Device& device, const Buffer& buffer) {
  CommandBuffer commands = device.command_buffer();
  commands.begin(true);
  commands.fill(buffer, 0, buffer.bytes(), 1);
  commands.end();
  return commands;
}

std::string error_of(const DeviceOptions& options) {
  try {
    Device::open(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a device without addresses or timeline is described as unusable and refused with the reason") {
  for (const std::string feature : {"bufferDeviceAddress", "timelineSemaphore"}) {
    const TestLayer layer("-" + feature);
    const auto devices = describe_devices(*Instance::open());
    REQUIRE(!devices.empty());
    for (const auto& device : devices) {
      CHECK_FALSE(device.usable);
      CHECK_FALSE(device.preferred);
      CHECK(device.why_not == "lacks " + feature + ": update its driver");
      CHECK(describe(device, false).find(device.why_not) != std::string::npos);
    }
    CHECK(error_of({}).find("no usable Vulkan device: \"") == 0);
    CHECK(error_of({.device = "0"}).find("can't be used: it lacks " + feature) != std::string::npos);
  }
}

TEST_CASE("lowered limits and hidden features arrive in the caps") {
  const TestLayer layer(
      "maxComputeSharedMemorySize=16000 maxComputeWorkGroupInvocations=96 subgroupSize=0 -shaderFloat16 "
      "-shaderInt64 -storageBuffer16BitAccess -timestamps");
  const auto device = Device::open(wanted());
  const DeviceCaps& caps = device->caps();
  CHECK(caps.max_shared_memory == 16000);
  CHECK(caps.max_invocations == 96);
  CHECK(caps.subgroup_size == 0);
  CHECK_FALSE(caps.arithmetic_fp16);
  CHECK_FALSE(caps.int64);
  CHECK_FALSE(caps.storage_16bit);
  CHECK_FALSE(caps.timestamps);
  CHECK_THROWS_AS(device->timestamps(1), Error);
  // Beside what the driver itself may have.
  CHECK(std::ranges::count(device->description().quirks, "SUBGROUP_SIZE_UNKNOWN", &AppliedQuirk::name) == 1);
}

TEST_CASE("a device lost at a submission throws, stays lost, and a new one works") {
  {
    const TestLayer layer("lose_at_submit=2");
    const auto device = Device::open(wanted());
    const Buffer x = device->allocate(64, MemoryKind::device, "x");
    const CommandBuffer commands = recorded_fill(*device, x);
    device->wait(device->submit(commands));
    CHECK_THROWS_AS(device->submit(commands), DeviceLost);
    CHECK_THROWS_AS(device->submit(commands), DeviceLost);
    CHECK_THROWS_AS(device->wait_idle(), DeviceLost);
  }
  const auto device = Device::open(wanted());
  const Buffer x = device->allocate(64, MemoryKind::device, "x");
  const CommandBuffer commands = recorded_fill(*device, x);
  device->wait(device->submit(commands));
}

TEST_CASE("a device that hangs is lost at the wait") {
  const TestLayer layer("hang_at_submit=1");
  const auto device = Device::open(wanted());
  const Buffer x = device->allocate(64, MemoryKind::device, "x");
  const CommandBuffer commands = recorded_fill(*device, x);
  const Ticket ticket = device->submit(commands);
  std::string message;
  try {
    device->wait(ticket);
  } catch (const DeviceLost& lost) {
    message = lost.what();
  }
  CHECK(message.find(device->caps().name + ": the device was lost") == 0);
}

TEST_CASE("an allocation that the driver refuses says what was asked, and leaves nothing behind") {
  const TestLayer layer("out_of_memory_at_allocation=2");
  const auto device = Device::open(wanted());
  const Buffer first = device->allocate(1 << 20, MemoryKind::device, "the weights");
  const DeviceCounters before = device->counters();
  std::string message;
  try {
    device->allocate(3 << 20, MemoryKind::upload, "the batch");
  } catch (const OutOfMemory& full) {
    message = full.what();
  }
  CHECK(message.find("no room for the batch: 3.0 MiB asked") != std::string::npos);
  CHECK(device->counters().bytes == before.bytes);
  CHECK(device->counters().allocations == before.allocations);
  CHECK(device->allocate(3 << 20, MemoryKind::upload, "the batch").mapped() != nullptr);
}

TEST_CASE("the counts of the Device are those of the driver") {
  const TestLayer layer("");
  const auto device = Device::open(wanted());
  const auto before = TestLayer::counts();
  const DeviceCounters ours = device->counters();
  const Buffer x = device->allocate(64, MemoryKind::device, "x");
  const CommandBuffer commands = recorded_fill(*device, x);
  for (int repeat = 0; repeat < 3; ++repeat) device->wait(device->submit(commands));
  const std::vector<std::uint32_t> constants = {64, 1, 1, 1};
  device->pipeline({"test/affine.u32", constants});
  const auto after = TestLayer::counts();
  CHECK(after.submissions - before.submissions == 3);
  CHECK(device->counters().submissions - ours.submissions == 3);
  CHECK(after.allocations - before.allocations == device->counters().allocations - ours.allocations);
  CHECK(after.pipelines - before.pipelines == device->counters().pipelines - ours.pipelines);
}
