#include "vulkan/device.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "base/error.h"
#include "base/os.h"
#include "support/skip.h"
#include "support/test_device.h"

namespace tuff {
namespace {

struct Push {
  std::uint64_t x, y;
  std::uint32_t count, offset;
};

constexpr std::uint32_t kGroup = 64;

std::span<const std::byte> bytes_of(const Push& push) {
  return std::as_bytes(std::span(&push, 1));
}

const Pipeline& affine(Device& device, std::uint32_t factor) {
  const std::vector<std::uint32_t> constants = {kGroup, 1, 1, factor};
  return device.pipeline({"test/affine.u32", constants});
}

void record_affine(CommandBuffer& commands, Device& device, const Buffer& x, const Buffer& y, std::uint32_t count,
                   std::uint32_t factor, std::uint32_t offset) {
  commands.dispatch(affine(device, factor), bytes_of({x.address(), y.address(), count, offset}),
                    {(count + kGroup - 1) / kGroup, 1, 1});
}

std::span<std::uint32_t> words(Buffer& buffer) {
  REQUIRE(buffer.mapped() != nullptr);
  return {reinterpret_cast<std::uint32_t*>(buffer.mapped()), buffer.bytes() / 4};
}

// y = 3 * (2 * x + 5) + 7, through upload, two kernels, and download.
void check_round_trip(Device& device, std::uint32_t count) {
  CAPTURE(count);
  Buffer upload = device.allocate(4 * count, MemoryKind::upload, "input");
  Buffer x = device.allocate(4 * count, MemoryKind::device, "x");
  Buffer y = device.allocate(4 * count, MemoryKind::device, "y");
  Buffer download = device.allocate(4 * count, MemoryKind::download, "output");
  std::iota(words(upload).begin(), words(upload).end(), 1000u);
  CommandBuffer commands = device.command_buffer();
  commands.begin();
  commands.copy(upload, 0, x, 0, 4 * count);
  commands.barrier();
  record_affine(commands, device, x, y, count, 2, 5);
  commands.barrier();
  record_affine(commands, device, y, x, count, 3, 7);
  commands.barrier();
  commands.copy(x, 0, download, 0, 4 * count);
  commands.end();
  device.wait(device.submit(commands));
  const auto result = words(download);
  bool equal = true;
  for (std::uint32_t i = 0; i < count; ++i) equal = equal && result[i] == 3 * (2 * (1000 + i) + 5) + 7;
  CHECK(equal);
}

TEST_CASE("data goes through copies and kernels, at odd sizes") {
  Device& device = test::test_device();
  for (const std::uint32_t count : {1u, 63u, 64u, 65u, 100003u}) check_round_trip(device, count);
}

TEST_CASE("every device of the machine is described") {
  const auto instance = Instance::open();
  const auto devices = describe_devices(*instance);
  REQUIRE(!devices.empty());
  CHECK(std::count_if(devices.begin(), devices.end(), [](const auto& device) { return device.preferred; }) == 1);
  for (const auto& device : devices) {
    const std::string text = describe(device, true);
    CHECK(text.find(device.caps.name) != std::string::npos);
    CHECK(text.find("bufferDeviceAddress") != std::string::npos);
    if (!device.usable) continue;
    CHECK(device.memory > 0);
    CHECK(device.caps.max_allocation > (64u << 20));
    CHECK(device.caps.max_push_constants >= 128);
    CHECK(device.caps.cores > 0);
  }
}

TEST_CASE("an unknown device is an error that lists the devices") {
  try {
    Device::open({.device = "no such device"});
    FAIL("no error");
  } catch (const Error& error) {
    const std::string message = error.what();
    CHECK(message.find("no device \"no such device\"; there are: 0 \"") == 0);
    CHECK(message.find(test::test_device().caps().name) != std::string::npos);
  }
}

TEST_CASE("caps are lowered by a profile, the description stays") {
  const auto device = Device::open({.device = "0", .caps_profile = "minimal"});
  CHECK(device->caps().max_invocations <= 128);
  CHECK(device->caps().max_shared_memory <= 16384);
  CHECK_THROWS_AS(Device::open({.device = "0", .caps_profile = "tiny"}), Error);
}

TEST_CASE("a reusable command buffer replays without new allocations or pipelines") {
  Device& device = test::test_device();
  Buffer x = device.allocate(400, MemoryKind::device, "x");
  Buffer y = device.allocate(400, MemoryKind::download, "y");
  CommandBuffer fill = device.command_buffer(), step = device.command_buffer();
  fill.begin();
  fill.fill(x, 0, 400, 1);
  fill.end();
  step.begin(true);  // x = 2 x + 1, then y = x
  record_affine(step, device, x, x, 100, 2, 1);
  step.barrier();
  step.copy(x, 0, y, 0, 400);
  step.end();
  device.wait(device.submit(fill));
  const DeviceCounters before = device.counters();
  Ticket last;
  for (int replay = 0; replay < 5; ++replay) last = device.submit(step);
  device.wait(last);
  CHECK(device.done(last));
  CHECK(words(y)[0] == 63);
  CHECK(words(y)[99] == 63);
  const DeviceCounters after = device.counters();
  CHECK(after.submissions == before.submissions + 5);
  CHECK(after.pipelines == before.pipelines);
  CHECK(after.allocations == before.allocations);
  CHECK(after.command_buffers == before.command_buffers);
}

TEST_CASE("several command buffers of one submission run in order") {
  Device& device = test::test_device();
  Buffer x = device.allocate(256, MemoryKind::download, "x");
  CommandBuffer first = device.command_buffer(), second = device.command_buffer();
  first.begin();
  first.fill(x, 0, 256, 4);
  first.end();
  second.begin();
  record_affine(second, device, x, x, 64, 10, 2);
  second.end();
  const CommandBuffer* both[] = {&first, &second};
  device.wait(device.submit(both));
  CHECK(words(x)[63] == 42);
}

TEST_CASE("fill and copy respect their offsets") {
  Device& device = test::test_device();
  Buffer x = device.allocate(64, MemoryKind::device, "x");
  Buffer y = device.allocate(64, MemoryKind::download, "y");
  CommandBuffer commands = device.command_buffer();
  commands.begin();
  commands.fill(x, 0, 64, 1);
  commands.fill(y, 0, 64, 9);
  commands.barrier();
  commands.fill(x, 16, 8, 2);
  commands.barrier();
  commands.copy(x, 12, y, 32, 16);
  commands.copy(x, 0, y, 0, 0);  // nothing
  commands.end();
  device.wait(device.submit(commands));
  const std::vector<std::uint32_t> expected = {9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 2, 1, 9, 9, 9, 9};
  CHECK(std::vector<std::uint32_t>(words(y).begin(), words(y).end()) == expected);
}

TEST_CASE("pipelines are made once, in parallel, and unknown shaders are errors") {
  Device& device = test::test_device();
  std::vector<PipelineRequest> requests;
  for (std::uint32_t factor = 100; factor < 112; ++factor)
    for (int twice = 0; twice < 2; ++twice) requests.push_back({"test/affine.u32", {kGroup, 1, 1, factor}});
  const std::uint64_t before = device.counters().pipelines;
  device.compile(requests);
  CHECK(device.counters().pipelines == before + 12);
  CHECK(affine(device, 104).handle() != affine(device, 105).handle());
  CHECK(&affine(device, 104) == &affine(device, 104));
  device.compile(requests);
  CHECK(device.counters().pipelines == before + 12);
  CHECK_THROWS_WITH_AS(device.pipeline({"test/absent.f32", {}}), "no shader \"test/absent.f32\" in this build", Error);
  requests = {{"test/absent.f32", {}}, {"test/affine.u32", {kGroup, 1, 1, 112}}};
  CHECK_THROWS_AS(device.compile(requests), Error);
}

TEST_CASE("too much memory is an error that says what was asked and what there is") {
  Device& device = test::test_device();
  const DeviceCounters before = device.counters();
  std::string message;
  try {
    device.allocate(1ull << 50, MemoryKind::device, "the activations");
  } catch (const OutOfMemory& error) {
    message = error.what();
  }
  CHECK(message.find("no room for the activations: 1073741824.0 MiB asked") != std::string::npos);
  CHECK(device.counters().bytes == before.bytes);
  check_round_trip(device, 1000);
}

TEST_CASE("memory is counted and given back, also by moves") {
  Device& device = test::test_device();
  const std::uint64_t before = device.counters().bytes;
  {
    Buffer a = device.allocate(1 << 20, MemoryKind::device, "a");
    Buffer b = device.allocate(0, MemoryKind::device, "b");
    CHECK(b.handle() != VK_NULL_HANDLE);
    CHECK(device.counters().bytes >= before + (1 << 20));
    CHECK(device.counters().peak_bytes >= device.counters().bytes);
    const std::uint64_t address = a.address();
    CHECK(address % 16 == 0);
    Buffer c = std::move(a);
    CHECK(c.address() == address);
    CHECK_FALSE(static_cast<bool>(a));  // NOLINT: moved-from is empty by contract
    b = std::move(c);
    CHECK(b.address() == address);
    if (device.description().caps.is_cpu()) CHECK(b.mapped() != nullptr);
  }
  CHECK(device.counters().bytes == before);
  CHECK(device.available_memory() > 0);
}

TEST_CASE("wrong dispatches are refused") {
  Device& device = test::test_device();
  CommandBuffer commands = device.command_buffer();
  commands.begin();
  const std::vector<std::byte> push(132);
  CHECK_THROWS_AS(commands.dispatch(affine(device, 1), push, {1, 1, 1}), Error);
  CHECK_THROWS_AS(commands.dispatch(affine(device, 1), std::span(push).first(24), {1, ~0u, 1}), Error);
  commands.end();
}

TEST_CASE("timestamps grow") {
  Device& device = test::test_device();
  if (!device.caps().timestamps) {
    CHECK_THROWS_AS(device.timestamps(1), Error);
    return test::skip("this device has no timestamps");
  }
  constexpr std::uint32_t kCount = 1 << 20;
  Buffer x = device.allocate(4 * kCount, MemoryKind::device, "x");
  TimestampPool pool = device.timestamps(3);
  CommandBuffer commands = device.command_buffer();
  commands.begin();
  commands.reset(pool);
  commands.fill(x, 0, 4 * kCount, 1);
  commands.barrier();
  commands.timestamp(pool, 0);
  for (int repeat = 0; repeat < 10; ++repeat) {
    record_affine(commands, device, x, x, kCount, 2, 1);
    commands.barrier();
  }
  commands.timestamp(pool, 1);
  commands.timestamp(pool, 2);
  commands.end();
  const double start = os::monotonic_seconds();
  device.wait(device.submit(commands));
  const double wall = 1e9 * (os::monotonic_seconds() - start);
  const auto times = pool.nanoseconds();
  REQUIRE(times.size() == 3);
  CHECK(times[0] == 0);
  CHECK(times[1] > 0);
  CHECK(times[2] >= times[1]);
  CHECK(times[2] <= 1.1 * wall);
}

TEST_CASE("objects outlive their Device, and work in flight is waited for") {
  Buffer x;
  {
    const auto device = Device::open({.device = "0"});
    x = device->allocate(4 << 20, MemoryKind::download, "x");
    CommandBuffer commands = device->command_buffer();
    commands.begin();
    commands.fill(x, 0, 4 << 20, 5);
    commands.end();
    device->submit(commands);
  }
  CHECK(words(x)[(1 << 20) - 1] == 5);
}

TEST_CASE("the pipeline cache goes to disk and comes back, damaged or not") {
  const auto folder = std::filesystem::path(TUFF_BINARY_DIR) / "vulkan-cache-test";
  std::filesystem::remove_all(folder);
  const DeviceOptions options = {.device = os::environment("TUFF_DEVICE").value_or("0"), .cache_folder = folder};
  check_round_trip(*Device::open(options), 100);
  REQUIRE(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()) == 1);
  const auto path = std::filesystem::directory_iterator(folder)->path();
  check_round_trip(*Device::open(options), 100);
  std::vector<std::byte> bytes = os::read_file(path);
  for (std::size_t i = 40; i < bytes.size(); i += 7) bytes[i] ^= std::byte{0x5a};
  os::write_file(path, bytes);
  check_round_trip(*Device::open(options), 100);
  CHECK(os::read_file(path) != bytes);  // replaced by a good one
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tuff
