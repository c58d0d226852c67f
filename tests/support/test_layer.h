// Puts the test layer (tests/layer/layer.h has its words) between the driver and every Vulkan instance that is made
// while the object lives:
//
//   TestLayer layer("lose_at_submit=3");
//   auto device = Device::open({});
//
// It adds to the layers and words that the environment asks for already.
#pragma once

#include <string>

#include "layer/layer.h"
#include "support/environment.h"

namespace tuff::test {

class TestLayer {
 public:
  explicit TestLayer(const std::string& words);

  // Since the process began; the difference of two tells what happened between. Needs an instance with the layer.
  static TuffTestLayerCounts counts();

 private:
  ScopedEnvironment path_;
  ScopedEnvironment layers_;
  ScopedEnvironment words_;
};

}  // namespace tuff::test
