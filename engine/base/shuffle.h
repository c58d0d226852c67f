// Random orders that are the same on every machine and with every standard library.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/philox.h"

namespace tuff {

// Every order equally likely (Fisher and Yates); draws values.size() - 1 numbers.
template <class T>
void shuffle(std::vector<T>& values, PhiloxStream& random) {
  for (std::size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[random.below(static_cast<std::uint32_t>(i))]);
}

}  // namespace tuff
