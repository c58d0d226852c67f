#include "train/metrics.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tuff {

Scores score(std::span<const std::int32_t> prediction, std::span<const std::int32_t> truth, std::int64_t classes) {
  assert(prediction.size() == truth.size());
  const std::size_t count = static_cast<std::size_t>(std::max<std::int64_t>(2, classes));
  std::vector<double> both(count), predicted(count), real(count);
  double right = 0, pixels = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] < 0) continue;
    pixels += 1;
    const auto p = static_cast<std::size_t>(prediction[i]);
    const auto t = static_cast<std::size_t>(truth[i]);
    assert(p < count && t < count);
    predicted[p] += 1;
    real[t] += 1;
    if (p == t) {
      both[p] += 1;
      right += 1;
    }
  }
  Scores scores;
  for (std::size_t c = 1; c < count; ++c) {
    const double sum = predicted[c] + real[c];
    scores.dice += sum > 0 ? 2 * both[c] / sum : 1;
    scores.iou += sum > 0 ? both[c] / (sum - both[c]) : 1;
  }
  scores.dice /= static_cast<double>(count - 1);
  scores.iou /= static_cast<double>(count - 1);
  scores.pixel_accuracy = pixels > 0 ? right / pixels : 1;
  return scores;
}

Scores mean(std::span<const Scores> scores) {
  Scores sum;
  if (scores.empty()) return sum;
  for (const Scores& one : scores) {
    sum.dice += one.dice;
    sum.iou += one.iou;
    sum.pixel_accuracy += one.pixel_accuracy;
  }
  const double count = static_cast<double>(scores.size());
  return {sum.dice / count, sum.iou / count, sum.pixel_accuracy / count};
}

std::vector<std::int32_t> classify(std::span<const float> logits, std::int64_t channels) {
  const std::size_t count = static_cast<std::size_t>(channels);
  const std::size_t pixels = logits.size() / count;
  std::vector<std::int32_t> ids(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    if (count == 1) {
      ids[i] = logits[i] >= 0 ? 1 : 0;
      continue;
    }
    std::size_t best = 0;
    for (std::size_t c = 1; c < count; ++c)
      if (logits[c * pixels + i] > logits[best * pixels + i]) best = c;
    ids[i] = static_cast<std::int32_t>(best);
  }
  return ids;
}

std::vector<float> probabilities(std::span<const float> logits, std::int64_t channels) {
  const std::size_t count = static_cast<std::size_t>(channels);
  const std::size_t pixels = logits.size() / count;
  std::vector<float> result(logits.size());
  for (std::size_t i = 0; i < pixels; ++i) {
    if (count == 1) {
      result[i] = 1 / (1 + std::exp(-logits[i]));
      continue;
    }
    float largest = logits[i];
    for (std::size_t c = 1; c < count; ++c) largest = std::max(largest, logits[c * pixels + i]);
    float sum = 0;
    for (std::size_t c = 0; c < count; ++c) sum += result[c * pixels + i] = std::exp(logits[c * pixels + i] - largest);
    for (std::size_t c = 0; c < count; ++c) result[c * pixels + i] /= sum;
  }
  return result;
}

}  // namespace tuff
