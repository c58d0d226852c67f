// What a stream of random numbers is for: the last word of its Philox counter, so that no two uses of one
// seed see the same numbers.
#pragma once

#include <cstdint>

namespace tuff {

enum class RandomUse : std::uint32_t {
  split = 1,
  shuffle = 2,
  crop = 3,
  synthesis = 4,
  op = 5,
  noise = 6,
  augmentation = 7,
  search = 16
};

}  // namespace tuff
