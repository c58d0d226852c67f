#include "io/noise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/number.h"

namespace tuff {
namespace {

struct Name {
  std::string_view name;
  Noise::Kind kind;
  double most;  // amount
};

constexpr Name kNames[] = {{"gaussian", Noise::Kind::gaussian, 10},
                           {"poisson", Noise::Kind::poisson, 1e6},
                           {"salt-pepper", Noise::Kind::salt_pepper, 1}};

}  // namespace

Noise parse_noise(std::string_view text) {
  if (text == "none") return {};
  const std::string_view word = text.substr(0, text.find(':'));
  for (const Name& name : kNames) {
    if (name.name != word) continue;
    double amount = 0;
    const bool is_number = word.size() < text.size() && parse_number(text.substr(word.size() + 1), amount);
    if (!is_number || !(amount > 0 && amount <= name.most))
      throw Error(fmt::format("noise \"{}\": {} wants a number above 0 and up to {}, as in {}:{}", text, word,
                              name.most, word, name.kind == Noise::Kind::poisson ? "50" : "0.1"));
    return {name.kind, amount};
  }
  throw Error(
      fmt::format("noise \"{}\" is none of gaussian:DEVIATION, poisson:PHOTONS, salt-pepper:SHARE, none", text));
}

std::string to_string(const Noise& noise) {
  for (const Name& name : kNames)
    if (name.kind == noise.kind) return fmt::format("{}:{}", name.name, noise.amount);
  return "none";
}

double draw_poisson(PhiloxStream& random, double mean) {
  if (mean > 40) return std::max(0.0, std::round(mean + std::sqrt(mean) * random.normal()));
  const double limit = std::exp(-mean);
  double product = random.uniform(0, 1);
  int count = 0;
  while (product > limit) {
    product *= random.uniform(0, 1);
    ++count;
  }
  return count;
}

void add_noise(std::span<float> values, const Noise& noise, PhiloxStream& random) {
  switch (noise.kind) {
    case Noise::Kind::none: return;
    case Noise::Kind::gaussian:
      for (float& value : values) value += static_cast<float>(noise.amount * random.normal());
      return;
    case Noise::Kind::poisson:
      for (float& value : values)
        value = static_cast<float>(draw_poisson(random, std::max(0.0, static_cast<double>(value)) * noise.amount) /
                                   noise.amount);
      return;
    case Noise::Kind::salt_pepper:
      for (float& value : values) {
        const double draw = random.uniform(0, 1);
        if (draw < noise.amount) value = draw < noise.amount / 2 ? 0.0f : 1.0f;
      }
      return;
  }
}

}  // namespace tuff
