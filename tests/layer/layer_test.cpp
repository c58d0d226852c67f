// The test layer itself, through plain Vulkan calls: what it hides is hidden, what it fails fails, and every other
// device stays as it is.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <vulkan/vulkan_core.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/test_layer.h"

namespace {

using tuff::test::TestLayer;

// One instance and device of it, made through the loader as the environment says at this moment.
struct Vulkan {
  void* library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
  PFN_vkGetInstanceProcAddr lookup = nullptr;
  VkInstance instance = VK_NULL_HANDLE;
  VkPhysicalDevice physical = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;

  Vulkan() {
    if (library == nullptr) throw std::runtime_error("no Vulkan loader");
    lookup = reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(library, "vkGetInstanceProcAddr"));
  }
  ~Vulkan() {
    if (device != VK_NULL_HANDLE) get<PFN_vkDestroyDevice>("vkDestroyDevice")(device, nullptr);
    if (instance != VK_NULL_HANDLE) get<PFN_vkDestroyInstance>("vkDestroyInstance")(instance, nullptr);
    dlclose(library);
  }
  Vulkan(const Vulkan&) = delete;
  Vulkan& operator=(const Vulkan&) = delete;

  template <class Function>
  Function get(const char* name) const {
    return reinterpret_cast<Function>(lookup(instance, name));
  }

  VkResult create_instance() {
    VkApplicationInfo application{
        VK_STRUCTURE_TYPE_APPLICATION_INFO, nullptr, "layer_test", 0, nullptr, 0, VK_API_VERSION_1_2};
    VkInstanceCreateInfo info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, nullptr, 0, &application, 0, nullptr, 0, nullptr};
    const VkResult result = get<PFN_vkCreateInstance>("vkCreateInstance")(&info, nullptr, &instance);
    if (result != VK_SUCCESS) return result;
    std::uint32_t one = 1;
    get<PFN_vkEnumeratePhysicalDevices>("vkEnumeratePhysicalDevices")(instance, &one, &physical);
    return one == 1 ? VK_SUCCESS : VK_ERROR_INITIALIZATION_FAILED;
  }

  // `features`: chained to the create-info.
  VkResult create_device(const void* features = nullptr, std::vector<const char*> extensions = {}) {
    const float priority = 1;
    VkDeviceQueueCreateInfo queues{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, nullptr, 0, 0, 1, &priority};
    VkDeviceCreateInfo info{
        VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,          features,          0,      1, &queues, 0, nullptr,
        static_cast<std::uint32_t>(extensions.size()), extensions.data(), nullptr};
    const VkResult result = get<PFN_vkCreateDevice>("vkCreateDevice")(physical, &info, nullptr, &device);
    if (result == VK_SUCCESS) get<PFN_vkGetDeviceQueue>("vkGetDeviceQueue")(device, 0, 0, &queue);
    return result;
  }

  VkResult submit() const {
    VkSubmitInfo info{};
    info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
    return get<PFN_vkQueueSubmit>("vkQueueSubmit")(queue, 1, &info, VK_NULL_HANDLE);
  }

  VkResult wait() const { return get<PFN_vkDeviceWaitIdle>("vkDeviceWaitIdle")(device); }

  VkResult allocate(VkDeviceSize bytes, VkDeviceMemory& memory) const {
    VkMemoryAllocateInfo info{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, nullptr, bytes, 0};
    return get<PFN_vkAllocateMemory>("vkAllocateMemory")(device, &info, nullptr, &memory);
  }

  void free(VkDeviceMemory memory) const { get<PFN_vkFreeMemory>("vkFreeMemory")(device, memory, nullptr); }
};

VkPhysicalDeviceVulkan12Features vulkan12_features(const Vulkan& vulkan) {
  VkPhysicalDeviceVulkan12Features vulkan12{};
  vulkan12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  VkPhysicalDeviceFeatures2 features{};
  features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  features.pNext = &vulkan12;
  vulkan.get<PFN_vkGetPhysicalDeviceFeatures2>("vkGetPhysicalDeviceFeatures2")(vulkan.physical, &features);
  return vulkan12;
}

}  // namespace

TEST_CASE("test layer: lowered limits are what a program sees") {
  const TestLayer layer("maxComputeSharedMemorySize=16000 maxComputeWorkGroupSize=99 -timestamps subgroupSize=0");
  Vulkan vulkan;
  REQUIRE(vulkan.create_instance() == VK_SUCCESS);
  VkPhysicalDeviceSubgroupProperties subgroups{};
  subgroups.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES;
  subgroups.subgroupSize = 77;
  VkPhysicalDeviceProperties2 properties{};
  properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  properties.pNext = &subgroups;
  vulkan.get<PFN_vkGetPhysicalDeviceProperties2>("vkGetPhysicalDeviceProperties2")(vulkan.physical, &properties);
  const VkPhysicalDeviceLimits& limits = properties.properties.limits;
  CHECK(limits.maxComputeSharedMemorySize == 16000);
  CHECK(limits.maxComputeWorkGroupSize[0] == 99);
  CHECK(limits.maxComputeWorkGroupSize[1] == 99);
  CHECK(limits.maxComputeWorkGroupSize[2] <= 99);
  CHECK(limits.timestampComputeAndGraphics == VK_FALSE);
  CHECK(limits.maxPushConstantsSize >= 128);
  CHECK(subgroups.subgroupSize == 0);
  const auto get_families =
      vulkan.get<PFN_vkGetPhysicalDeviceQueueFamilyProperties>("vkGetPhysicalDeviceQueueFamilyProperties");
  std::uint32_t count = 0;
  get_families(vulkan.physical, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  get_families(vulkan.physical, &count, families.data());
  REQUIRE(count > 0);
  for (const VkQueueFamilyProperties& family : families) CHECK(family.timestampValidBits == 0);
}

TEST_CASE("test layer: a limit is never raised") {
  const TestLayer layer("maxComputeWorkGroupInvocations=1000000");
  Vulkan vulkan;
  REQUIRE(vulkan.create_instance() == VK_SUCCESS);
  VkPhysicalDeviceProperties properties{};
  vulkan.get<PFN_vkGetPhysicalDeviceProperties>("vkGetPhysicalDeviceProperties")(vulkan.physical, &properties);
  CHECK(properties.limits.maxComputeWorkGroupInvocations < 1000000);
}

TEST_CASE("test layer: a hidden feature is absent, and a device that wants it is refused") {
  VkPhysicalDeviceVulkan12Features wants{};
  wants.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  wants.timelineSemaphore = VK_TRUE;
  {
    Vulkan plain;
    REQUIRE(plain.create_instance() == VK_SUCCESS);
    REQUIRE(vulkan12_features(plain).timelineSemaphore == VK_TRUE);
    CHECK(plain.create_device(&wants) == VK_SUCCESS);
  }
  const TestLayer layer("-timelineSemaphore -VK_KHR_maintenance1");
  Vulkan vulkan;
  REQUIRE(vulkan.create_instance() == VK_SUCCESS);
  CHECK(vulkan12_features(vulkan).timelineSemaphore == VK_FALSE);
  CHECK(vulkan12_features(vulkan).bufferDeviceAddress == VK_TRUE);
  CHECK(vulkan.create_device(&wants) == VK_ERROR_FEATURE_NOT_PRESENT);
  CHECK(vulkan.create_device(nullptr, {"VK_KHR_maintenance1"}) == VK_ERROR_EXTENSION_NOT_PRESENT);
  CHECK(vulkan.create_device() == VK_SUCCESS);
}

TEST_CASE("test layer: a misspelt word is refused") {
  for (const char* words : {"maxComputeSharedMemorySise=1", "-shaderFloat61", "lose_at_submit=soon", "lose"}) {
    const TestLayer layer(words);
    Vulkan vulkan;
    CHECK_MESSAGE(vulkan.create_instance() == VK_ERROR_INITIALIZATION_FAILED, words);
  }
}

TEST_CASE("test layer: one device is lost at its second submission, another is not") {
  Vulkan lost;
  Vulkan well;
  {
    const TestLayer layer("lose_at_submit=2");
    REQUIRE(lost.create_instance() == VK_SUCCESS);
    REQUIRE(lost.create_device() == VK_SUCCESS);
  }
  {
    const TestLayer layer("");
    REQUIRE(well.create_instance() == VK_SUCCESS);
    REQUIRE(well.create_device() == VK_SUCCESS);
  }
  CHECK(lost.submit() == VK_SUCCESS);
  CHECK(lost.wait() == VK_SUCCESS);
  CHECK(lost.submit() == VK_ERROR_DEVICE_LOST);
  CHECK(lost.submit() == VK_ERROR_DEVICE_LOST);
  CHECK(lost.wait() == VK_ERROR_DEVICE_LOST);
  for (int i = 0; i < 4; ++i) CHECK(well.submit() == VK_SUCCESS);
  CHECK(well.wait() == VK_SUCCESS);
}

TEST_CASE("test layer: a hang is found out by the wait") {
  const TestLayer layer("hang_at_submit=1");
  Vulkan vulkan;
  REQUIRE(vulkan.create_instance() == VK_SUCCESS);
  REQUIRE(vulkan.create_device() == VK_SUCCESS);
  CHECK(vulkan.submit() == VK_SUCCESS);
  CHECK(vulkan.submit() == VK_SUCCESS);
  CHECK(vulkan.wait() == VK_ERROR_DEVICE_LOST);
  CHECK(vulkan.submit() == VK_ERROR_DEVICE_LOST);
}

TEST_CASE("test layer: allocations fail by number and by budget") {
  const TestLayer layer("out_of_memory_at_allocation=2 memory_budget=1000000");
  Vulkan vulkan;
  REQUIRE(vulkan.create_instance() == VK_SUCCESS);
  REQUIRE(vulkan.create_device() == VK_SUCCESS);
  VkDeviceMemory first = VK_NULL_HANDLE;
  VkDeviceMemory second = VK_NULL_HANDLE;
  CHECK(vulkan.allocate(600000, first) == VK_SUCCESS);
  CHECK(vulkan.allocate(64, second) == VK_ERROR_OUT_OF_DEVICE_MEMORY);
  CHECK(vulkan.allocate(600000, second) == VK_ERROR_OUT_OF_DEVICE_MEMORY);
  vulkan.free(first);
  CHECK(vulkan.allocate(600000, second) == VK_SUCCESS);
  vulkan.free(second);
}

TEST_CASE("test layer: counts, queried and written to a file") {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "tuff_layer_test_counts.json";
  std::filesystem::remove(file);
  {
    const TestLayer layer("counts=" + file.string());
    Vulkan vulkan;
    REQUIRE(vulkan.create_instance() == VK_SUCCESS);
    REQUIRE(vulkan.create_device() == VK_SUCCESS);
    const TuffTestLayerCounts before = TestLayer::counts();
    VkDeviceMemory memory = VK_NULL_HANDLE;
    REQUIRE(vulkan.allocate(4096, memory) == VK_SUCCESS);
    CHECK(TestLayer::counts().bytes - before.bytes == 4096);
    CHECK(vulkan.submit() == VK_SUCCESS);
    CHECK(vulkan.submit() == VK_SUCCESS);
    CHECK(vulkan.wait() == VK_SUCCESS);
    vulkan.free(memory);
    const TuffTestLayerCounts after = TestLayer::counts();
    CHECK(after.allocations - before.allocations == 1);
    CHECK(after.submissions - before.submissions == 2);
    CHECK(after.bytes == before.bytes);
    CHECK(after.peak_bytes >= 4096);
    CHECK(after.pipelines == before.pipelines);
  }
  std::ifstream stream(file);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  CHECK(text.find("\"submissions\": ") != std::string::npos);
  std::filesystem::remove(file);
}
