#include "vulkan/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "vulkan/result.h"

namespace tuff {
namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";
constexpr const char* kInstallDriver =
    "install the driver of your GPU or a software driver (Debian, Ubuntu: sudo apt install mesa-vulkan-drivers)";

std::vector<const char*> loader_names(const std::string& wanted) {
  if (!wanted.empty()) return {wanted.c_str()};
#if defined(_WIN32)
  return {"vulkan-1.dll"};
#elif defined(__APPLE__)
  return {"libvulkan.1.dylib", "libvulkan.dylib", "/opt/homebrew/lib/libvulkan.1.dylib", "libMoltenVK.dylib"};
#else
  return {"libvulkan.so.1", "libvulkan.so"};
#endif
}

os::Library open_loader(const std::string& wanted) {
  const std::string name = !wanted.empty() ? wanted : os::environment("TUFF_VULKAN_LOADER").value_or("");
  std::string why;
  if (auto library = os::Library::open(loader_names(name), why)) return std::move(*library);
  throw Error(fmt::format(
      "no Vulkan loader ({}): install it (Debian, Ubuntu: sudo apt install libvulkan1 mesa-vulkan-drivers)", why));
}

bool has_extension(const GlobalFunctions& vk, const char* layer, const char* name) {
  std::uint32_t count = 0;
  vk.enumerate_instance_extensions(layer, &count, nullptr);
  std::vector<VkExtensionProperties> found(count);
  vk.enumerate_instance_extensions(layer, &count, found.data());
  return std::any_of(found.begin(), found.end(), [&](const VkExtensionProperties& extension) {
    return std::strcmp(extension.extensionName, name) == 0;
  });
}

bool has_layer(const GlobalFunctions& vk, const char* name) {
  std::uint32_t count = 0;
  vk.enumerate_instance_layers(&count, nullptr);
  std::vector<VkLayerProperties> layers(count);
  vk.enumerate_instance_layers(&count, layers.data());
  for (const auto& layer : layers)
    if (std::strcmp(layer.layerName, name) == 0) return true;
  return false;
}

VKAPI_ATTR VkBool32 VKAPI_CALL forward_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                               VkDebugUtilsMessageTypeFlagsEXT,
                                               const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
  const auto& sink = *static_cast<const std::function<void(const DebugMessage&)>*>(user);
  try {
    sink(DebugMessage{.error = (severity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT) != 0,
                      .id = data->pMessageIdName != nullptr ? data->pMessageIdName : "",
                      .text = data->pMessage != nullptr ? data->pMessage : ""});
  } catch (...) {  // nothing may be thrown through the driver
  }
  return VK_FALSE;
}

VkDebugUtilsMessengerCreateInfoEXT messenger_info(void* sink) {
  return {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
          .messageSeverity =
              VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
          .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                         VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
          .pfnUserCallback = forward_message,
          .pUserData = sink};
}

// What an instance is asked for.
struct Request {
  std::vector<const char*> layers, extensions;
  VkInstanceCreateFlags flags = 0;
  bool validates = false;  // whether `validation` is chained
  VkValidationFeaturesEXT validation = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT};
};

Request portable_request(const GlobalFunctions& vk) {
  Request request;
  if (has_extension(vk, nullptr, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME)) {  // lists MoltenVK
    request.extensions.push_back(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
    request.flags |= VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
  }
  return request;
}

void add_validation(const GlobalFunctions& vk, Request& request) {
  static constexpr VkValidationFeatureEnableEXT kChecks[] = {
      VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
  if (!has_layer(vk, kValidationLayer))
    throw Error(
        fmt::format("no {}: install it (Debian, Ubuntu: sudo apt install vulkan-validationlayers)", kValidationLayer));
  request.layers.push_back(kValidationLayer);
  if (!has_extension(vk, kValidationLayer, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME)) return;
  request.extensions.push_back(VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME);
  request.validates = true;
  request.validation.enabledValidationFeatureCount = 1;
  request.validation.pEnabledValidationFeatures = kChecks;
}

}  // namespace

std::shared_ptr<Instance> Instance::open(const InstanceOptions& options) {
  std::shared_ptr<Instance> instance(new Instance);
  instance->library_ = open_loader(options.loader);
  auto lookup = reinterpret_cast<PFN_vkGetInstanceProcAddr>(instance->library_->symbol("vkGetInstanceProcAddr"));
  if (lookup == nullptr) throw Error("the Vulkan loader has no vkGetInstanceProcAddr: reinstall it");
  instance->global_ = load_global_functions(lookup);
  instance->create(options);
  return instance;
}

std::shared_ptr<Instance> Instance::adopt(VkInstance handle, PFN_vkGetInstanceProcAddr lookup) {
  std::shared_ptr<Instance> instance(new Instance);
  instance->owned_ = false;
  instance->handle_ = handle;
  instance->global_.get_instance_proc_addr = lookup;
  instance->functions_ = load_instance_functions(lookup, handle);
  return instance;
}

void Instance::create(const InstanceOptions& options) {
  debug_message_ = options.debug_message;
  Request request = portable_request(global_);
  if (options.validate) add_validation(global_, request);
  VkDebugUtilsMessengerCreateInfoEXT messenger = messenger_info(&debug_message_);
  const bool debug =
      debug_message_ && (options.validate || has_extension(global_, nullptr, VK_EXT_DEBUG_UTILS_EXTENSION_NAME));
  if (debug) {
    request.extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
    request.validation.pNext = &messenger;  // for messages of the creation itself
  }
  const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                         .pApplicationName = "tuff",
                                         .pEngineName = "tuff",
                                         .apiVersion = VK_API_VERSION_1_3};
  const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                     .pNext = request.validates ? &request.validation : request.validation.pNext,
                                     .flags = request.flags,
                                     .pApplicationInfo = &application,
                                     .enabledLayerCount = static_cast<std::uint32_t>(request.layers.size()),
                                     .ppEnabledLayerNames = request.layers.data(),
                                     .enabledExtensionCount = static_cast<std::uint32_t>(request.extensions.size()),
                                     .ppEnabledExtensionNames = request.extensions.data()};
  const VkResult result = global_.create_instance(&info, nullptr, &handle_);
  if (result == VK_ERROR_INCOMPATIBLE_DRIVER) throw Error(fmt::format("no Vulkan driver found: {}", kInstallDriver));
  check(result, "Vulkan", "creating an instance");
  functions_ = load_instance_functions(global_.get_instance_proc_addr, handle_);
  if (debug && functions_.create_debug_messenger != nullptr)
    check(functions_.create_debug_messenger(handle_, &messenger, nullptr, &messenger_), "Vulkan",
          "creating a debug messenger");
}

Instance::~Instance() {
  if (!owned_ || handle_ == VK_NULL_HANDLE) return;
  if (messenger_ != VK_NULL_HANDLE) functions_.destroy_debug_messenger(handle_, messenger_, nullptr);
  if (functions_.destroy_instance != nullptr) functions_.destroy_instance(handle_, nullptr);
}

}  // namespace tuff
