// Division by an invariant integer as a multiplication and a shift (Granlund and Montgomery 1994), for shaders:
// see shaders/common/division.glsl.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <vector>

namespace tuff {

struct Division {
  std::uint32_t multiplier = 0;
  std::uint32_t shift = 0;
};

// Exact for dividends below 2^31; divisor from 2 to 2^31.
inline Division division(std::uint32_t divisor) {
  assert(divisor >= 2);
  const auto bits = static_cast<std::uint32_t>(std::bit_width(divisor - 1));  // 2^bits is the first power not below
  return {static_cast<std::uint32_t>((std::uint64_t{1} << (31 + bits)) / divisor + 1), bits - 1};
}

// Divisor, multiplier and shift, as quotient() of the shaders takes them; the divisor may be 1.
inline void append_division(std::vector<std::uint32_t>& constants, std::uint32_t divisor) {
  const Division by = division(std::max(divisor, 2u));
  constants.insert(constants.end(), {divisor, by.multiplier, by.shift});
}

}  // namespace tuff
