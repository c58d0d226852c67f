// The layer's entry points: what the loader and the tests look up in the library.
#include "layer/layer.h"

#include "layer/intercept.h"
#include "layer/state.h"
#include "layer/statistics.h"

// Newer Vulkan headers no longer have one of their own.
#define TUFF_LAYER_EXPORT __attribute__((visibility("default")))

namespace tuff_test {
namespace {

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc_addr(VkDevice device, const char* name) {
  if (std::string_view(name) == "vkGetDeviceProcAddr") return erased<get_device_proc_addr>();
  const auto asked = devices.find(device);
  if (asked->settings.pipeline_statistics)
    if (const PFN_vkVoidFunction own = statistics_function(name)) return own;
  const PFN_vkVoidFunction next = asked->lookup(device, name);
  const PFN_vkVoidFunction own = device_intercept(name);
  return next != nullptr && own != nullptr ? own : next;  // else none that the driver lacks
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_proc_addr(VkInstance instance, const char* name) {
  const std::string_view wanted(name);
  if (wanted == "vkGetInstanceProcAddr") return erased<get_instance_proc_addr>();
  if (wanted == "vkGetDeviceProcAddr") return erased<get_device_proc_addr>();
  if (const PFN_vkVoidFunction own = instance_intercept(wanted)) return own;
  if (const PFN_vkVoidFunction own = device_intercept(wanted)) return own;
  return instance == VK_NULL_HANDLE ? nullptr : instances.find(instance)->lookup(instance, name);
}

}  // namespace
}  // namespace tuff_test

extern "C" TUFF_LAYER_EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface* negotiation) {
  negotiation->loaderLayerInterfaceVersion = 2;
  negotiation->pfnGetInstanceProcAddr = tuff_test::get_instance_proc_addr;
  negotiation->pfnGetDeviceProcAddr = tuff_test::get_device_proc_addr;
  negotiation->pfnGetPhysicalDeviceProcAddr = nullptr;
  return VK_SUCCESS;
}

extern "C" TUFF_LAYER_EXPORT void tuff_test_layer_counts(TuffTestLayerCounts* counts) {
  *counts = tuff_test::counters.snapshot();
}
