#include "io/synthesize.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/philox.h"
#include "base/random_use.h"
#include "io/noise.h"

namespace tuff {
namespace {

struct Nucleus {
  double y = 0;
  double x = 0;
  double long_axis = 0;  // radii in pixels
  double short_axis = 0;
  double angle = 0;
  double brightness = 0;  // 0..1
  double wave_angle = 0;  // of the chromatin's unevenness
  double wave_phase = 0;

  // 0 at the centre, 1 on the rim.
  double distance(double at_y, double at_x) const {
    const double dy = at_y - y, dx = at_x - x;
    const double u = (dx * std::cos(angle) + dy * std::sin(angle)) / long_axis;
    const double v = (dy * std::cos(angle) - dx * std::sin(angle)) / short_axis;
    return std::sqrt(u * u + v * v);
  }
};

Nucleus draw_nucleus(PhiloxStream& random, const SynthesisOptions& options) {
  Nucleus nucleus;
  nucleus.y = random.uniform(0, static_cast<double>(options.height));
  nucleus.x = random.uniform(0, static_cast<double>(options.width));
  const double radius = options.radius * std::clamp(1 + 0.3 * random.normal(), 0.45, 1.9);
  const double ratio = random.uniform(0.55, 1.0);  // short to long axis, of equal area
  nucleus.long_axis = radius / std::sqrt(ratio);
  nucleus.short_axis = radius * std::sqrt(ratio);
  nucleus.angle = random.uniform(0, std::numbers::pi);
  nucleus.brightness = std::clamp(0.65 + 0.22 * random.normal(), 0.22, 1.2);
  nucleus.wave_angle = random.uniform(0, 2 * std::numbers::pi);
  nucleus.wave_phase = random.uniform(0, 2 * std::numbers::pi);
  return nucleus;
}

// Beside another one, so that they touch.
void place_beside(PhiloxStream& random, Nucleus& nucleus, const Nucleus& other) {
  const double direction = random.uniform(0, 2 * std::numbers::pi);
  const double apart =
      0.97 * (std::sqrt(nucleus.long_axis * nucleus.short_axis) + std::sqrt(other.long_axis * other.short_axis));
  nucleus.y = other.y + apart * std::sin(direction);
  nucleus.x = other.x + apart * std::cos(direction);
}

// Draws into signal (0..1) and ids what isn't taken by others; false, with nothing drawn, where it would
// overlap more than a sixth of its area or lies outside.
bool draw(const Nucleus& nucleus, std::int32_t id, Image& signal, Image& ids) {
  const auto reach = static_cast<std::int64_t>(nucleus.long_axis) + 2;
  const auto cy = static_cast<std::int64_t>(nucleus.y), cx = static_cast<std::int64_t>(nucleus.x);
  const std::int64_t top = std::max<std::int64_t>(cy - reach, 0), bottom = std::min(cy + reach + 1, ids.height);
  const std::int64_t left = std::max<std::int64_t>(cx - reach, 0), right = std::min(cx + reach + 1, ids.width);
  std::int64_t area = 0, taken = 0;
  for (std::int64_t y = top; y < bottom; ++y)
    for (std::int64_t x = left; x < right; ++x) {
      if (nucleus.distance(static_cast<double>(y), static_cast<double>(x)) > 1) continue;
      ++area;
      taken += ids.values[static_cast<std::size_t>(y * ids.width + x)] != 0;
    }
  if (area < 12 || taken * 6 > area) return false;
  for (std::int64_t y = top; y < bottom; ++y)
    for (std::int64_t x = left; x < right; ++x) {
      const auto at = static_cast<std::size_t>(y * ids.width + x);
      const double distance = nucleus.distance(static_cast<double>(y), static_cast<double>(x));
      if (distance > 1 || ids.values[at] != 0) continue;
      const double along = (static_cast<double>(x) * std::cos(nucleus.wave_angle) +
                            static_cast<double>(y) * std::sin(nucleus.wave_angle));
      const double chromatin = 1 + 0.16 * std::sin(along * 5 / nucleus.long_axis + nucleus.wave_phase);
      ids.values[at] = static_cast<float>(id);
      signal.values[at] = static_cast<float>(nucleus.brightness * chromatin * (1 - 0.25 * distance * distance));
    }
  return true;
}

// Separable Gaussian, edges repeated.
void blur(Image& image, double deviation) {
  const auto reach = static_cast<std::int64_t>(std::ceil(3 * deviation));
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t i = -reach; i <= reach; ++i) {
    weights.push_back(std::exp(-0.5 * static_cast<double>(i * i) / (deviation * deviation)));
    sum += weights.back();
  }
  const auto pass = [&](std::int64_t lines, std::int64_t length, std::int64_t line_stride, std::int64_t stride) {
    std::vector<float> line(static_cast<std::size_t>(length));
    for (std::int64_t l = 0; l < lines; ++l) {
      float* at = image.values.data() + l * line_stride;
      for (std::int64_t i = 0; i < length; ++i) {
        double value = 0;
        for (std::int64_t k = -reach; k <= reach; ++k)
          value += weights[static_cast<std::size_t>(k + reach)] *
                   static_cast<double>(at[std::clamp<std::int64_t>(i + k, 0, length - 1) * stride]);
        line[static_cast<std::size_t>(i)] = static_cast<float>(value / sum);
      }
      for (std::int64_t i = 0; i < length; ++i) at[i * stride] = line[static_cast<std::size_t>(i)];
    }
  };
  pass(image.height, image.width, image.width, 1);
  pass(image.width, image.height, 1, image.width);
}

// Uneven illumination: a slope and a wide bump, in photons.
struct Background {
  double level, slope_y, slope_x, bump, bump_y, bump_x, bump_width;

  Background(PhiloxStream& random, double photons, double size)
      : level(photons * random.uniform(0.03, 0.12)),
        slope_y(photons * random.uniform(-0.05, 0.05) / size),
        slope_x(photons * random.uniform(-0.05, 0.05) / size),
        bump(photons * random.uniform(0.0, 0.15)),
        bump_y(random.uniform(0, size)),
        bump_x(random.uniform(0, size)),
        bump_width(size * random.uniform(0.25, 0.6)) {}

  double at(double y, double x) const {
    const double distance = ((y - bump_y) * (y - bump_y) + (x - bump_x) * (x - bump_x)) / (bump_width * bump_width);
    return std::max(0.0, level + slope_y * y + slope_x * x + bump * std::exp(-distance));
  }
};

}  // namespace

SyntheticSample synthesize_nuclei(const SynthesisOptions& options, std::uint64_t seed, std::int64_t index) {
  PhiloxStream random(seed, static_cast<std::uint32_t>(index), 0, static_cast<std::uint32_t>(RandomUse::synthesis));
  SyntheticSample sample{Image(1, options.height, options.width), Image(1, options.height, options.width)};
  Image& signal = sample.image;
  const auto wanted = static_cast<int>(std::lround(options.nuclei * random.uniform(0.5, 1.5)));
  std::vector<Nucleus> nuclei;
  for (int attempt = 0; attempt < 6 * wanted && static_cast<int>(nuclei.size()) < wanted; ++attempt) {
    Nucleus nucleus = draw_nucleus(random, options);
    const bool touching = random.uniform(0, 1) < options.touching;
    if (touching && !nuclei.empty())
      place_beside(random, nucleus, nuclei[random.below(static_cast<std::uint32_t>(nuclei.size()))]);
    if (draw(nucleus, static_cast<std::int32_t>(nuclei.size()) + 1, signal, sample.mask)) nuclei.push_back(nucleus);
  }
  blur(signal, random.uniform(0.7, 2.2));

  const double photons = options.photons * random.uniform(0.5, 1.6);
  const Background background(random, photons, static_cast<double>(std::max(options.height, options.width)));
  const double gain = random.uniform(12, 40), offset = random.uniform(80, 400);  // of the camera, in grey values
  for (std::int64_t y = 0; y < options.height; ++y)
    for (std::int64_t x = 0; x < options.width; ++x) {
      float& value = signal.values[static_cast<std::size_t>(y * options.width + x)];
      const double mean =
          photons * static_cast<double>(value) + background.at(static_cast<double>(y), static_cast<double>(x));
      const double arrived = draw_poisson(random, mean);
      const double electrons = arrived + options.read_noise * random.normal();
      value = static_cast<float>(std::clamp(std::round(offset + gain * electrons), 0.0, 65535.0));
    }
  sample.image.info.bits = sample.mask.info.bits = 16;
  return sample;
}

}  // namespace tuff
