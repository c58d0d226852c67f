#include "support/test_device.h"

#include "base/error.h"
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

DType test_storage() {
  const std::string storage = os::environment("TUFF_TEST_STORAGE").value_or("f32");
  if (storage != "f32" && storage != "f16")
    throw Error("TUFF_TEST_STORAGE: \"" + storage + "\" is neither f32 nor f16");
  return storage == "f16" ? DType::f16 : DType::f32;
}

}  // namespace tuff::test
