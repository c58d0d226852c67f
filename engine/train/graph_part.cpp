#include "train/graph_part.h"

#include <algorithm>

namespace tuff {
namespace {

// What an update that isn't copied gives: the variables as they are in the store.
void keep_variables(const Graph& from, const Node& update, Graph& to, std::vector<Value>& values) {
  const Op::Residence* residence = update.op->residence();
  if (residence == nullptr) return;
  for (const Variable& variable : from.variables()) {
    if (variable.arena != residence->arena) continue;
    const auto at = std::ranges::find(residence->offsets, variable.offset);
    if (at == residence->offsets.end()) continue;
    values[update.outputs[static_cast<std::size_t>(at - residence->offsets.begin())]] =
        to.parameter(variable.name, variable.type.shape, variable.initializer, variable.type.layout);
  }
}

}  // namespace

std::optional<std::uint32_t> output_named(const Graph& graph, std::string_view name) {
  for (const Output& output : graph.outputs())
    if (output.name == name) return output.value;
  return std::nullopt;
}

std::vector<bool> nodes_needed_for(const Graph& graph, const std::vector<std::uint32_t>& values) {
  std::vector<bool> needed(graph.values().size(), false), nodes(graph.nodes().size(), false);
  for (const std::uint32_t value : values) needed[value] = true;
  for (std::size_t index = nodes.size(); index-- > 0;) {
    const Node& node = graph.nodes()[index];
    nodes[index] = std::ranges::any_of(node.outputs, [&](std::uint32_t output) { return needed[output]; });
    if (!nodes[index]) continue;
    for (const std::uint32_t input : node.inputs) needed[input] = true;
  }
  return nodes;
}

std::vector<Value> copy_part(const Graph& from, const std::vector<bool>& nodes, Graph& to,
                             const std::function<void(std::uint32_t node, const std::vector<Value>& values)>& copied) {
  std::vector<Value> values = to.copy_sources(from);
  for (std::uint32_t index = 0; index < nodes.size(); ++index) {
    const Node& node = from.nodes()[index];
    if (!nodes[index]) continue;
    if (!node.op->written_inputs().empty()) {
      keep_variables(from, node, to, values);
      continue;
    }
    std::vector<Value> inputs;
    for (const std::uint32_t input : node.inputs) inputs.push_back(values[input]);
    const Graph::Scope scope = to.scope_of(node);
    const std::vector<Value> outputs = to.add(node.op, std::move(inputs));
    for (std::size_t i = 0; i < outputs.size(); ++i) values[node.outputs[i]] = outputs[i];
    if (copied) copied(index, values);
  }
  return values;
}

}  // namespace tuff
