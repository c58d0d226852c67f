// Adam and AdamW over whole flat arenas in one dispatch (Kingma & Ba 2015; Loshchilov & Hutter 2019),
// with PyTorch's formulas.
#pragma once

#include <array>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct AdamAttributes {
  double beta1 = 0.9;  // double: 1 - beta2 would lose five digits in float
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;  // decoupled, as AdamW: parameters -= learning rate * weight_decay * parameters

  bool operator==(const AdamAttributes&) const = default;
};

// What optimizers read from `step_state`, an f32 input of this many elements that the host writes before
// every step:
//   [0] learning rate
//   [1] 1 / (1 - beta1^t), t = 1 in the first step      (adam; computed by step_state() in double)
//   [2] 1 / sqrt(1 - beta2^t)                           (adam)
//   [3] 1 in the first step, else 0                     (sgd: the momentum buffer starts as the gradient)
inline constexpr int kStepStateElements = 4;

// `step` counts from 1.
std::array<float, kStepStateElements> step_state(double learning_rate, std::int64_t step,
                                                 const AdamAttributes& attributes = {});

// Updates parameters, m and v in place (flat f32 vectors of equal length, see Graph::arena):
//   g = gradients * gradient_scale
//   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
//   parameters = parameters (1 - lr weight_decay) - lr bias1 m / (sqrt(v) bias2 + eps)
// gradient_scale is a scalar or empty (1): min(1, max_norm / norm) clips, 1 / loss scale unscales.
void adam(Value parameters, Value gradients, Value m, Value v, Value step_state, AdamAttributes attributes = {},
          Value gradient_scale = {});

// The scalar that PyTorch's clip_grad_norm_ multiplies gradients by: min(1, max_norm / (norm + 1e-6)).
Value clip_coefficient(Value gradients, float max_norm);

class Adam : public Op {
 public:
  explicit Adam(AdamAttributes attributes) : attributes_(attributes) {}
  const AdamAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "adam"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<int> written_inputs() const override { return {0, 2, 3}; }

 private:
  AdamAttributes attributes_;
};

std::vector<Kernel> adam_kernels();

}  // namespace tuff
