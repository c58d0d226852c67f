// An op: its attributes, shapes and gradient, and nothing of devices. Ops are immutable and shared by
// the nodes of any number of graphs; which kernels can run one stands in ops/kernel_table.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/shape.h"

namespace tuff {

class Graph;
class Value;

class Op {
 public:
  virtual ~Op() = default;

  // PyTorch's name: "conv", "max_pool". One per class.
  virtual std::string_view name() const = 0;

  // Canonical text of all attributes, "stride=2x2 padding=1x1". Two ops of one name are
  // interchangeable exactly where their texts are equal.
  virtual std::string attributes() const { return {}; }

  // The outputs' types, or an Error that names the op, the shapes and the cure.
  virtual std::vector<TensorType> infer(std::span<const TensorType> inputs) const = 0;

  // For ops whose kernels also take tensors stored as f16, on devices with 16-bit storage: the inputs that are so
  // stored, all of them or none, and the outputs that then are too. All else stays f32, and so does what is computed.
  // infer() sees f32 for them; infer_types() knows of storage. May depend on the inputs' shapes.
  struct HalfOperands {
    std::vector<int> inputs, outputs;
  };
  virtual HalfOperands half_operands(std::span<const TensorType> inputs) const;

  // What a gradient rule sees; all in the same graph. upstream[i] is the gradient of outputs[i], an
  // empty Value where nothing depends on that output.
  struct GradientContext {
    std::span<const Value> inputs;
    std::span<const Value> outputs;
    std::span<const Value> upstream;
  };

  // Adds nodes that compute the gradient of every input, made of public ops; an empty Value means none
  // flows (indices, labels). The default throws Error: the op has no gradient.
  virtual std::vector<Value> gradient(const GradientContext& context) const;

  // Inputs that running the op overwrites (optimizer updates, assign). Such nodes are kept though nothing reads them,
  // and run after every other reader of what they overwrite: at the end of a run, those with outputs where they stand.
  virtual std::vector<int> written_inputs() const { return {}; }

  // (output, input) pairs where the output may overwrite the input: every element is read only by the
  // invocation that writes the element at the same place, and the types are of equal size. The planner does
  // so where that is the input's last use.
  virtual std::vector<std::pair<int, int>> in_place() const { return {}; }

  // For ops that collect their inputs in a flat arena of the store (pack): output 0 is the arena or a part of it, input
  // i belongs at element offsets[i]. The planner lets the inputs' producers write there directly; kernels
  // copy only those it couldn't place (KernelRequest::placed).
  struct Collection {
    std::string arena;
    std::vector<std::uint64_t> offsets;  // from `origin` on
    std::uint64_t origin = 0;            // where in the arena output 0 begins
  };
  virtual const Collection* collection() const { return nullptr; }

  // For ops that update the store in the midst of a run (optimizers): output i is what then lies at element offsets[i]
  // of the arena. No memory but the arena's is taken, and no node that runs later may read the old contents.
  struct Residence {
    std::string arena;
    std::vector<std::uint64_t> offsets;
  };
  virtual const Residence* residence() const { return nullptr; }

  // For an op that does nothing but store one input in another, a variable (assign). The planner lets the
  // value's producer write into the variable directly, where nothing reads the old contents afterwards.
  struct Store {
    int variable = 0;
    int value = 0;
  };
  virtual std::optional<Store> store() const { return std::nullopt; }

  // Outputs that occupy the memory of an input: (output, input) pairs, e.g. reshape. No kernel runs for
  // an op whose every output is a view.
  virtual std::vector<std::pair<int, int>> views() const { return {}; }
};

// The outputs' types of an op whose inputs may be stored as f16. Error also where the op can't take them so.
std::vector<TensorType> infer_types(const Op& op, std::span<const TensorType> inputs);

}  // namespace tuff
