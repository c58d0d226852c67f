// Adagrad over whole flat arenas in one dispatch (Duchi et al. 2011), with PyTorch's formulas.
#pragma once

#include <vector>

#include "ops/optimizer.h"

namespace tuff {

struct AdagradAttributes {
  double lr_decay = 0;
  double weight_decay = 0;  // coupled: added to the gradient
  double initial_accumulator_value = 0;
  double eps = 1e-10;

  bool operator==(const AdagradAttributes&) const = default;
};

// Updates parameters and sum in place (flat f32 vectors of equal length):
//   g = gradients * gradient_scale + weight_decay * parameters + l1 sign(parameters)
//   sum += g^2, from initial_accumulator_value in the first step
//   parameters -= lr / (1 + (t - 1) lr_decay) g / (sqrt(sum) + eps)
// step_state as in ops/optimizer.h.
std::vector<Value> adagrad(Value parameters, Value gradients, Value sum, Value step_state,
                           AdagradAttributes attributes = {}, const UpdateOptions& options = {});

class Adagrad : public OptimizerOp {
 public:
  Adagrad(AdagradAttributes attributes, const UpdateOptions& options)
      : OptimizerOp(options, 4, {1, 2}, 3), attributes_(attributes) {}
  const AdagradAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "adagrad"; }
  std::string attributes() const override;

 private:
  std::vector<int> written() const override { return {0, 2}; }
  AdagradAttributes attributes_;
};

std::vector<Kernel> adagrad_kernels();

}  // namespace tuff
