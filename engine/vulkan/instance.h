// The Vulkan loader, opened at run time, and a VkInstance of it. Nothing here is global: each Instance
// has its own function table and ends with the last device that holds it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/os.h"
#include "vulkan/functions.h"

namespace tuff {

// A message of the validation layers or the driver (VK_EXT_debug_utils), warnings and errors only.
struct DebugMessage {
  bool error = false;  // else a warning
  std::string id;      // "VUID-vkCmdCopyBuffer-size-00115"; empty where the layer gives none
  std::string text;
};

struct InstanceOptions {
  // Loads the Khronos validation layer with synchronization checks; Error where it isn't installed.
  bool validate = false;
  // Gets every debug message, from whichever thread calls Vulkan. Works with layers that the environment
  // loads (VK_INSTANCE_LAYERS) as well.
  std::function<void(const DebugMessage&)> debug_message;
  // The loader's file name; empty: $TUFF_VULKAN_LOADER, else this system's usual names.
  std::string loader;
};

class Instance {
 public:
  // Error in one line, with the cure, where there is no loader or no driver at all.
  static std::shared_ptr<Instance> open(const InstanceOptions& options = {});
  // The caller's instance; it must outlive this object.
  static std::shared_ptr<Instance> adopt(VkInstance instance, PFN_vkGetInstanceProcAddr lookup);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  VkInstance handle() const { return handle_; }
  const InstanceFunctions& functions() const { return functions_; }
  PFN_vkGetInstanceProcAddr lookup() const { return global_.get_instance_proc_addr; }

 private:
  Instance() = default;
  void create(const InstanceOptions& options);

  std::optional<os::Library> library_;  // first, so that it is closed last
  GlobalFunctions global_;
  InstanceFunctions functions_;
  VkInstance handle_ = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  std::function<void(const DebugMessage&)> debug_message_;
  bool owned_ = true;
};

}  // namespace tuff
