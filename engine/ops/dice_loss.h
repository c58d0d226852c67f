// Soft Dice loss (Milletari et al. 2016, with sums instead of squares in the denominator):
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
Value dice_loss(Value x, Value target, const DiceAttributes& attributes = {});

std::vector<Kernel> dice_loss_kernels();
std::vector<Kernel> dice_loss_gradient_kernels();

}  // namespace tuff
