// Generated spectra: peaks of one of several shapes on a baseline, with noise and without, to try the program where
// there are no data.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tuff {

struct SpectrumOptions {
  std::int64_t length = 512;
  double noise = 0.05;  // deviation; the highest peaks are about 1
};

// What the peaks of a spectrum are: Gaussian and Lorentzian of equal width at half height, and those with an
// exponential tail to the right, as chromatography has them.
inline constexpr std::array<std::string_view, 3> kPeakShapes = {"gaussian", "lorentzian", "tailed"};

struct Spectrum {
  std::vector<float> noisy;
  std::vector<float> clean;
  std::int32_t shape = 0;  // index into kPeakShapes
};

// Spectrum number `index` of a series: 2 to 6 peaks; a pure function of (options, seed, index).
Spectrum synthesize_spectrum(const SpectrumOptions& options, std::uint64_t seed, std::int64_t index);

}  // namespace tuff
