#include "autodiff/gradient.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/fill.h"
#include "ops/pointwise.h"

namespace tuff {

namespace {

// Which values depend on one of `wrt`: only through them does a gradient need to flow.
std::vector<bool> depends_on(const Graph& graph, std::span<const Value> wrt) {
  std::vector<bool> depends(graph.values().size(), false);
  for (const Value value : wrt) depends[value.id()] = true;
  for (const Node& node : graph.nodes()) {
    const bool any =
        std::any_of(node.inputs.begin(), node.inputs.end(), [&](std::uint32_t input) { return depends[input]; });
    if (any)
      for (const std::uint32_t output : node.outputs) depends[output] = true;
  }
  return depends;
}

}  // namespace

std::vector<Value> gradient(std::span<const Value> outputs, std::span<const Value> upstream,
                            std::span<const Value> wrt) {
  if (outputs.empty() || outputs.size() != upstream.size())
    throw Error(fmt::format("gradient: {} outputs and {} upstream gradients", outputs.size(), upstream.size()));
  Graph& graph = outputs[0].graph();
  const std::vector<bool> needed = depends_on(graph, wrt);
  std::vector<Value> gradients(graph.values().size());
  const auto accumulate = [&](std::uint32_t value, Value more) {
    gradients[value] = gradients[value] ? add(gradients[value], more) : more;
  };
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!(outputs[i].type() == upstream[i].type()))
      throw Error(fmt::format("gradient: the output is {}, its upstream gradient {}", to_string(outputs[i].type()),
                              to_string(upstream[i].type())));
    accumulate(outputs[i].id(), upstream[i]);
  }

  // Only the nodes there are now; the walk itself adds more behind them.
  for (std::size_t index = graph.nodes().size(); index-- > 0;) {
    const Node node = graph.nodes()[index];  // a copy: adding nodes moves the original
    const auto is_needed = [&](std::uint32_t input) { return needed[input]; };
    const auto has_gradient = [&](std::uint32_t output) { return bool(gradients[output]); };
    if (std::none_of(node.inputs.begin(), node.inputs.end(), is_needed) ||
        std::none_of(node.outputs.begin(), node.outputs.end(), has_gradient))
      continue;
    std::vector<Value> inputs, results, upstreams;
    for (const std::uint32_t input : node.inputs) inputs.emplace_back(&graph, input);
    for (const std::uint32_t output : node.outputs) {
      results.emplace_back(&graph, output);
      upstreams.push_back(gradients[output]);
    }
    const Graph::Scope like_node = graph.scope_of(node), scope = graph.scope("gradient");
    const std::vector<Value> found = node.op->gradient({inputs, results, upstreams});
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i] || !needed[node.inputs[i]]) continue;
      if (!(found[i].type() == inputs[i].type()))
        throw Error(fmt::format("{}: the gradient of input {} is {}, the input {}", node.op->name(), i,
                                to_string(found[i].type()), to_string(inputs[i].type())));
      accumulate(node.inputs[i], found[i]);
    }
  }

  std::vector<Value> result;
  for (const Value value : wrt)
    result.push_back(gradients[value.id()] ? gradients[value.id()] : zeros(graph, value.type()));
  return result;
}

std::vector<Value> gradient(Value loss, std::span<const Value> wrt) {
  if (loss.shape().elements() != 1 || loss.dtype() != DType::f32)
    throw Error(fmt::format("gradient: the loss must be one f32 number, it is {}; take its mean or sum",
                            to_string(loss.type())));
  const Value one = full(loss.graph(), loss.type(), 1.0f);
  return gradient({&loss, 1}, {&one, 1}, wrt);
}

}  // namespace tuff
