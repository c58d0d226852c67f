#include "graph/dump.h"

#include <fmt/format.h>

#include <algorithm>

namespace tuff {

namespace {

std::string variable_name(const Graph& graph, const ValueInfo& value) {
  for (const Variable& variable : graph.variables())
    if (variable.arena == value.name && variable.offset == value.source.offset && variable.type == value.type)
      return variable.name;
  return fmt::format("arena {}", value.name);
}

std::string source_text(const Graph& graph, const ValueInfo& value) {
  switch (value.source.kind) {
    case Source::Kind::input: return fmt::format("input {}", value.name);
    case Source::Kind::arena: return variable_name(graph, value);
    case Source::Kind::constant:
      if (value.type.shape.elements() == 1 && value.type.dtype == DType::f32)
        return fmt::format("{}", value.source.data->floats()[0]);
      return "constant";
    case Source::Kind::node: break;
  }
  return {};
}

std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find_first_of("\"\\", at)) != std::string::npos; at += 2)
    text.insert(at, 1, '\\');
  return text;
}

}  // namespace

std::string dump_text(const Graph& graph) {
  std::string text;
  for (std::uint32_t id = 0; id < graph.values().size(); ++id) {
    const ValueInfo& value = graph.values()[id];
    if (value.source.kind != Source::Kind::node)
      text += fmt::format("%{} = {} : {}\n", id, source_text(graph, value), to_string(value.type));
  }
  for (const Node& node : graph.nodes()) {
    std::string results, types, operands;
    for (const std::uint32_t output : node.outputs) {
      results += fmt::format("{}%{}", results.empty() ? "" : ", ", output);
      types += fmt::format("{}{}", types.empty() ? "" : ", ", to_string(graph.values()[output].type));
    }
    for (const std::uint32_t input : node.inputs) operands += fmt::format("{}%{}", operands.empty() ? "" : ", ", input);
    const std::string attributes = node.op->attributes();
    text += fmt::format("{}{}{}({}){}{}{}{}\n", results, results.empty() ? "" : " = ", node.op->name(), operands,
                        attributes.empty() ? "" : " ", attributes, types.empty() ? "" : " : " + types,
                        node.label.empty() ? "" : "  # " + node.label);
  }
  for (const Output& output : graph.outputs()) text += fmt::format("output {} = %{}\n", output.name, output.value);
  return text;
}

std::string dump_dot(const Graph& graph) {
  std::string text = "digraph tuff {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];\n";
  std::vector<bool> used(graph.values().size(), false);
  for (const Node& node : graph.nodes())
    for (const std::uint32_t input : node.inputs) used[input] = true;
  for (std::uint32_t id = 0; id < graph.values().size(); ++id) {
    const ValueInfo& value = graph.values()[id];
    if (value.source.kind == Source::Kind::node || !used[id]) continue;
    text += fmt::format("  v{} [shape=ellipse, label=\"{}\\n{}\"];\n", id, quoted(source_text(graph, value)),
                        to_string(value.type.shape));
  }
  for (std::size_t index = 0; index < graph.nodes().size(); ++index) {
    const Node& node = graph.nodes()[index];
    text += fmt::format("  n{} [label=\"{}\\n{}\\n{}\"];\n", index, node.op->name(), quoted(node.label),
                        quoted(node.op->attributes()));
    for (const std::uint32_t input : node.inputs) {
      const Source& source = graph.values()[input].source;
      const std::string from =
          source.kind == Source::Kind::node ? fmt::format("n{}", source.node) : fmt::format("v{}", input);
      text += fmt::format("  {} -> n{} [label=\"{}\", fontsize=8];\n", from, index,
                          to_string(graph.values()[input].type.shape));
    }
  }
  for (const Output& output : graph.outputs()) {
    const Source& source = graph.values()[output.value].source;
    const std::string from =
        source.kind == Source::Kind::node ? fmt::format("n{}", source.node) : fmt::format("v{}", output.value);
    text += fmt::format("  \"output {}\" [shape=ellipse];\n  {} -> \"output {}\";\n", quoted(output.name), from,
                        quoted(output.name));
  }
  return text + "}\n";
}

}  // namespace tuff
