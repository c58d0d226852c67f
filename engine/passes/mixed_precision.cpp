#include "passes/mixed_precision.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "ops/cast.h"
#include "ops/pointwise.h"
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
        half_(graph.values().size()),
        read_precisely_(graph.values().size()) {
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
  bool is_wide(std::uint32_t value) const {
    return type(value).dtype == DType::f32 && type(value).shape.elements() > 1;
  }

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

  // The operands that the node's kernels could take and give as f16.
  Op::HalfOperands possible(const Node& node) const {
    if (node.full_precision) return {};
    std::vector<TensorType> types;
    for (const std::uint32_t input : node.inputs) types.push_back(type(input));
    return node.op->half_operands(types);
  }

  // Whether all that a value is read for takes it as f32, or sums it up, maybe after further elementwise functions:
  // coordinates to sample at, squares on their way to a variance. Rounding would save no memory there, or the more
  // harm.
  bool read_precisely(std::uint32_t value) {
    std::optional<bool>& known = read_precisely_[value];
    if (!known)
      known = !readers_.is_output(value) && !readers_.of(value).empty() &&
              std::ranges::all_of(readers_.of(value),
                                  [&](std::uint32_t reader) { return reads_precisely(graph_.nodes()[reader], value); });
    return *known;
  }

  bool reads_precisely(const Node& reader, std::uint32_t value) {
    if (reader.op->name() == "reduce") return true;
    if (is_pointwise(reader) && read_precisely(reader.outputs[0])) return true;
    return std::ranges::none_of(possible(reader).inputs,
                                [&](int input) { return reader.inputs[static_cast<std::size_t>(input)] == value; });
  }

  static bool is_pointwise(const Node& node) { return dynamic_cast<const Pointwise*>(node.op.get()) != nullptr; }

  // The operands that the node takes and gives as f16; none where it shall run in f32. It takes all of them or none, so
  // that parameters, constants and statistics stay f32 where they meet activations.
  Op::HalfOperands half_operands(const Node& node) {
    Op::HalfOperands half = possible(node);
    std::erase_if(half.inputs,
                  [&](int input) { return type(node.inputs[static_cast<std::size_t>(input)]).dtype != DType::f32; });
    std::erase_if(half.outputs,
                  [&](int output) { return type(node.outputs[static_cast<std::size_t>(output)]).dtype != DType::f32; });
    const auto output = [&](int index) { return node.outputs[static_cast<std::size_t>(index)]; };
    const bool activations = !half.inputs.empty() && std::ranges::all_of(half.inputs, [&](int input) {
      return activation_[node.inputs[static_cast<std::size_t>(input)]];
    });
    const bool for_store = !half.outputs.empty() &&
                           std::ranges::all_of(half.outputs, [&](int index) { return goes_to_store(output(index)); });
    const bool precise = std::ranges::any_of(half.outputs, [&](int index) { return !is_wide(output(index)); }) ||
                         (is_pointwise(node) && read_precisely(node.outputs[0]));
    return activations && !for_store && !precise ? half : Op::HalfOperands{};
  }

  bool touches_half(const Node& node) const {
    const auto is_half = [&](std::uint32_t value) { return type(value).dtype == DType::f16; };
    return std::ranges::any_of(node.inputs, is_half) || std::ranges::any_of(node.outputs, is_half);
  }

  void convert(std::uint32_t index) {
    const Node& node = graph_.nodes()[index];
    const Graph::Scope scope = rewriter_.to().scope_of(node);  // of its casts too
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
      activation_[value] =
          half.inputs.empty() ? computed_of_activations(node) && is_wide(value) : outputs[i].dtype() == DType::f16;
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
  std::vector<std::optional<bool>> read_precisely_;  // by value, where known
};

}  // namespace

std::unique_ptr<Graph> mixed_precision(const Graph& graph) {
  return MixedPrecision(graph).run();
}

}  // namespace tuff
