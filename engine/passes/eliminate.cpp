#include "passes/eliminate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "passes/rewrite.h"

namespace tuff {

std::unique_ptr<Graph> eliminate_dead(const Graph& graph) {
  std::vector<bool> needed_value(graph.values().size(), false);
  std::vector<bool> needed_node(graph.nodes().size(), false);
  for (const Output& output : graph.outputs()) needed_value[output.value] = true;
  for (std::size_t node = graph.nodes().size(); node-- > 0;) {
    const Node& candidate = graph.nodes()[node];
    bool needed = !candidate.op->written_inputs().empty();
    for (const std::uint32_t output : candidate.outputs) needed = needed || needed_value[output];
    needed_node[node] = needed;
    if (needed)
      for (const std::uint32_t input : candidate.inputs) needed_value[input] = true;
  }
  Rewriter rewriter(graph);
  for (std::uint32_t node = 0; node < graph.nodes().size(); ++node)
    if (needed_node[node]) rewriter.copy(node);
  return rewriter.finish();
}

std::unique_ptr<Graph> eliminate_common(const Graph& graph) {
  Rewriter rewriter(graph);
  std::unordered_map<std::string, std::vector<Value>> seen;
  for (std::uint32_t index = 0; index < graph.nodes().size(); ++index) {
    const Node& node = graph.nodes()[index];
    if (!node.op->written_inputs().empty()) {
      rewriter.copy(index);
      continue;
    }
    std::string key = fmt::format("{}|{}|{}|", node.op->name(), node.op->attributes(), node.full_precision);
    for (const std::uint32_t input : node.inputs) key += fmt::format("{},", rewriter.map(input).id());
    const auto [entry, is_new] = seen.try_emplace(std::move(key));
    if (is_new) {
      rewriter.copy(index);
      for (const std::uint32_t output : node.outputs) entry->second.push_back(rewriter.map(output));
    } else {
      rewriter.replace(index, entry->second);
    }
  }
  return rewriter.finish();
}

}  // namespace tuff
