// Writes a value into a variable of the ParameterStore (running statistics) at the end of a run. Where nothing
// needs the old contents, the value's producer writes there directly and no kernel runs (Op::store).
#pragma once

#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// variable takes the elements of value; every other node of the graph still reads its old ones, a graph output the
// new ones.
// Types must be equal and variable a value of a flat arena, else Error.
void assign(Value variable, Value value);

class Assign : public Op {
 public:
  std::string_view name() const override { return "assign"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<int> written_inputs() const override { return {0}; }
  std::optional<Store> store() const override { return Store{.variable = 0, .value = 1}; }
};

std::vector<Kernel> assign_kernels();

// A dispatch that copies a tensor as it lies in memory. Both addresses must be multiples of 16 bytes.
Dispatch copy_dispatch(BufferUse from, BufferUse to, const TensorType& type, const DeviceCaps& caps);

}  // namespace tuff
