// What all optimizers (adam, sgd, adagrad, rmsprop) share. Each updates whole flat arenas in one dispatch.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// What optimizers read from `step_state`, an f32 input of this many elements that the host writes before
// every step:
//   [0] learning rate
//   [1] 1 / (1 - beta1^t), t = 1 in the first step      (adam; computed by step_state() in double)
//   [2] 1 / sqrt(1 - beta2^t)                           (adam)
//   [3] 1 in the first step, else 0                     (momentum buffers and averages start with the first values)
//   [4] t - 1                                           (adagrad's decay of the learning rate)
inline constexpr int kStepStateElements = 5;

// Arena elements that share one factor of UpdateOptions::decay_factors: variables begin at multiples of it.
inline constexpr std::int64_t kDecayBlock = kVariableAlignment;

// Every optimizer takes these beside its own attributes.
struct UpdateOptions {
  // Scalar that gradients are multiplied by, or empty: min(1, max_norm / norm) clips, 1 / loss scale unscales.
  Value gradient_scale = {};
  // Scalar, or empty: in a step where it isn't 0 nothing is written (ops/loss_scale.h: gradients overflowed).
  Value skip = {};
  // One factor of weight decay and l1 for each kDecayBlock elements of the arena (0: none), or empty: 1 for all.
  Value decay_factors = {};
  // Arena of the parameters' exponential moving average, or empty; it becomes the new parameters in the first step,
  // then average_decay * average + (1 - average_decay) * parameters (torch's AveragedModel with get_ema_avg_fn).
  Value average = {};
  double average_decay = 0.999;
  double l1 = 0;  // added to the gradient: l1 * sign(parameters)
  // Variables of the parameters that other nodes of the same run read as they are after the update: the optimizer's
  // results, in this order, which no gradient flows through. Nothing may read the old ones later.
  std::vector<Variable> updated = {};
};

// The op's part of it: everything but the values.
struct UpdateAttributes {
  bool scaled = false;
  bool skippable = false;
  bool factors = false;
  bool averaged = false;
  double average_decay = 0;
  double l1 = 0;
  std::vector<TensorType> updated = {};
};

class OptimizerOp : public Op {
 public:
  // `own`: how many inputs come before those of UpdateOptions. The first is the parameters; those at `arenas` must be
  // of their type; that at `state` is step_state.
  OptimizerOp(const UpdateOptions& options, int own, std::vector<int> arenas, int state);

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<int> written_inputs() const override;
  const Residence* residence() const override { return update_.updated.empty() ? nullptr : &residence_; }
  std::vector<Value> gradient(const GradientContext& context) const override;

  const UpdateAttributes& update() const { return update_; }
  int own_inputs() const { return own_; }

 protected:
  std::string update_text() const;               // for attributes()
  virtual std::vector<int> written() const = 0;  // own inputs that it overwrites

 private:
  UpdateAttributes update_;
  Residence residence_;
  int own_;
  std::vector<int> arenas_;
  int state_;
};

// Adds the node: the op's own inputs, then the options' values. Gives options.updated.
std::vector<Value> add_optimizer(std::shared_ptr<const OptimizerOp> op, std::vector<Value> own,
                                 const UpdateOptions& options);

// The dispatch of an optimizer's shader, over four elements an invocation: `buffers` are its own but for those of
// UpdateOptions, which follow, as in shaders/common/update.glsl; the same of constants.
KernelDispatches update_dispatch(const KernelRequest& request, std::string_view shader, std::vector<BufferUse> buffers,
                                 std::vector<std::uint32_t> specialization, const std::vector<double>& constants,
                                 double flops);

// The scalar that PyTorch's clip_grad_norm_ multiplies gradients by: min(1, max_norm / (norm + 1e-6)). With
// gradient_scale that of gradients times this scalar, and the scalar is part of the result.
Value clip_coefficient(Value gradients, float max_norm, Value gradient_scale = {});

}  // namespace tuff
