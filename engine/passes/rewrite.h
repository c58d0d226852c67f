// What graph passes are made of. A pass copies a graph node by node into a new one and changes what it
// wants on the way; graphs themselves only grow. The ordered list of passes stands in passes/optimize.h.
//
//   std::unique_ptr<Graph> my_pass(const Graph& from) {
//     Rewriter rewriter(from);
//     for (std::uint32_t node = 0; node < from.nodes().size(); ++node)
//       if (matches(node)) rewriter.replace(node, {new_value}); else rewriter.copy(node);
//     return rewriter.finish();
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace tuff {

// Who reads each value of a graph.
class Readers {
 public:
  explicit Readers(const Graph& graph);
  // Node indices that read the value, once per use, in order.
  std::span<const std::uint32_t> of(std::uint32_t value) const { return readers_[value]; }
  bool is_output(std::uint32_t value) const { return is_output_[value]; }
  // The only use of a node's result is one input of one node: fusing into it loses nothing.
  bool only_reader(std::uint32_t value) const { return readers_[value].size() == 1 && !is_output_[value]; }

 private:
  std::vector<std::vector<std::uint32_t>> readers_;
  std::vector<bool> is_output_;
};

// The node that computes the value; none for inputs, parameters and constants.
const Node* producer_of(const Graph& graph, std::uint32_t value);

// conv or conv_transpose.
bool is_convolution(const Node& node);

class Rewriter {
 public:
  explicit Rewriter(const Graph& from);

  Graph& to() { return *to_; }
  // The new graph's value for an old one; must have been copied or replaced before.
  Value map(std::uint32_t old_value) const;
  // Copies a node as it is, with its label and precision.
  void copy(std::uint32_t node);
  // Adds a node with another op and inputs (values of the new graph), of the old node's label and precision.
  std::vector<Value> add(std::shared_ptr<const Op> op, std::vector<Value> inputs, std::uint32_t like);
  // Says which new values stand for the outputs of an old node.
  void replace(std::uint32_t node, std::span<const Value> outputs);
  // Copies the outputs' names and hands over the new graph.
  std::unique_ptr<Graph> finish();

 private:
  const Graph& from_;
  std::unique_ptr<Graph> to_;
  std::vector<Value> map_;
};

}  // namespace tuff
