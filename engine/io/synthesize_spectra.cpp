#include "io/synthesize_spectra.h"

#include <cmath>

#include "base/philox.h"
#include "base/random_use.h"

namespace tuff {
namespace {

// Of height 1 at 0; `width` at half height.
double peak(std::int32_t shape, double x, double width) {
  const double half = width / 2;
  if (shape == 1) return 1 / (1 + x * x / (half * half));
  const double gaussian = std::exp(-std::log(2.0) * x * x / (half * half));
  if (shape == 2 && x > 0) return std::max(gaussian, std::exp(-x / (2 * width)) * (1 - std::exp(-x / half)));
  return gaussian;
}

}  // namespace

Spectrum synthesize_spectrum(const SpectrumOptions& options, std::uint64_t seed, std::int64_t index) {
  PhiloxStream random(seed, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                      static_cast<std::uint32_t>(RandomUse::synthesis));
  Spectrum spectrum;
  spectrum.shape = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(kPeakShapes.size())));
  const auto length = static_cast<double>(options.length);
  // A slope and the shoulder of something broad beside the window.
  const double offset = random.uniform(0, 0.2), slope = random.uniform(-0.2, 0.2), shoulder = random.uniform(0, 0.4),
               reach = random.uniform(0.1, 0.4);
  std::vector<double> clean(static_cast<std::size_t>(options.length));
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const double x = static_cast<double>(i) / length;
    clean[i] = offset + slope * x + shoulder * std::exp(-x / reach);
  }
  const std::uint32_t peaks = 2 + random.below(5);
  for (std::uint32_t number = 0; number < peaks; ++number) {
    const double center = random.uniform(0.05, 0.95) * length, height = random.uniform(0.25, 1),
                 width = random.uniform(0.01, 0.04) * length;
    for (std::size_t i = 0; i < clean.size(); ++i)
      clean[i] += height * peak(spectrum.shape, static_cast<double>(i) - center, width);
  }
  for (const double value : clean) {
    spectrum.clean.push_back(static_cast<float>(value));
    spectrum.noisy.push_back(static_cast<float>(value + options.noise * random.normal()));
  }
  return spectrum;
}

}  // namespace tuff
