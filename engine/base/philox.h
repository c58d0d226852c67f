// Philox4x32-10, a counter-based random generator (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011): a pure function of key and counter, so any draw can be made anywhere, in any order.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace tuff {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

constexpr PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

// Uniform in [0, 1), 24 bits.
constexpr float unit_float(std::uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1p-24f;
}

// A sequence of draws keyed by (seed, a, b, c): e.g. (seed, epoch, index, purpose). The counter's first word counts
// blocks; a, b, c fill the others, so streams never overlap within 2^34 draws.
class PhiloxStream {
 public:
  explicit PhiloxStream(std::uint64_t seed, std::uint32_t a = 0, std::uint32_t b = 0, std::uint32_t c = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}, counter_{0, a, b, c} {}

  std::uint32_t bits() {
    if (used_ == 4) {
      block_ = philox(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    return block_[used_++];
  }

  float uniform() { return unit_float(bits()); }
  double uniform(double low, double high) { return low + (high - low) * (bits() * 0x1p-32); }

  // 0..count-1 without bias (Lemire 2019); count at least 1.
  std::uint32_t below(std::uint32_t count) {
    std::uint64_t product = std::uint64_t{bits()} * count;
    if (static_cast<std::uint32_t>(product) < count) {
      const std::uint32_t threshold = (0u - count) % count;
      while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{bits()} * count;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  // Mean 0, deviation 1 (Box and Muller).
  double normal() {
    const double u = (bits() + 1.0) * 0x1p-32;  // above 0
    const double v = bits() * 0x1p-32;
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }

 private:
  PhiloxKey key_;
  PhiloxCounter counter_;
  PhiloxCounter block_{};
  std::size_t used_ = 4;
};

}  // namespace tuff
