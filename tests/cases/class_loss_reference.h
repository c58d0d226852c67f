// Losses over classes in double precision, for references.
#pragma once

#include <functional>
#include <vector>

#include "support/indexing.h"

namespace tuff::test {

// The pixel of logits index `at` in a class map, with or without a channel axis.
inline Index class_index(Index at, const Shape& target) {
  if (target.rank() == static_cast<int>(at.size()))
    at[1] = 0;
  else
    at.erase(at.begin() + 1);
  return at;
}

struct ClassLossReference {
  bool dense = false;
  std::int32_t ignore_index = -100;
  double label_smoothing = 0;
  const Array* weight = nullptr;        // by class
  const Array* pixel_weight = nullptr;  // (N, 1, spatial...)
  bool mean_over_weights = true;        // else over pixels, of classes
};

struct ClassLoss {
  Array pixels;  // (N, spatial...): -sum over classes of share * term
  double sum = 0, divisor = 0;
};

// `term` is what one class's share of the target counts, at an index of x.
inline ClassLoss class_loss(const Shape& shape, const Array& target, const ClassLossReference& rule,
                            const std::function<double(const Index&)>& term) {
  std::vector<std::int64_t> extents = shape.extents();
  const auto classes = static_cast<double>(extents[1]);
  extents.erase(extents.begin() + 1);
  ClassLoss result{Array(Shape(extents))};
  std::vector<std::int64_t> map = shape.extents();
  map[1] = 1;
  for_each_index(Shape(map), [&](const Index& pixel) {
    const double factor = rule.pixel_weight ? rule.pixel_weight->data[offset_of(Shape(map), pixel)] : 1;
    const double label = rule.dense ? 0 : target.data[offset_of(target.shape, class_index(pixel, target.shape))];
    if (!rule.dense && label == rule.ignore_index) return;
    double loss = 0;
    for (std::int64_t c = 0; c < shape[1]; ++c) {
      Index at = pixel;
      at[1] = c;
      const double truth = rule.dense ? target.data[offset_of(shape, at)] : label == static_cast<double>(c) ? 1 : 0;
      const double weight = rule.weight ? rule.weight->data[static_cast<std::size_t>(c)] : 1;
      const double share = (1 - rule.label_smoothing) * truth + rule.label_smoothing / classes;
      if (share != 0) loss -= factor * weight * share * term(at);
      if (!rule.dense && truth == 1) result.divisor += factor * (rule.mean_over_weights ? weight : 1);
    }
    if (rule.dense) result.divisor += factor;
    Index at = pixel;
    at.erase(at.begin() + 1);
    result.pixels.data[offset_of(result.pixels.shape, at)] = loss;
    result.sum += loss;
  });
  return result;
}

}  // namespace tuff::test
