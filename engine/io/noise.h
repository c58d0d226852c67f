// Noise as cameras and detectors add it, on normalized pixels.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/philox.h"

namespace tuff {

struct Noise {
  enum class Kind : std::uint8_t {
    none,
    gaussian,     // plus a normal number of deviation `amount`
    poisson,      // photons counted, `amount` of them where the value is 1; what is below 0 counts as 0
    salt_pepper,  // a share `amount` of the pixels becomes 0 or 1
  };
  Kind kind = Kind::none;
  double amount = 0;
  bool operator==(const Noise&) const = default;
};

// "gaussian:0.1", "poisson:50", "salt-pepper:0.05", "none". Error says what is allowed.
Noise parse_noise(std::string_view text);
std::string to_string(const Noise& noise);

void add_noise(std::span<float> values, const Noise& noise, PhiloxStream& random);

// A number of events whose mean number is `mean`; above 40 rounded from a normal number.
double draw_poisson(PhiloxStream& random, double mean);

}  // namespace tuff
