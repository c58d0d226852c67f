#include "instances/threshold.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/error.h"

namespace tuff {
namespace {

constexpr std::size_t kBinsOfFloats = 256;

// Numbers and the first moment of the bins up to one, the bin's own number as its value.
struct Class {
  double count = 0;
  double moment = 0;

  double mean() const { return moment / count; }
  Class& operator+=(const Class& other) {
    count += other.count;
    moment += other.moment;
    return *this;
  }
};

Class class_of_bin(const Histogram& histogram, std::size_t bin) {
  const auto count = static_cast<double>(histogram.counts[bin]);
  return {count, count * static_cast<double>(bin)};
}

// The value of the bin at which `score` of the classes at or below and above it is largest; the first of equal ones.
template <class Score>
double best_cut(const Histogram& histogram, const Score& score) {
  assert(histogram.counts.size() > 1);
  Class all;
  for (std::size_t bin = 0; bin < histogram.counts.size(); ++bin) all += class_of_bin(histogram, bin);
  Class below;
  std::size_t best = 0;
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t bin = 0; bin + 1 < histogram.counts.size(); ++bin) {
    below += class_of_bin(histogram, bin);
    if (histogram.counts[bin] == 0) continue;  // divides like the bin before
    const double found = score(below, Class{all.count - below.count, all.moment - below.moment});
    if (found > largest) {
      largest = found;
      best = bin;
    }
  }
  return histogram.center(best);
}

}  // namespace

void check_finite(std::span<const float> values, const std::string& file) {
  for (const float value : values)
    if (!std::isfinite(value))
      throw Error(
          fmt::format("{}: has pixels that are no finite numbers (NaN or infinite): no threshold divides them; "
                      "crop or replace them",
                      file));
}

Histogram histogram_of(std::span<const float> values, const ImageInfo& info, const std::string& file) {
  check_finite(values, file);
  const auto [smallest, largest] = std::ranges::minmax(values);
  if (smallest == largest)
    throw Error(
        fmt::format("{}: all pixels have the value {}: no threshold divides them; leave it out, or name the "
                    "threshold as a number",
                    file, smallest));
  const double first = static_cast<double>(smallest), range = static_cast<double>(largest) - first;
  Histogram histogram;
  const bool each_value = info.sample != SampleKind::floating && info.bits <= 16;
  const std::size_t bins = each_value ? static_cast<std::size_t>(range) + 1 : kBinsOfFloats;
  histogram.step = each_value ? 1 : range / static_cast<double>(bins);
  histogram.first = each_value ? first : first + histogram.step / 2;
  histogram.counts.assign(bins, 0);
  for (const float value : values) {
    const double offset = static_cast<double>(value) - first;
    const double place = each_value ? offset : offset / range * static_cast<double>(bins);
    ++histogram.counts[std::min(static_cast<std::size_t>(place), bins - 1)];
  }
  return histogram;
}

double otsu_threshold(const Histogram& histogram) {
  return best_cut(histogram, [](const Class& below, const Class& above) {
    const double difference = below.mean() - above.mean();
    return below.count * above.count * difference * difference;
  });
}

double li_threshold(const Histogram& histogram) {
  const auto term = [](const Class& part) { return part.moment > 0 ? part.moment * std::log(part.mean()) : 0; };
  return best_cut(histogram, [&](const Class& below, const Class& above) { return term(below) + term(above); });
}

double triangle_threshold(const Histogram& histogram) {
  const std::vector<std::int64_t>& counts = histogram.counts;
  const auto last = static_cast<std::int64_t>(counts.size()) - 1;  // neither end is empty
  const auto peak = static_cast<std::int64_t>(std::ranges::max_element(counts) - counts.begin());
  const std::int64_t end = peak < last - peak ? last : 0;
  const std::int64_t direction = end < peak ? 1 : -1;
  const double height = static_cast<double>(counts[static_cast<std::size_t>(peak)]);
  const auto width = static_cast<double>(std::abs(peak - end));
  std::int64_t best = end;
  double farthest = -std::numeric_limits<double>::infinity();
  for (std::int64_t bin = end; bin != peak; bin += direction) {
    const double distance = height * static_cast<double>(std::abs(bin - end)) -
                            width * static_cast<double>(counts[static_cast<std::size_t>(bin)]);
    if (distance > farthest) {
      farthest = distance;
      best = bin;
    }
  }
  return histogram.center(static_cast<std::size_t>(best));
}

}  // namespace tuff
