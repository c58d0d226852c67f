// Non-maximum suppression of shapes, the same for polygons and polyhedra: candidates come most probable first, each is
// compared with those kept that it touches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace tuff {

// Indices of what is above the threshold, the most probable first, of equals that with the smaller index.
inline std::vector<std::size_t> candidates_by_probability(std::span<const float> probability, float threshold) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < probability.size(); ++i)
    if (probability[i] > threshold) order.push_back(i);
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) { return probability[i]; });
  return order;
}

// A network's distance as one that geometry can work with: small ones, negative ones and NaN are 0.001.
inline float usable_distance(float distance, float most) {
  return distance > 0.001f ? std::min(distance, most) : 0.001f;
}

struct Box {
  float front = 0, back = 0, top = 0, bottom = 0, left = 0, right = 0;

  bool touches(const Box& other) const {
    return front <= other.back && other.front <= back && top <= other.bottom && other.top <= bottom &&
           left <= other.right && other.left <= right;
  }
};

// Shape has length(), its area or volume, and common_length(other), that of the intersection. Kept ones are found by
// the bins of 32 x 32 pixels that their boxes touch.
template <class Shape>
class KeptShapes {
 public:
  struct Entry {
    Box box;
    Shape shape;
    double length = 0;
    std::size_t asked_by = 0;  // the last candidate that was compared with it
  };

  KeptShapes(std::int64_t height, std::int64_t width)
      : rows_(height / kBin + 1), columns_(width / kBin + 1), bins_(static_cast<std::size_t>(rows_ * columns_)) {}

  // Keeps a shape unless a kept one overlaps it by more than `threshold` of the smaller one; says whether it did.
  bool keep(const Box& box, Shape shape, double threshold) {
    ++candidates_;
    const double length = shape.length();
    bool free = true;
    for_each_bin(box, [&](std::vector<std::size_t>& bin) {
      for (const std::size_t index : bin) {
        Entry& other = kept_[index];
        if (!free || std::exchange(other.asked_by, candidates_) == candidates_ || !box.touches(other.box)) continue;
        free = shape.common_length(other.shape) <= threshold * (std::min(length, other.length) + 1e-10);
      }
    });
    if (!free) return false;
    for_each_bin(box, [&](std::vector<std::size_t>& bin) { bin.push_back(kept_.size()); });
    kept_.push_back({box, std::move(shape), length});
    return true;
  }

 private:
  static constexpr std::int64_t kBin = 32;

  // What lies outside of the image belongs to the bins at its edge.
  template <class Visit>
  void for_each_bin(const Box& box, Visit&& visit) {
    const auto within = [](float place, std::int64_t bins) {
      return std::clamp<std::int64_t>(static_cast<std::int64_t>(place) / kBin, 0, bins - 1);
    };
    for (std::int64_t row = within(box.top, rows_); row <= within(box.bottom, rows_); ++row)
      for (std::int64_t column = within(box.left, columns_); column <= within(box.right, columns_); ++column)
        visit(bins_[static_cast<std::size_t>(row * columns_ + column)]);
  }

  std::int64_t rows_, columns_;
  std::vector<std::vector<std::size_t>> bins_;
  std::vector<Entry> kept_;
  std::size_t candidates_ = 0;
};

}  // namespace tuff
