#include "passes/fold_affine.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "ops/conv.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"
#include "passes/rewrite.h"
#include "plan/lasting.h"

namespace tuff {

namespace {

// y = x * values or x + values, one for each channel.
struct Step {
  PointwiseOpcode opcode;
  std::uint32_t values;
};

class AffineFolding {
 public:
  explicit AffineFolding(const Graph& graph)
      : graph_(graph), readers_(graph), lasting_(lasting_values(graph)), rewriter_(graph) {}

  std::unique_ptr<Graph> run() {
    std::vector<std::uint32_t> folded_by(
        graph_.nodes().size());  // the last node of a convolution's chain, itself: none
    std::vector<bool> dropped(graph_.nodes().size(), false);
    for (std::uint32_t index = 0; index < graph_.nodes().size(); ++index) folded_by[index] = index;
    for (std::uint32_t index = 0; index < graph_.nodes().size(); ++index) {
      if (!can_fold(graph_.nodes()[index])) continue;
      std::uint32_t last = index;
      while (step_after(last)) {
        dropped[last] = true;
        last = reader_of(last);
      }
      folded_by[last] = index;
    }
    for (std::uint32_t index = 0; index < graph_.nodes().size(); ++index) {
      if (dropped[index]) continue;  // comes with the last of its chain
      if (folded_by[index] == index)
        rewriter_.copy(index);
      else
        rewriter_.replace(index, fold(folded_by[index], index));
    }
    return rewriter_.finish();
  }

 private:
  bool can_fold(const Node& node) const {
    if (!is_convolution(node)) return false;
    const ConvAttributes& attributes = conv_attributes(*node.op);
    if (attributes.activation != Activation::none || lasting_[node.outputs.front()]) return false;
    if (node.op->name() == "conv_transpose" && attributes.groups != 1) return false;
    return std::all_of(node.inputs.begin() + 1, node.inputs.end(),
                       [&](std::uint32_t input) { return lasting_[input]; });
  }

  // The first node that reads a node's result.
  std::uint32_t reader_of(std::uint32_t index) const {
    return readers_.of(graph_.nodes()[index].outputs.front()).front();
  }

  // What the only reader of a node's result does, where that is a step.
  std::optional<Step> step_after(std::uint32_t index) const {
    const std::uint32_t result = graph_.nodes()[index].outputs.front();
    if (!readers_.only_reader(result)) return {};
    const Node& reader = graph_.nodes()[reader_of(index)];
    const auto* op = dynamic_cast<const Pointwise*>(reader.op.get());
    if (op == nullptr || op->program().inputs != 2 || op->program().instructions.size() != 1) return {};
    const PointwiseOpcode opcode = op->program().instructions.front().opcode;
    if (opcode != PointwiseOpcode::mul && opcode != PointwiseOpcode::add) return {};
    const std::uint32_t values = reader.inputs[reader.inputs[0] == result ? 1 : 0];
    if (!lasting_[values] || !is_per_channel(values, graph_.values()[result].type.shape)) return {};
    return Step{opcode, values};
  }

  bool is_per_channel(std::uint32_t values, const Shape& result) const {
    const Shape& shape = graph_.values()[values].type.shape;
    const int skipped = result.rank() - shape.rank();
    if (skipped < 0 || skipped > 1 || shape.elements() != result[1]) return false;
    return shape[1 - skipped] == result[1];
  }

  // The convolution with all that is done to its result up to the node `last`.
  std::vector<Value> fold(std::uint32_t convolution, std::uint32_t last) {
    const Node& node = graph_.nodes()[convolution];
    Node place = node;
    place.full_precision = true;  // weights stay f32 where activations are stored as f16
    Value weight = rewriter_.map(node.inputs[1]);
    Value bias = node.inputs.size() == 3 ? rewriter_.map(node.inputs[2]) : Value{};
    // Both kinds of weights lie as (kernel..., I, O): rows of output channels.
    const TensorType stored = weight.type();
    const std::int64_t channels = graph_.values()[node.outputs.front()].type.shape[1];
    const TensorType rows = {stored.dtype, Shape{stored.shape.elements() / channels, channels}, Layout::channels_last};
    {
      const Graph::Scope scope = rewriter_.to().scope_of(place);
      for (std::uint32_t index = convolution; index != last;) {
        const Step step = *step_after(index);
        const Value values = reshape(rewriter_.map(step.values), {channels});
        if (step.opcode == PointwiseOpcode::mul) {
          weight = view_as(mul(view_as(weight, rows), reshape(values, {1, channels})), stored);
          if (bias) bias = mul(bias, values);
        } else {
          bias = bias ? add(bias, values) : values;
        }
        index = reader_of(index);
      }
    }
    std::vector<Value> inputs = {rewriter_.map(node.inputs[0]), weight};
    if (bias) inputs.push_back(bias);
    return rewriter_.add(node.op, std::move(inputs), convolution);
  }

  const Graph& graph_;
  const Readers readers_;
  const std::vector<bool> lasting_;  // by value
  Rewriter rewriter_;
};

}  // namespace

std::unique_ptr<Graph> fold_affine(const Graph& graph) {
  return AffineFolding(graph).run();
}

}  // namespace tuff
