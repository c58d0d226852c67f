#include "support/test_device.h"

#include "base/os.h"

namespace tuff::test {

Device& test_device() {
  static const std::unique_ptr<Device> device = [] {
    DeviceOptions options;
    options.device = os::environment("TUFF_DEVICE").value_or("");
    options.caps_profile = os::environment("TUFF_CAPS").value_or("");
    options.cache_folder = std::filesystem::path(TUFF_BINARY_DIR) / "test-cache";
    return Device::open(options);
  }();
  return *device;
}

}  // namespace tuff::test
