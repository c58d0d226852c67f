// Gradient checkpointing (Chen et al. 2016): what only the walk back still reads of the forward pass is computed a
// second time there instead of being kept. Runs last, on the graph that is lowered: eliminate_common would undo it.
//
// Nodes that no output of the graph depends on are the walk back and the update; all others are the forward pass.
// Computing again gives the same bits: random ops are keyed by their number, and a norm is only applied again, with the
// statistics of the first time, so that running statistics are updated once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "passes/rewrite.h"

namespace tuff {

// What checkpointing knows of a graph. Refers to it.
class Checkpointing {
 public:
  explicit Checkpointing(const Graph& graph);

  // Of the walk back or the update: no output of the graph depends on it.
  bool is_late(std::uint32_t node) const { return late_[node]; }
  // The node of the forward pass that could compute the value again for a late reader.
  std::optional<std::uint32_t> repeatable(std::uint32_t value) const;
  // All results of the node that can be computed again lie in the memory of its inputs.
  bool is_view(std::uint32_t node) const;
  // The inputs of the node's repetition: values of this graph.
  std::vector<std::uint32_t> repetition_inputs(std::uint32_t node) const;
  // The repetition, with inputs of the other graph in that order, and what stands for each of the node's outputs: an
  // empty Value where it gives none.
  std::vector<Value> repeat(std::uint32_t node, std::vector<Value> inputs, Graph& to) const;

 private:
  const Graph& graph_;
  std::vector<bool> late_;    // by node
  std::vector<bool> stored_;  // by node: a node that writes the store reads one of its results
};

// `repeated` (by node) is computed again for its late readers, and so are views of it. What a repetition reads and
// isn't repeated itself is kept until then.
std::unique_ptr<Graph> recompute(const Graph& graph, const std::vector<bool>& repeated);

}  // namespace tuff
