// Stochastic gradient descent over whole flat arenas in one dispatch, with PyTorch's formulas.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "ops/adam.h"
#include "plan/kernel.h"

namespace tuff {

struct SgdAttributes {
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;  // coupled: added to the gradient
  bool nesterov = false;    // needs momentum > 0 and no dampening

  bool operator==(const SgdAttributes&) const = default;
};

// Updates parameters, and with momentum its buffer, in place (flat f32 vectors of equal length):
//   g = gradients * gradient_scale + weight_decay * parameters
//   buffer = first step ? g : momentum buffer + (1 - dampening) g;  g = nesterov ? g + momentum buffer : buffer
//   parameters -= lr g
// step_state as in ops/adam.h. momentum_buffer is empty exactly where momentum is 0.
void sgd(Value parameters, Value gradients, Value momentum_buffer, Value step_state, SgdAttributes attributes = {},
         Value gradient_scale = {});

class Sgd : public Op {
 public:
  explicit Sgd(SgdAttributes attributes) : attributes_(attributes) {}
  const SgdAttributes& values() const { return attributes_; }

  // Inputs: parameters, gradients, step_state, with momentum its buffer, perhaps gradient_scale.
  std::string_view name() const override { return "sgd"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<int> written_inputs() const override;

 private:
  SgdAttributes attributes_;
};

std::vector<Kernel> sgd_kernels();

}  // namespace tuff
