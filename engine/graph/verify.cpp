#include "graph/verify.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"

namespace tuff {

namespace {

void verify_node(const Graph& graph, std::uint32_t index, std::vector<bool>& defined,
                 std::vector<std::string>& breaches) {
  const Node& node = graph.nodes()[index];
  const std::string who = fmt::format("node {} ({})", index, node.op->name());
  std::vector<TensorType> types;
  for (const std::uint32_t input : node.inputs) {
    if (input >= defined.size() || !defined[input]) {
      breaches.push_back(fmt::format("{} reads %{} before it is defined", who, input));
      return;
    }
    types.push_back(graph.values()[input].type);
  }
  try {
    const std::vector<TensorType> inferred = infer_types(*node.op, types);
    if (inferred.size() != node.outputs.size())
      breaches.push_back(fmt::format("{} has {} outputs, its op {}", who, node.outputs.size(), inferred.size()));
    for (std::size_t i = 0; i < std::min(inferred.size(), node.outputs.size()); ++i)
      if (!(inferred[i] == graph.values()[node.outputs[i]].type))
        breaches.push_back(fmt::format("{} output {} is {}, its op infers {}", who, i,
                                       to_string(graph.values()[node.outputs[i]].type), to_string(inferred[i])));
  } catch (const Error& error) {
    breaches.push_back(fmt::format("{}: {}", who, error.what()));
  }
  for (std::uint32_t i = 0; i < node.outputs.size(); ++i) {
    const Source& source = graph.values()[node.outputs[i]].source;
    if (source.kind != Source::Kind::node || source.node != index || source.index != i)
      breaches.push_back(fmt::format("%{} doesn't point back at {} output {}", node.outputs[i], who, i));
    defined[node.outputs[i]] = true;
  }
}

void verify_variables(const Graph& graph, std::vector<std::string>& breaches) {
  std::map<std::string, std::uint64_t> ends;
  for (const Variable& variable : graph.variables()) {
    std::uint64_t& end = ends[variable.arena];
    if (variable.offset < end || variable.offset % kVariableAlignment != 0)
      breaches.push_back(fmt::format("variable {} lies at {} of {}, which is taken up to {}", variable.name,
                                     variable.offset, variable.arena, end));
    end = variable.offset + static_cast<std::uint64_t>(variable.type.shape.elements());
  }
}

}  // namespace

std::vector<std::string> verify(const Graph& graph) {
  std::vector<std::string> breaches;
  std::vector<bool> defined(graph.values().size(), false);
  for (std::size_t id = 0; id < defined.size(); ++id)
    defined[id] = graph.values()[id].source.kind != Source::Kind::node;
  for (std::uint32_t index = 0; index < graph.nodes().size(); ++index) verify_node(graph, index, defined, breaches);
  verify_variables(graph, breaches);
  for (const Output& output : graph.outputs())
    if (output.value >= defined.size() || !defined[output.value])
      breaches.push_back(fmt::format("output {} is %{}, which nothing defines", output.name, output.value));
  return breaches;
}

}  // namespace tuff
