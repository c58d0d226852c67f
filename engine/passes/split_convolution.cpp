#include "passes/split_convolution.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "ops/conv.h"
#include "ops/slice.h"
#include "passes/rewrite.h"

namespace tuff {

namespace {

constexpr std::int64_t kChannelMultiple = 16;

using Channels = std::pair<std::int64_t, std::int64_t>;  // the first and one past the last

// What a slice takes of x, where it takes all of the other axes.
std::optional<Channels> channels_of(const Node& node, const Shape& x) {
  if (node.op->name() != "slice" || x.rank() < 2) return {};
  const auto& [starts, ends, steps] = slice_attributes(*node.op);
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto at = static_cast<std::size_t>(axis);
    if (steps[at] != 1 || (axis != 1 && (starts[at] != 0 || ends[at] != x[axis]))) return {};
  }
  return Channels{starts[1], ends[1]};
}

bool splits(const Graph& graph, const Readers& readers, const Node& node) {
  if (!is_convolution(node)) return false;
  const ConvAttributes& attributes = conv_attributes(*node.op);
  const std::uint32_t result = node.outputs.front();
  const Shape &x = graph.values()[node.inputs[0]].type.shape, &y = graph.values()[result].type.shape;
  if (attributes.groups != 1 || readers.is_output(result) || readers.of(result).empty() || x[1] > y[1]) return false;
  std::vector<Channels> parts;
  for (const std::uint32_t reader : readers.of(result)) {
    const std::optional<Channels> part = channels_of(graph.nodes()[reader], y);
    if (!part || (part->second - part->first) % kChannelMultiple != 0) return false;
    parts.push_back(*part);
  }
  std::ranges::sort(parts);
  for (std::size_t i = 1; i < parts.size(); ++i)
    if (parts[i].first < parts[i - 1].second) return false;
  return true;
}

// `value` of the new graph, only these places of one axis.
Value narrowed(Rewriter& rewriter, Value value, int axis, Channels part, std::uint32_t like) {
  const std::vector<std::int64_t> extents = value.shape().extents();
  SliceAttributes attributes{std::vector<std::int64_t>(extents.size(), 0), extents,
                             std::vector<std::int64_t>(extents.size(), 1)};
  attributes.starts[static_cast<std::size_t>(axis)] = part.first;
  attributes.ends[static_cast<std::size_t>(axis)] = part.second;
  return rewriter.add(slice_op(std::move(attributes)), {value}, like).front();
}

// The convolution that gives these channels alone.
std::vector<Value> part_of(Rewriter& rewriter, const Graph& graph, std::uint32_t convolution, Channels part) {
  const Node& node = graph.nodes()[convolution];
  const int weight_axis = node.op->name() == "conv" ? 0 : 1;
  std::vector<Value> inputs = {rewriter.map(node.inputs[0]),
                               narrowed(rewriter, rewriter.map(node.inputs[1]), weight_axis, part, convolution)};
  if (node.inputs.size() == 3) inputs.push_back(narrowed(rewriter, rewriter.map(node.inputs[2]), 0, part, convolution));
  return rewriter.add(node.op, std::move(inputs), convolution);
}

}  // namespace

std::unique_ptr<Graph> split_convolution(const Graph& graph) {
  const Readers readers(graph);
  Rewriter rewriter(graph);
  for (std::uint32_t index = 0; index < graph.nodes().size(); ++index) {
    const Node& node = graph.nodes()[index];
    if (splits(graph, readers, node)) continue;  // its parts are added where the slices stand
    const Node* before = node.op->name() == "slice" ? producer_of(graph, node.inputs[0]) : nullptr;
    if (before == nullptr || !splits(graph, readers, *before)) {
      rewriter.copy(index);
      continue;
    }
    const auto convolution = static_cast<std::uint32_t>(before - graph.nodes().data());
    const Shape& whole = graph.values()[node.inputs[0]].type.shape;
    rewriter.replace(index, part_of(rewriter, graph, convolution, *channels_of(node, whole)));
  }
  return rewriter.finish();
}

}  // namespace tuff
