// A host program's own Vulkan objects: device, queue with its lock, buffer, semaphore.
#include <doctest/doctest.h>

#include <mutex>

#include "base/os.h"
#include "support/test_device.h"
#include "vulkan/device.h"

namespace tuff {
namespace {

// What a host program would have.
struct Host {
  std::shared_ptr<Instance> instance = Instance::open();
  DeviceDescription device = choose_device(describe_devices(*instance), os::environment("TUFF_DEVICE").value_or(""));
  VkDevice handle = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  VkSemaphore semaphore = VK_NULL_HANDLE;
  VkBuffer buffer = VK_NULL_HANDLE;
  VkDeviceMemory memory = VK_NULL_HANDLE;
  DeviceFunctions vk;
  std::mutex queue_lock;

  Host() {
    VkPhysicalDeviceVulkan12Features features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                                 .timelineSemaphore = VK_TRUE,
                                                 .bufferDeviceAddress = VK_TRUE};
    const float priority = 1;
    const VkDeviceQueueCreateInfo queues = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                            .queueFamilyIndex = device.queue_family,
                                            .queueCount = 1,
                                            .pQueuePriorities = &priority};
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .pNext = &features,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queues};
    REQUIRE(instance->functions().create_device(device.handle, &info, nullptr, &handle) == VK_SUCCESS);
    vk = load_device_functions(instance->functions().get_device_proc_addr, handle);
    vk.get_device_queue(handle, device.queue_family, 0, &queue);
    const VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                            .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    const VkSemaphoreCreateInfo timeline = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    REQUIRE(vk.create_semaphore(handle, &timeline, nullptr, &semaphore) == VK_SUCCESS);
    make_buffer();
  }

  ~Host() {
    vk.destroy_buffer(handle, buffer, nullptr);
    vk.free_memory(handle, memory, nullptr);
    vk.destroy_semaphore(handle, semaphore, nullptr);
    vk.destroy_device(handle, nullptr);
  }

  void make_buffer() {
    const VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                     .size = 1024,
                                     .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                              VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                                              VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT};
    REQUIRE(vk.create_buffer(handle, &info, nullptr, &buffer) == VK_SUCCESS);
    VkMemoryRequirements needs = {};
    vk.get_buffer_memory_requirements(handle, buffer, &needs);
    std::uint32_t type = 0;
    while ((needs.memoryTypeBits >> type & 1u) == 0) ++type;
    const VkMemoryAllocateFlagsInfo flags = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                             .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
    const VkMemoryAllocateInfo allocation = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                             .pNext = &flags,
                                             .allocationSize = needs.size,
                                             .memoryTypeIndex = type};
    REQUIRE(vk.allocate_memory(handle, &allocation, nullptr, &memory) == VK_SUCCESS);
    REQUIRE(vk.bind_buffer_memory(handle, buffer, memory, 0) == VK_SUCCESS);
  }

  AdoptedDevice adopted() {
    AdoptedDevice all;
    all.lookup = instance->lookup();
    all.instance = instance->handle();
    all.physical_device = device.handle;
    all.device = handle;
    all.queue = queue;
    all.queue_family = device.queue_family;
    all.queue_lock = &queue_lock;
    return all;
  }
};

TEST_CASE("a device works on the caller's Vulkan objects and leaves them whole") {
  Host host;
  {
    const auto device = Device::adopt(host.adopted());
    CHECK_FALSE(device->caps().int64);  // not enabled by the caller
    Buffer theirs = device->borrow(host.buffer, 1024);
    Buffer ours = device->allocate(1024, MemoryKind::download, "result");
    CommandBuffer commands = device->command_buffer();
    commands.begin();
    commands.fill(theirs, 0, 1024, 20);
    commands.barrier();
    struct {
      std::uint64_t x, y;
      std::uint32_t count, offset;
    } const push = {theirs.address(), ours.address(), 256, 2};
    const std::vector<std::uint32_t> constants = {64, 1, 1, 2};
    commands.dispatch(device->pipeline({"test/affine.u32", constants}), std::as_bytes(std::span(&push, 1)), {4, 1, 1});
    commands.end();
    const CommandBuffer* list[] = {&commands};
    const SemaphorePoint done[] = {{host.semaphore, 7}};
    const Ticket ticket = device->submit(list, {}, done);
    const SemaphorePoint after[] = {{host.semaphore, 7}};
    device->wait(device->submit({}, after));
    CHECK(device->done(ticket));
    CHECK(reinterpret_cast<const std::uint32_t*>(ours.mapped())[255] == 42);
    CHECK(device->counters().allocations == 1);
  }
  std::uint64_t reached = 0;
  CHECK(host.vk.get_semaphore_counter_value(host.handle, host.semaphore, &reached) == VK_SUCCESS);
  CHECK(reached == 7);
}

}  // namespace
}  // namespace tuff
