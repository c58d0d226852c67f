// Faults that need no driver: a missing loader, result codes, a lost device.
#include <doctest/doctest.h>

#include "base/error.h"
#include "vulkan/context.h"

namespace tuff {
namespace {

TEST_CASE("without a loader the error names it and the cure, in one line") {
  std::string message;
  try {
    Instance::open({.loader = "libtuff-no-such-loader.so"});
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(message.find("no Vulkan loader") == 0);
  CHECK(message.find("libtuff-no-such-loader.so") != std::string::npos);
  CHECK(message.find("apt install libvulkan1") != std::string::npos);
  CHECK(message.find('\n') == std::string::npos);
}

TEST_CASE("a library that isn't a Vulkan loader is an error") {
  CHECK_THROWS_AS(Instance::open({.loader = "libm.so.6"}), Error);
}

TEST_CASE("result codes become the three kinds of error") {
  CHECK_NOTHROW(check(VK_SUCCESS, "gpu", "working"));
  CHECK_NOTHROW(check(VK_INCOMPLETE, "gpu", "working"));
  CHECK_THROWS_AS(check(VK_ERROR_DEVICE_LOST, "gpu", "working"), DeviceLost);
  CHECK_THROWS_AS(check(VK_ERROR_OUT_OF_HOST_MEMORY, "gpu", "working"), OutOfMemory);
  CHECK_THROWS_AS(check(VK_ERROR_OUT_OF_DEVICE_MEMORY, "gpu", "working"), OutOfMemory);
  CHECK_THROWS_WITH_AS(check(VK_ERROR_UNKNOWN, "gpu", "working"), "gpu: working failed: VK_ERROR_UNKNOWN", Error);
}

// A device of the pretended functions below; it owns nothing real.
struct Pretended : DeviceContext {
  Pretended() {
    name = "pretended";
    device = reinterpret_cast<VkDevice>(this);
    vk.wait_semaphores = [](VkDevice, const VkSemaphoreWaitInfo*, std::uint64_t) { return VK_ERROR_DEVICE_LOST; };
  }
};

TEST_CASE("a lost device surfaces at the wait, and destructors survive it") {
  Pretended context;
  CHECK_THROWS_AS(context.wait({1}), DeviceLost);
  CHECK_NOTHROW(context.wait({0}));
  context.wait_quietly({1});
}

}  // namespace
}  // namespace tuff
