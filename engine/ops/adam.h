// Adam and AdamW over whole flat arenas in one dispatch (Kingma & Ba 2015; Loshchilov & Hutter 2019),
// with PyTorch's formulas.
#pragma once

#include <array>
#include <vector>

#include "ops/optimizer.h"

namespace tuff {

struct AdamAttributes {
  double beta1 = 0.9;  // double: 1 - beta2 would lose five digits in float
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled_weight_decay = false;  // AdamW's: parameters -= learning rate * weight_decay * parameters

  bool operator==(const AdamAttributes&) const = default;
};

// What step_state (ops/optimizer.h) holds in a step; `step` counts from 1. `attributes` matter to adam alone.
std::array<float, kStepStateElements> step_state(double learning_rate, std::int64_t step,
                                                 const AdamAttributes& attributes = {});

// Updates parameters, m and v in place (flat f32 vectors of equal length, see Graph::arena):
//   g = gradients * gradient_scale + l1 sign(parameters), and where decay isn't decoupled + weight_decay * parameters
//   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
//   decoupled: parameters *= 1 - lr weight_decay
//   parameters -= lr bias1 m / (sqrt(v) bias2 + eps)
// Gives options.updated, as do the other optimizers.
std::vector<Value> adam(Value parameters, Value gradients, Value m, Value v, Value step_state,
                        AdamAttributes attributes = {}, const UpdateOptions& options = {});

class Adam : public OptimizerOp {
 public:
  Adam(AdamAttributes attributes, const UpdateOptions& options)
      : OptimizerOp(options, 5, {1, 2, 3}, 4), attributes_(attributes) {}
  const AdamAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "adam"; }
  std::string attributes() const override;

 private:
  std::vector<int> written() const override { return {0, 2, 3}; }
  AdamAttributes attributes_;
};

std::vector<Kernel> adam_kernels();

}  // namespace tuff
