// libFuzzer's entry: the target that TUFF_FUZZ_TARGET names.
#include <algorithm>
#include <cstdint>

#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto target = std::ranges::find(tuff::fuzz::targets(), TUFF_FUZZ_TARGET, &tuff::fuzz::Target::name);
  target->run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
