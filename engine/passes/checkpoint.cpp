#include "passes/checkpoint.h"

#include <algorithm>
#include <string_view>

#include "ops/normalize.h"
#include "ops/normalize_kernels.h"

namespace tuff {

namespace {

bool is_normalize(const Node& node) {
  return node.op->name() == "normalize";
}

const NormalizeOp& normalize_op(const Node& node) {
  return static_cast<const NormalizeOp&>(*node.op);
}

}  // namespace

Checkpointing::Checkpointing(const Graph& graph)
    : graph_(graph), late_(graph.nodes().size(), true), stored_(graph.nodes().size(), false) {
  const auto producer = [&](std::uint32_t value) -> std::optional<std::uint32_t> {
    const Source& source = graph.values()[value].source;
    return source.kind == Source::Kind::node ? std::optional(source.node) : std::nullopt;
  };
  // What is computed from the gradients, which lie in their arena, as the loss's scale is.
  std::vector<bool> after(graph.nodes().size(), false);
  for (std::size_t node = 0; node < graph.nodes().size(); ++node) {
    after[node] = graph.nodes()[node].op->collection() != nullptr;
    for (const std::uint32_t input : graph.nodes()[node].inputs)
      if (const auto source = producer(input)) after[node] = after[node] || after[*source];
  }
  for (const Output& output : graph.outputs())
    if (const auto node = producer(output.value); node && !after[*node]) late_[*node] = false;
  for (std::size_t node = graph.nodes().size(); node-- > 0;) {
    const bool writes = !graph.nodes()[node].op->written_inputs().empty();
    for (const std::uint32_t input : graph.nodes()[node].inputs) {
      const auto source = producer(input);
      if (!source) continue;
      if (!late_[node]) late_[*source] = false;
      if (writes) stored_[*source] = true;
    }
  }
}

std::optional<std::uint32_t> Checkpointing::repeatable(std::uint32_t value) const {
  const Source& source = graph_.values()[value].source;
  if (source.kind != Source::Kind::node || late_[source.node]) return std::nullopt;
  const Node& node = graph_.nodes()[source.node];
  if (is_normalize(node)) return source.index == 0 ? std::optional(source.node) : std::nullopt;
  if (stored_[source.node] || !node.op->written_inputs().empty() || node.op->collection()) return std::nullopt;
  return source.node;
}

bool Checkpointing::is_view(std::uint32_t node) const {
  return graph_.nodes()[node].op->views().size() == graph_.nodes()[node].outputs.size();
}

std::vector<std::uint32_t> Checkpointing::repetition_inputs(std::uint32_t index) const {
  const Node& node = graph_.nodes()[index];
  if (!is_normalize(node)) return node.inputs;
  std::vector<std::uint32_t> inputs = {node.inputs[0], node.outputs[1], node.outputs[2]};
  if (normalize_op(node).values().affine) inputs.insert(inputs.end(), {node.inputs[1], node.inputs[2]});
  return inputs;
}

std::vector<Value> Checkpointing::repeat(std::uint32_t index, std::vector<Value> inputs, Graph& to) const {
  const Node& node = graph_.nodes()[index];
  const Graph::Scope like_node = to.scope_of(node), scope = to.scope("again");
  if (!is_normalize(node)) return to.add(node.op, std::move(inputs));
  inputs.resize(5);
  std::vector<Value> outputs(node.outputs.size());
  outputs[0] = normalize_apply(inputs[0], inputs[1], inputs[2], inputs[3], inputs[4], normalize_op(node).values());
  return outputs;
}

namespace {

class Recomputation {
 public:
  Recomputation(const Graph& graph, const std::vector<bool>& repeated)
      : graph_(graph), repeated_(repeated), checkpointing_(graph), rewriter_(graph), again_(graph.values().size()) {}

  std::unique_ptr<Graph> run() {
    for (std::uint32_t index = 0; index < graph_.nodes().size(); ++index) {
      if (!checkpointing_.is_late(index)) {
        rewriter_.copy(index);
        continue;
      }
      const Node& node = graph_.nodes()[index];
      std::vector<Value> inputs;
      for (const std::uint32_t input : node.inputs) inputs.push_back(late(input));
      rewriter_.replace(index, rewriter_.add(node.op, std::move(inputs), index));
    }
    return rewriter_.finish();
  }

 private:
  // The value as a late node reads it.
  Value late(std::uint32_t value) {
    const auto node = repeated_node(value);
    if (!node) return rewriter_.map(value);
    if (!again_[value]) {
      std::vector<Value> inputs;
      for (const std::uint32_t input : checkpointing_.repetition_inputs(*node)) inputs.push_back(late(input));
      const std::vector<Value> outputs = checkpointing_.repeat(*node, std::move(inputs), rewriter_.to());
      for (std::size_t i = 0; i < outputs.size(); ++i) again_[graph_.nodes()[*node].outputs[i]] = outputs[i];
    }
    return again_[value];
  }

  std::optional<std::uint32_t> repeated_node(std::uint32_t value) const {
    const auto node = checkpointing_.repeatable(value);
    if (!node || repeated_[*node]) return node;
    if (!checkpointing_.is_view(*node)) return std::nullopt;
    const auto viewed = static_cast<std::size_t>(graph_.nodes()[*node].op->views().front().second);
    return repeated_node(graph_.nodes()[*node].inputs[viewed]) ? node : std::nullopt;
  }

  const Graph& graph_;
  const std::vector<bool>& repeated_;
  const Checkpointing checkpointing_;
  Rewriter rewriter_;
  std::vector<Value> again_;  // by value of the old graph: in the new one, computed a second time
};

}  // namespace

std::unique_ptr<Graph> recompute(const Graph& graph, const std::vector<bool>& repeated) {
  return Recomputation(graph, repeated).run();
}

}  // namespace tuff
