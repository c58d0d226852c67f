// The device that tests run on: opened once a process. TUFF_CAPS lowers what it admits to; TUFF_DEVICE
// names another than the best one.
#pragma once

#include "vulkan/device.h"

namespace tuff::test {

Device& test_device();

}  // namespace tuff::test
