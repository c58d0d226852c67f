#include "io/augmentation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/number.h"
#include "base/philox.h"
#include "base/random_use.h"

namespace tuff {
namespace {

constexpr std::int64_t kElasticSpacing = 32;  // pixels between control points, about
constexpr double kCubicOvershoot = 1.375;     // of cubic interpolation of values of -1 to 1 along one axis, at most

struct Turn {
  std::string_view name;
  bool Augmentation::*field;
};

constexpr Turn kTurns[] = {{"flip", &Augmentation::flip}, {"rot90", &Augmentation::rot90}};

struct Effect {
  std::string_view name;
  double Augmentation::*strength;
  double usual;
  double most;
  std::string_view unit;
  bool in_all = true;
};

// Elastic displacements of more than a quarter of the points' distance could fold the image.
constexpr Effect kEffects[] = {
    {"rotate", &Augmentation::rotate, 45, 180, "degrees"},
    {"scale", &Augmentation::scale, 0.2, 1, "a part, 0.2 for a fifth more or less"},
    {"translate", &Augmentation::translate, 0.1, 0.5, "a part of the extent", false},
    {"skew", &Augmentation::skew, 10, 45, "degrees"},
    {"elastic", &Augmentation::elastic, 3, kElasticSpacing / 4.0, "pixels"},
    {"gamma", &Augmentation::gamma, 0.2, 2, "a part"},
    {"background", &Augmentation::background, 0.1, 1, "a part of the range of intensities"},
    {"contrast", &Augmentation::contrast, 0.25, 2, "a part"},
    {"brightness", &Augmentation::brightness, 0.1, 1, "a part of the range of intensities"},
    {"color", &Augmentation::color, 0.1, 2, "a part"},
    {"blur", &Augmentation::blur, 1, 8, "pixels"},
    {"noise", &Augmentation::noise, 0.05, 1, "a part of the range of intensities"},
};

void set_all(Augmentation& augmentation) {
  augmentation = {.flip = true, .rot90 = true};
  for (const Effect& effect : kEffects)
    if (effect.in_all) augmentation.*effect.strength = effect.usual;
}

double strength_of(const Effect& effect, std::string_view word) {
  if (word.size() == effect.name.size()) return effect.usual;
  double strength = 0;
  if (!parse_number(word.substr(effect.name.size() + 1), strength) || !(strength >= 0 && strength <= effect.most))
    throw Error(fmt::format("--augment {}: {} takes a number from 0 to {:g} ({})", word, effect.name, effect.most,
                            effect.unit));
  return strength;
}

void apply_word(Augmentation& augmentation, std::string_view word, bool small_data) {
  const std::string_view name = word.substr(0, word.find('='));
  if (word == "auto" && !small_data) {
    augmentation = {.flip = true, .rot90 = true};
    return;
  }
  if (word == "auto" || word == "all") return set_all(augmentation);
  if (word == "none") {
    augmentation = {};
    return;
  }
  for (const Turn& turn : kTurns) {
    if (turn.name != name) continue;
    if (name != word) throw Error(fmt::format("--augment {}: {} takes no strength", word, name));
    augmentation.*turn.field = true;
    return;
  }
  for (const Effect& effect : kEffects) {
    if (effect.name != name) continue;
    augmentation.*effect.strength = strength_of(effect, word);
    return;
  }
  std::vector<std::string_view> names = {"auto", "all", "none"};
  for (const Turn& turn : kTurns) names.push_back(turn.name);
  for (const Effect& effect : kEffects) names.push_back(effect.name);
  throw Error(fmt::format("--augment: '{}' is unknown: give a list of {}", word, fmt::join(names, ", ")));
}

std::vector<std::string_view> words_of(std::string_view list) {
  std::vector<std::string_view> words;
  while (true) {
    words.push_back(list.substr(0, list.find(',')));
    if (words.back().size() == list.size()) return words;
    list.remove_prefix(words.back().size() + 1);
  }
}

double radians(double degrees) {
  return degrees * std::numbers::pi / 180;
}

// Draws in a fixed order, whatever is switched on, so that one option doesn't change another's numbers.
class Draws {
 public:
  explicit Draws(const SampleKey& key)
      : random_(key.seed, static_cast<std::uint32_t>(key.epoch), static_cast<std::uint32_t>(key.index),
                static_cast<std::uint32_t>(RandomUse::augmentation)) {}

  bool coin() { return (random_.bits() & 1) != 0; }
  std::uint32_t bits() { return random_.bits(); }
  double symmetric(double most) { return random_.uniform(-most, most); }
  double up_to(double most) { return random_.uniform(0, most); }
  // 1 / (1 + most) to 1 + most, its logarithm evenly; exactly 1 for most = 0.
  double factor(double most) { return std::exp(symmetric(std::log1p(most))); }

 private:
  PhiloxStream random_;
};

using Matrix = std::array<std::array<double, 2>, 2>;  // of (x, y)

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix result{};
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 2; ++j) result[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j];
  return result;
}

// Whole numbers, so that nothing is interpolated.
Matrix flips_and_turns(const Augmentation& augmentation, const ImageSize& crop, std::uint32_t bits) {
  Matrix matrix = {{{1, 0}, {0, 1}}};
  std::uint32_t turns = augmentation.rot90 ? bits >> 2 & 3 : 0;
  if (crop.height != crop.width) turns = turns / 2 * 2;
  for (; turns > 0; --turns) matrix = product(matrix, {{{0, -1}, {1, 0}}});
  if (augmentation.flip && (bits & 1) != 0) matrix = product(matrix, {{{-1, 0}, {0, 1}}});
  if (augmentation.flip && (bits & 2) != 0) matrix = product(matrix, {{{1, 0}, {0, -1}}});
  return matrix;
}

void draw_warp(Draws& draws, const Augmentation& augmentation, const ImageSize& crop, bool turns,
               AugmentationDraw& draw) {
  const bool warped = draws.coin();
  const std::uint32_t bits = draws.bits();
  const double angle = radians(draws.symmetric(augmentation.rotate)), factor = draws.factor(augmentation.scale);
  const double slope = std::tan(radians(draws.symmetric(augmentation.skew)));
  const double shift_y = draws.symmetric(augmentation.translate) * static_cast<double>(crop.height);
  const double shift_x = draws.symmetric(augmentation.translate) * static_cast<double>(crop.width);
  const double reach = draws.up_to(augmentation.elastic);
  Matrix matrix = {{{1, 0}, {0, 1}}};
  if (warped) {
    matrix =
        product({{{std::cos(angle), -std::sin(angle)}, {std::sin(angle), std::cos(angle)}}}, {{{1, slope}, {0, 1}}});
    for (auto& row : matrix)
      for (double& value : row) value /= factor;
    draw.along_z[2] = crop.depth > 1 ? 1 / factor : 1;
    draw.shift = {shift_x, shift_y, 0};
  }
  if (turns) matrix = product(matrix, flips_and_turns(augmentation, crop, bits));
  draw.along_x = {matrix[0][0], matrix[1][0], 0};
  draw.along_y = {matrix[0][1], matrix[1][1], 0};
  if (augmentation.elastic == 0) return;
  draw.elastic.resize(2 * static_cast<std::size_t>(elastic_points(crop).pixels()));
  for (float& value : draw.elastic) value = warped ? static_cast<float>(draws.symmetric(reach)) : 0.0f;
}

void draw_intensities(Draws& draws, const Augmentation& augmentation, std::int64_t channels, AugmentationDraw& draw) {
  const auto sometimes = [&](double value, double nothing) { return draws.coin() ? value : nothing; };
  const double most = draws.up_to(augmentation.background);
  for (float& value : draw.background) value = static_cast<float>(draws.symmetric(most));
  if (!draws.coin()) draw.background = {};
  draw.contrast = sometimes(draws.factor(augmentation.contrast), 1);
  draw.brightness = sometimes(draws.symmetric(augmentation.brightness), 0);
  draw.blur = sometimes(draws.up_to(1), 0);
  draw.noise = sometimes(draws.up_to(augmentation.noise), 0);
  const bool bent = draws.coin(), colored = draws.coin();
  for (std::int64_t c = 0; c < channels; ++c) {
    const double exponent = draws.factor(augmentation.gamma), factor = draws.factor(augmentation.color);
    draw.exponents.push_back(bent ? exponent : 1);
    draw.factors.push_back(colored ? factor : 1);
  }
}

}  // namespace

Augmentation parse_augmentation(std::string_view list, bool small_data) {
  Augmentation augmentation;
  if (list.empty()) return augmentation;
  for (const std::string_view word : words_of(list)) apply_word(augmentation, word, small_data);
  return augmentation;
}

std::string to_string(const Augmentation& augmentation) {
  std::vector<std::string> words;
  for (const Turn& turn : kTurns)
    if (augmentation.*turn.field) words.emplace_back(turn.name);
  for (const Effect& effect : kEffects)
    if (augmentation.*effect.strength > 0)
      words.push_back(fmt::format("{}={:g}", effect.name, augmentation.*effect.strength));
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ","));
}

bool depends_on_data(std::string_view list) {
  return std::ranges::count(words_of(list), "auto") > 0;
}

ImageSize warp_margin(const Augmentation& augmentation, const ImageSize& crop) {
  if (!augmentation.warps()) return {0, 0, 0};
  // The rows of rotation * skew / scale, summed without signs, by the worst angle.
  const double angle = radians(std::min(augmentation.rotate, 45.0));
  const double larger = 1 + augmentation.scale;
  const double reach = (std::cos(angle) + std::sin(angle)) * (1 + std::tan(radians(augmentation.skew))) * larger;
  const auto margin = [&](std::int64_t extent, double factor, double more) {
    const auto pixels = static_cast<double>(extent);
    return static_cast<std::int64_t>(std::ceil((factor - 1) * pixels / 2 + augmentation.translate * more * pixels));
  };
  const double overshoot = std::pow(kCubicOvershoot, crop.depth > 1 ? 3 : 2);
  const auto bent = static_cast<std::int64_t>(std::ceil(overshoot * augmentation.elastic));
  // A crop that isn't square reaches along its shorter axis with its longer one.
  const std::int64_t side = std::max(crop.height, crop.width);
  const std::int64_t plane = margin(side, reach, 1) + bent + 1;
  return {crop.depth > 1 ? margin(crop.depth, larger, 0) + 1 : 0, plane + (side - crop.height) / 2,
          plane + (side - crop.width) / 2};
}

ImageSize elastic_points(const ImageSize& crop) {
  const auto along = [](std::int64_t extent) {
    return extent == 1 ? 1 : 1 + std::max<std::int64_t>(1, (extent + kElasticSpacing / 2) / kElasticSpacing);
  };
  return {along(crop.depth), along(crop.height), along(crop.width)};
}

AugmentationDraw draw_augmentation(const Augmentation& augmentation, const ImageSize& crop, std::int64_t channels,
                                   const SampleKey& key, bool turns) {
  Draws draws(key);
  AugmentationDraw draw;
  draw_intensities(draws, augmentation, channels, draw);
  draw_warp(draws, augmentation, crop, turns, draw);
  return draw;
}

}  // namespace tuff
