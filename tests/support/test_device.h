// The device that tests run on: opened once a process. TUFF_CAPS lowers what it admits to; TUFF_DEVICE
// names another than the best one.
#pragma once

#include "graph/dtype.h"
#include "vulkan/device.h"

namespace tuff::test {

Device& test_device();

// How activations are stored (CompileOptions::storage): f16 where TUFF_TEST_STORAGE says so.
DType test_storage();

}  // namespace tuff::test
