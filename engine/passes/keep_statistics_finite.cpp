#include "passes/keep_statistics_finite.h"

#include "ops/normalize.h"
#include "passes/rewrite.h"

namespace tuff {

std::unique_ptr<Graph> keep_statistics_finite(const Graph& graph) {
  Rewriter rewriter(graph);
  for (std::uint32_t index = 0; index < graph.nodes().size(); ++index) {
    const Node& node = graph.nodes()[index];
    std::shared_ptr<const Op> finite = with_finite_running(*node.op);
    if (!finite) {
      rewriter.copy(index);
      continue;
    }
    std::vector<Value> inputs;
    for (const std::uint32_t input : node.inputs) inputs.push_back(rewriter.map(input));
    rewriter.replace(index, rewriter.add(std::move(finite), std::move(inputs), index));
  }
  return rewriter.finish();
}

}  // namespace tuff
