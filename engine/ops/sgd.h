// Stochastic gradient descent over whole flat arenas in one dispatch, with PyTorch's formulas.
#pragma once

#include <vector>

#include "ops/optimizer.h"

namespace tuff {

struct SgdAttributes {
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;  // coupled: added to the gradient
  bool nesterov = false;    // needs momentum > 0 and no dampening

  bool operator==(const SgdAttributes&) const = default;
};

// Updates parameters, and with momentum its buffer, in place (flat f32 vectors of equal length):
//   g = gradients * gradient_scale + weight_decay * parameters + l1 sign(parameters)
//   buffer = first step ? g : momentum buffer + (1 - dampening) g;  g = nesterov ? g + momentum buffer : buffer
//   parameters -= lr g
// step_state as in ops/optimizer.h. momentum_buffer is empty exactly where momentum is 0.
std::vector<Value> sgd(Value parameters, Value gradients, Value momentum_buffer, Value step_state,
                       SgdAttributes attributes = {}, const UpdateOptions& options = {});

class Sgd : public OptimizerOp {
 public:
  // Inputs: parameters, gradients, step_state, with momentum its buffer.
  Sgd(SgdAttributes attributes, const UpdateOptions& options);
  const SgdAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "sgd"; }
  std::string attributes() const override;

 private:
  std::vector<int> written() const override;
  SgdAttributes attributes_;
};

std::vector<Kernel> sgd_kernels();

}  // namespace tuff
