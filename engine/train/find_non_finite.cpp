#include "train/find_non_finite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "train/graph_part.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

using Where = NonFinite::Where;

bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

std::string op_name(const Node& node) {
  const auto* pointwise = dynamic_cast<const Pointwise*>(node.op.get());
  if (pointwise == nullptr) return std::string(node.op->name());
  const auto& instructions = pointwise->program().instructions;
  return instructions.size() == 1 ? std::string(pointwise_row(instructions[0].opcode).name)
                                  : to_string(pointwise->program());
}

std::optional<NonFinite> in_sources(const Graph& step, ParameterStore& store, std::span<const NamedTensor> batch) {
  for (const NamedTensor& tensor : batch)
    if (tensor.values.dtype == DType::f32 && !all_finite(tensor.values.floats()))
      return NonFinite{Where::batch, tensor.name, {}};
  for (const Variable& variable : step.variables())
    if (!all_finite(store.read(variable.name).floats())) return NonFinite{Where::weights, variable.name, {}};
  return std::nullopt;
}

// Which of a graph's values aren't finite, computed by these nodes: of each the largest magnitude is read, which is NaN
// where an element is.
std::vector<bool> non_finite_values(const Graph& step, const std::vector<bool>& nodes, Device& device,
                                    ParameterStore& store, std::span<const NamedTensor> batch,
                                    const CompileOptions& options) {
  Graph probes;
  std::vector<std::uint32_t> probed;
  copy_part(step, nodes, probes, [&](std::uint32_t node, const std::vector<Value>& values) {
    for (const std::uint32_t output : step.nodes()[node].outputs) {
      const Value value = values[output];
      if (value.dtype() != DType::f32) continue;
      probes.output(fmt::format("{}", output), value.shape().elements() == 1 ? abs(value) : max(abs(value)));
      probed.push_back(output);
    }
  });
  const auto executable =
      compile(probes, device, &store, {.optimize = false, .storage = options.storage, .memory = options.memory});
  for (const NamedTensor& tensor : batch) executable->write(tensor.name, tensor.values);
  executable->run();
  std::vector<bool> bad(step.values().size(), false);
  for (const std::uint32_t value : probed)
    bad[value] = !all_finite(executable->read(fmt::format("{}", value)).floats());
  return bad;
}

// The first node that a value that isn't finite comes from, by ways that aren't either.
std::optional<std::uint32_t> origin(const Graph& step, const std::vector<bool>& bad, std::uint32_t value) {
  std::vector<bool> wanted(step.values().size(), false);
  wanted[value] = bad[value];
  std::optional<std::uint32_t> first;
  for (std::uint32_t index = static_cast<std::uint32_t>(step.nodes().size()); index-- > 0;) {
    const Node& node = step.nodes()[index];
    if (std::ranges::none_of(node.outputs, [&](std::uint32_t output) { return wanted[output]; })) continue;
    bool from_finite = true;
    for (const std::uint32_t input : node.inputs) {
      wanted[input] = bad[input];
      from_finite = from_finite && !bad[input];
    }
    if (from_finite) first = index;
  }
  return first;
}

}  // namespace

std::optional<NonFinite> find_non_finite(const Graph& step, Device& device, ParameterStore& store,
                                         std::span<const NamedTensor> batch, const CompileOptions& options) {
  if (const auto found = in_sources(step, store, batch)) return found;
  // The loss first: without the walk back, values die early and little memory is needed.
  for (const char* name : {"loss", kGradientNorm, kSecondGradientNorm}) {
    const std::optional<std::uint32_t> value = output_named(step, name);
    if (!value) continue;
    try {
      const std::vector<bool> bad =
          non_finite_values(step, nodes_needed_for(step, {*value}), device, store, batch, options);
      if (const auto node = origin(step, bad, *value)) {
        const Node& found = step.nodes()[*node];
        return NonFinite{phase_of(found.label), op_name(found), layer_of(found.label)};
      }
    } catch (const OutOfMemory&) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::string describe(const NonFinite& found) {
  if (found.where == Where::batch) return fmt::format("\"{}\" of the batch holds some", found.name);
  if (found.where == Where::weights) return fmt::format("the weights \"{}\" hold some", found.name);
  const std::string_view phase = found.where == Where::forward    ? "in the forward pass"
                                 : found.where == Where::backward ? "in the backward pass"
                                                                  : "in the update";
  const std::string layer = found.layer.empty() ? "" : fmt::format(" of the layer \"{}\"", found.layer);
  return fmt::format("{} {}{} gave the first one, from finite values", phase, found.name, layer);
}

std::string layer_of(const std::string& label) {
  if (phase_of(label) == Where::forward) return label;
  const std::size_t end = label.find(".gradient");
  return end == std::string::npos ? "" : label.substr(0, end);
}

Where phase_of(const std::string& label) {
  if (label == "update" || label.starts_with("update.")) return Where::update;
  const bool backward = label == "backward" || label == "gradient" || label.starts_with("backward.") ||
                        label.ends_with(".gradient") || label.find(".gradient.") != std::string::npos;
  return backward ? Where::backward : Where::forward;
}

}  // namespace tuff
