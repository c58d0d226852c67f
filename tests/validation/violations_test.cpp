// Two faults made on purpose. configurations.cmake runs each under the validation layers and expects its message:
// without these, a silent run could mean that validation was off. Skipped otherwise: a bad address is a crash.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "support/test_device.h"

using namespace tuff;

TEST_CASE("violation: two writes without a barrier" * doctest::skip()) {
  Device& device = test::test_device();
  Buffer buffer = device.allocate(4096, MemoryKind::device, "a buffer written twice");
  CommandBuffer commands = device.command_buffer();
  commands.begin();
  commands.fill(buffer, 0, 4096, 1);
  commands.fill(buffer, 0, 4096, 2);
  commands.end();
  device.wait(device.submit(commands));
}

TEST_CASE("violation: a read behind a buffer's end" * doctest::skip()) {
  constexpr std::uint32_t kCount = 1 << 18;
  Device& device = test::test_device();
  Buffer x = device.allocate(kCount, MemoryKind::device, "a quarter of what is read");
  Buffer y = device.allocate(4 * kCount, MemoryKind::device, "output");
  struct Push {
    std::uint64_t x, y;
    std::uint32_t count, offset;
  };
  const Push push{x.address(), y.address(), kCount, 0};
  const std::vector<std::uint32_t> constants = {64, 1, 1, 1};
  CommandBuffer commands = device.command_buffer();
  commands.begin();
  commands.dispatch(device.pipeline({"test/affine.u32", constants}), std::as_bytes(std::span(&push, 1)),
                    {kCount / 64, 1, 1});
  commands.end();
  device.wait(device.submit(commands));
}
