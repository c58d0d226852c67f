// The shaders' integer division, compiled as C++.
#include <doctest/doctest.h>

#include <bit>
#include <cstdint>

namespace tuff::test {
namespace {

using uint = std::uint32_t;

int floatBitsToInt(float x) {
  return std::bit_cast<int>(x);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wfloat-conversion"
#include "common/divide.glsl"
#pragma GCC diagnostic pop

}  // namespace

TEST_CASE("division in shaders is exact below 2^31") {
  constexpr uint kMost = 0x7fffffff;
  for (uint power = 0; power < 31; ++power)
    for (const uint offset : {0u, 1u, 2u, 3u, (1u << power) / 3, (1u << power) - 1}) {
      const uint d = (1u << power) + offset;
      for (uint step = 0; step < 200; ++step) {
        // Multiples of d over the whole range, and their neighbours.
        const uint multiple = static_cast<uint>(std::uint64_t{kMost / d} * step / 199) * d;
        for (const uint n : {multiple, multiple - 1, multiple + 1, multiple + (d - 1) / 2, kMost - step, step}) {
          if (n > kMost) continue;
          INFO(n, " / ", d);
          REQUIRE(divide(n, d) == n / d);
        }
      }
    }
}

}  // namespace tuff::test
