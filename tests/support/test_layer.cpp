#include "support/test_layer.h"

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace tuff::test {
namespace {

constexpr const char* kFolder = TUFF_BINARY_DIR "/tests/layer";

// `value`, after what the variable holds now if that is not there already.
std::string appended(const char* variable, const char* separator, const std::string& value) {
  const char* before = std::getenv(variable);
  if (before == nullptr || *before == '\0') return value;
  if (std::string_view(before).find(value) != std::string_view::npos) return before;
  return std::string(before) + separator + value;
}

}  // namespace

TestLayer::TestLayer(const std::string& words)
    : path_("VK_ADD_LAYER_PATH", appended("VK_ADD_LAYER_PATH", ":", kFolder)),
      layers_("VK_INSTANCE_LAYERS", appended("VK_INSTANCE_LAYERS", ":", "VK_LAYER_TUFF_test")),
      words_("TUFF_TEST_LAYER", appended("TUFF_TEST_LAYER", " ", words)) {}

TuffTestLayerCounts TestLayer::counts() {
  const std::string path = std::string(kFolder) + "/libVkLayer_tuff_test.so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) throw std::runtime_error("no Vulkan instance with the test layer is alive");
  const auto query = reinterpret_cast<void (*)(TuffTestLayerCounts*)>(dlsym(library, "tuff_test_layer_counts"));
  TuffTestLayerCounts counts{};
  query(&counts);
  dlclose(library);
  return counts;
}

}  // namespace tuff::test
