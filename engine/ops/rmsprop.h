// RMSprop over whole flat arenas in one dispatch (Tieleman & Hinton 2012; centered: Graves 2013), with PyTorch's
// formulas.
#pragma once

#include <vector>

#include "ops/optimizer.h"

namespace tuff {

struct RmspropAttributes {
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;  // coupled: added to the gradient
  double momentum = 0;
  bool centered = false;

  bool operator==(const RmspropAttributes&) const = default;
};

// Its arenas, flat f32 vectors of the parameters' length.
struct RmspropMoments {
  Value square_avg;
  Value momentum_buffer = {};  // exactly where momentum isn't 0
  Value grad_avg = {};         // exactly where centered
};

// Updates parameters and moments in place:
//   g = gradients * gradient_scale + weight_decay * parameters + l1 sign(parameters)
//   square_avg = alpha square_avg + (1 - alpha) g^2;  grad_avg = alpha grad_avg + (1 - alpha) g
//   change = g / (sqrt(square_avg, centered: - grad_avg^2) + eps)
//   with momentum: momentum_buffer = momentum momentum_buffer + change;  change = momentum_buffer
//   parameters -= lr change
// step_state as in ops/optimizer.h. Error where a moment is missing or too many.
std::vector<Value> rmsprop(Value parameters, Value gradients, const RmspropMoments& moments, Value step_state,
                           RmspropAttributes attributes = {}, const UpdateOptions& options = {});

class Rmsprop : public OptimizerOp {
 public:
  // Inputs: parameters, gradients, step_state, square_avg, with momentum its buffer, centered grad_avg.
  Rmsprop(RmspropAttributes attributes, const UpdateOptions& options);
  const RmspropAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "rmsprop"; }
  std::string attributes() const override;

 private:
  std::vector<int> written() const override;
  RmspropAttributes attributes_;
};

std::vector<Kernel> rmsprop_kernels();

}  // namespace tuff
