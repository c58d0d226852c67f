#include "passes/rewrite.h"

#include <cassert>

namespace tuff {

Readers::Readers(const Graph& graph) : readers_(graph.values().size()), is_output_(graph.values().size(), false) {
  for (std::uint32_t node = 0; node < graph.nodes().size(); ++node)
    for (const std::uint32_t input : graph.nodes()[node].inputs) readers_[input].push_back(node);
  for (const Output& output : graph.outputs()) is_output_[output.value] = true;
}

bool is_convolution(const Node& node) {
  return node.op->name() == "conv" || node.op->name() == "conv_transpose";
}

const Node* producer_of(const Graph& graph, std::uint32_t value) {
  const Source& source = graph.values()[value].source;
  return source.kind == Source::Kind::node ? &graph.nodes()[source.node] : nullptr;
}

Rewriter::Rewriter(const Graph& from) : from_(from), to_(std::make_unique<Graph>()), map_(to_->copy_sources(from)) {}

Value Rewriter::map(std::uint32_t old_value) const {
  assert(map_[old_value]);
  return map_[old_value];
}

void Rewriter::copy(std::uint32_t node) {
  std::vector<Value> inputs;
  for (const std::uint32_t input : from_.nodes()[node].inputs) inputs.push_back(map(input));
  replace(node, add(from_.nodes()[node].op, std::move(inputs), node));
}

std::vector<Value> Rewriter::add(std::shared_ptr<const Op> op, std::vector<Value> inputs, std::uint32_t like) {
  const Graph::Scope scope = to_->scope_of(from_.nodes()[like]);
  return to_->add(std::move(op), std::move(inputs));
}

void Rewriter::replace(std::uint32_t node, std::span<const Value> outputs) {
  const Node& old = from_.nodes()[node];
  assert(outputs.size() == old.outputs.size());
  for (std::size_t index = 0; index < outputs.size(); ++index) map_[old.outputs[index]] = outputs[index];
}

std::unique_ptr<Graph> Rewriter::finish() {
  for (const Output& output : from_.outputs()) to_->output(output.name, map(output.value));
  return std::move(to_);
}

}  // namespace tuff
