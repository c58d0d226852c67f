// Losses of overlap. Soft Dice loss (Milletari et al. 2016, with sums instead of squares in the denominator):
// 1 - mean over classes of (2 sum(p t) + smooth) / (sum(p) + sum(t) + smooth), sums over the whole batch's pixels.
#pragma once

#include <cstdint>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct DiceAttributes {
  enum class Activation : std::uint8_t {
    none,     // x holds probabilities
    sigmoid,  // one or more independent classes
    softmax,  // classes exclude each other
  };
  Activation activation = Activation::sigmoid;
  float smooth = 1;  // keeps the loss defined, and 0, where a class is in neither prediction nor truth
  bool operator==(const DiceAttributes&) const = default;
};

// x: f32 (N, C, spatial...). target: f32 of x's shape in [0, 1], or classes, i32 (N, 1, spatial...) or
// (N, spatial...) (a class outside 0 .. C-1 belongs to no class). The result is a scalar. Gradients flow to x alone.
//
// weight, e.g. (N, 1, spatial...), multiplies what a pixel or element adds to each of the sums; it broadcasts to x's
// shape. Where it is given, the loss is composed of other ops (it is a Tversky loss).
Value dice_loss(Value x, Value target, const DiceAttributes& attributes = {}, Value weight = {});

struct TverskyAttributes {
  float alpha = 0.5f;  // weight of false positives
  float beta = 0.5f;   // of false negatives; both 0.5: Dice
  float smooth = 1;    // in numerator and denominator
  DiceAttributes::Activation activation = DiceAttributes::Activation::sigmoid;
  std::int32_t ignore_index = -100;  // pixels of this class count nowhere
  bool operator==(const TverskyAttributes&) const = default;
};

// Tversky loss (Salehi et al. 2017): 1 - mean over classes of (TP + smooth) / (TP + alpha FP + beta FN + smooth), with
// TP = sum(p t), FP = sum(p (1 - t)), FN = sum((1 - p) t) over the whole batch's pixels. x, target and weight as for
// dice_loss, but that a class outside 0 .. C-1 makes the loss NaN. Gradients flow to all but classes.
Value tversky_loss(Value x, Value target, const TverskyAttributes& attributes = {}, Value weight = {});

std::vector<Kernel> dice_loss_kernels();
std::vector<Kernel> dice_loss_gradient_kernels();

}  // namespace tuff
