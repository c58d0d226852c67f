// How well predicted masks fit the true ones, per image.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tuff {

struct Scores {
  double dice = 0;            // 2 |A and B| / (|A| + |B|); 1 where both are empty
  double iou = 0;             // |A and B| / |A or B|; 1 where both are empty
  double pixel_accuracy = 0;  // part of all pixels that are right
};

// Class ids of one image's pixels; pixels whose truth is below 0 count nowhere. Two classes: scores of class 1. More:
// dice and iou are the means over the classes 1, 2, ... (0 is background). Asserts equal sizes.
Scores score(std::span<const std::int32_t> prediction, std::span<const std::int32_t> truth, std::int64_t classes);

// Mean over images; all zero where there are none.
Scores mean(std::span<const Scores> scores);

// Class ids from one image's logits, (C, pixels): C = 1 is foreground where the probability is at least
// 0.5 (logit 0), else the channel with the largest logit, the first of equals.
std::vector<std::int32_t> classify(std::span<const float> logits, std::int64_t channels);

// Sigmoid for one channel, softmax over channels for more, same order (C, pixels).
std::vector<float> probabilities(std::span<const float> logits, std::int64_t channels);

}  // namespace tuff
