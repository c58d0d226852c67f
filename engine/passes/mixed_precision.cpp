#include "passes/mixed_precision.h"

#include <algorithm>
#include <vector>

#include "ops/cast.h"
#include "passes/rewrite.h"

namespace tuff {

namespace {

class MixedPrecision {
 public:
  explicit MixedPrecision(const Graph& graph)
      : graph_(graph),
        readers_(graph),
        rewriter_(graph),
        activation_(graph.values().size(), false),
        single_(graph.values().size()),
        half_(graph.values().size()) {
    for (std::uint32_t value = 0; value < graph.values().size(); ++value) {
      if (source(value).kind == Source::Kind::node) continue;
      (type(value).dtype == DType::f16 ? half_ : single_)[value] = rewriter_.map(value);
      activation_[value] = source(value).kind == Source::Kind::input && is_wide(value) && type(value).shape.rank() >= 2;
    }
  }

  std::unique_ptr<Graph> run() {
    for (std::uint32_t index = 0; index < graph_.nodes().size(); ++index) convert(index);
    return rewriter_.finish();
  }

 private:
  const TensorType& type(std::uint32_t value) const { return graph_.values()[value].type; }
  const Source& source(std::uint32_t value) const { return graph_.values()[value].source; }
  bool is_wide(std::uint32_t value) const { return type(value).dtype == DType::f32 && type(value).shape.elements() > 1; }

  // The value in the new graph, cast where it isn't there in this type yet.
  Value stored(std::uint32_t value, DType dtype) {
    if (type(value).dtype == DType::i32) return single_[value];
    Value& wanted = (dtype == DType::f16 ? half_ : single_)[value];
    if (!wanted) wanted = cast((dtype == DType::f16 ? single_ : half_)[value], dtype);
    return wanted;
  }

  // Whether a value is read for nothing but to be stored as f32: a parameter's gradient, maybe before it is reshaped or
  // added to another.
  bool goes_to_store(std::uint32_t value) const {
    if (readers_.is_output(value) || readers_.of(value).empty()) return false;
    return std::ranges::all_of(readers_.of(value), [&](std::uint32_t index) {
      const Node& reader = graph_.nodes()[index];
      if (reader.op->collection() || !reader.op->written_inputs().empty()) return true;
      return std::ranges::all_of(reader.outputs, [&](std::uint32_t output) {
        return type(output).shape.elements() == type(value).shape.elements() && goes_to_store(output);
      });
    });
  }

  // The operands that the node takes and gives as f16; none where it shall run in f32.
  Op::HalfOperands half_operands(const Node& node) const {
    std::vector<TensorType> types;
    for (const std::uint32_t input : node.inputs) types.push_back(type(input));
    Op::HalfOperands half = node.op->half_operands(types);
    std::erase_if(half.inputs, [&](int input) { return type(node.inputs[static_cast<std::size_t>(input)]).dtype != DType::f32; });
    std::erase_if(half.outputs, [&](int output) { return type(node.outputs[static_cast<std::size_t>(output)]).dtype != DType::f32; });
    const bool activations = std::ranges::any_of(half.inputs, [&](int input) { return activation_[node.inputs[static_cast<std::size_t>(input)]]; });
    const bool for_store = !half.outputs.empty() && std::ranges::all_of(half.outputs, [&](int output) {
      return goes_to_store(node.outputs[static_cast<std::size_t>(output)]);
    });
    return activations && !for_store ? half : Op::HalfOperands{};
  }

  bool touches_half(const Node& node) const {
    const auto is_half = [&](std::uint32_t value) { return type(value).dtype == DType::f16; };
    return std::ranges::any_of(node.inputs, is_half) || std::ranges::any_of(node.outputs, is_half);
  }

  void convert(std::uint32_t index) {
    const Node& node = graph_.nodes()[index];
    const bool as_is = touches_half(node);
    const Op::HalfOperands half = as_is ? Op::HalfOperands{} : half_operands(node);
    const auto holds = [](const std::vector<int>& operands, std::size_t operand) {
      return std::ranges::find(operands, static_cast<int>(operand)) != operands.end();
    };
    std::vector<Value> inputs;
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      inputs.push_back(stored(node.inputs[i], holds(half.inputs, i) ? DType::f16 : type(node.inputs[i]).dtype));
    std::vector<Value> outputs = rewriter_.add(node.op, std::move(inputs), index);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::uint32_t value = node.outputs[i];
      (outputs[i].dtype() == DType::f16 ? half_ : single_)[value] = outputs[i];
      activation_[value] = half.inputs.empty() ? computed_of_activations(node) && is_wide(value) : outputs[i].dtype() == DType::f16;
      if (readers_.is_output(value)) outputs[i] = stored(value, type(value).dtype);
    }
    rewriter_.replace(index, outputs);
  }

  // Of a node that runs in f32.
  bool computed_of_activations(const Node& node) const {
    if (node.op->collection() || !node.op->written_inputs().empty()) return false;
    return std::ranges::any_of(node.inputs, [&](std::uint32_t input) { return activation_[input]; }) &&
           std::ranges::none_of(node.outputs, [&](std::uint32_t output) { return goes_to_store(output); });
  }

  const Graph& graph_;
  const Readers readers_;
  Rewriter rewriter_;
  std::vector<bool> activation_;      // by value: wherever its place is, readers that can shall take it as f16
  std::vector<Value> single_, half_;  // by value: in the new graph as it is in f32 (or i32), and as f16, where it is
};

}  // namespace

std::unique_ptr<Graph> mixed_precision(const Graph& graph) { return MixedPrecision(graph).run(); }

}  // namespace tuff
