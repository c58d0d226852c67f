// Values laid side by side into one flat vector, which is a flat arena of the ParameterStore
// ("gradients"): one optimizer dispatch, one norm, one all-reduce for a whole network.
//
// The planner lets the values' producers write straight to their places; only what can't be placed so
// is copied.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// f32 vector of `elements` whose elements from offsets[i] on are those of values[i], in device memory
// order. Offsets increase and pieces don't overlap, else Error. What lies between pieces isn't written
// (a store's arena starts as zeros). `origin`: where in the arena the vector begins.
Value pack(Graph& graph, std::string arena, std::vector<Value> values, std::vector<std::uint64_t> offsets,
           std::uint64_t elements, std::uint64_t origin = 0);

class Pack : public Op {
 public:
  Pack(Collection collection, std::uint64_t elements) : collection_(std::move(collection)), elements_(elements) {}
  std::uint64_t elements() const { return elements_; }

  std::string_view name() const override { return "pack"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  const Collection* collection() const override { return &collection_; }

 private:
  Collection collection_;
  std::uint64_t elements_;
};

std::vector<Kernel> pack_kernels();

}  // namespace tuff
