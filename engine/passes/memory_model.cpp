#include "passes/memory_model.h"

#include <algorithm>
#include <limits>
#include <map>

#include "plan/memory.h"

namespace tuff {

namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// The most workspace that is alive at one of the node's dispatches.
std::vector<std::uint64_t> workspace_of_nodes(const Graph& graph, const Plan& plan) {
  std::map<std::uint32_t, std::vector<Lifetime>> by_node;
  for (const ScratchRange& range : plan.scratch)
    if (range.values.empty()) by_node[range.node].push_back({range.bytes, range.first, range.last});
  std::vector<std::uint64_t> bytes(graph.nodes().size(), 0);
  for (const auto& [node, lifetimes] : by_node) bytes[node] = peak_of(lifetimes).bytes;
  return bytes;
}

}  // namespace

MemoryModel::MemoryModel(const Graph& graph, const Plan& plan, const Checkpointing& checkpointing)
    : graph_(graph),
      checkpointing_(checkpointing),
      order_(plan.order),
      bytes_(graph.values().size(), 0),
      workspace_(workspace_of_nodes(graph, plan)),
      repeatable_(graph.values().size(), kNone) {
  for (std::uint32_t value = 0; value < bytes_.size(); ++value) {
    const Location& location = plan.values[value];
    if (location.bytes > 0 && plan.segments[location.segment].kind == Segment::Kind::scratch)
      bytes_[value] = memory_aligned(static_cast<std::uint64_t>(graph.values()[value].type.bytes()));
    if (const auto node = checkpointing.repeatable(value)) repeatable_[value] = *node;
  }
  for (std::uint32_t node = 0; node < graph.nodes().size(); ++node) {
    views_.push_back(graph.nodes()[node].op->views());
    in_place_.push_back(graph.nodes()[node].op->in_place());
    repetition_.push_back(checkpointing.is_late(node) ? std::vector<std::uint32_t>{}
                                                      : checkpointing.repetition_inputs(node));
    for (const auto& [output, input] : views_.back())
      bytes_[graph.nodes()[node].outputs[static_cast<std::size_t>(output)]] = 0;
  }
}

// Values stand in the order in which they are computed, so what is viewed comes before its view.
void MemoryModel::redirect(const std::vector<bool>& repeated) {
  redirected_.assign(bytes_.size(), false);
  for (std::uint32_t value = 0; value < bytes_.size(); ++value) {
    const std::uint32_t node = repeatable_[value];
    if (node == kNone) continue;
    const bool view = checkpointing_.is_view(node);
    const auto viewed = [&] { return graph_.nodes()[node].inputs[static_cast<std::size_t>(views_[node][0].second)]; };
    redirected_[value] = repeated[node] || (view && redirected_[viewed()]);
  }
}

void MemoryModel::add_repetition(std::uint32_t value) {
  if (again_[value]) return;
  const std::uint32_t node = repeatable_[value];
  for (const std::uint32_t input : repetition_[node])
    if (redirected_[input]) add_repetition(input);
  for (const std::uint32_t output : graph_.nodes()[node].outputs)
    if (repeatable_[output] == node) again_[output] = true;
  steps_.push_back({node, true});
}

void MemoryModel::order_steps() {
  steps_.clear();
  again_.assign(bytes_.size(), false);
  for (const std::uint32_t node : order_) {
    if (checkpointing_.is_late(node))
      for (const std::uint32_t input : graph_.nodes()[node].inputs)
        if (redirected_[input]) add_repetition(input);
    steps_.push_back({node, false});
  }
}

std::span<const std::uint32_t> MemoryModel::inputs_of(const Step& step) const {
  return step.again ? repetition_[step.node] : graph_.nodes()[step.node].inputs;
}

std::uint32_t MemoryModel::read_by(const Step& step, std::uint32_t value) const {
  return id(value, redirected_[value] && (step.again || checkpointing_.is_late(step.node)));
}

void MemoryModel::find_last_reads() {
  last_.assign(2 * bytes_.size(), 0);
  for (std::uint32_t index = 0; index < steps_.size(); ++index)
    for (const std::uint32_t input : inputs_of(steps_[index])) last_[read_by(steps_[index], input)] = index;
  for (const Output& output : graph_.outputs()) last_[output.value] = static_cast<std::uint32_t>(steps_.size() - 1);
}

// The storage of an input that ends at the step and that output number `output` may take over.
std::uint32_t MemoryModel::overwritten(std::uint32_t index, std::uint32_t output) const {
  const Step& step = steps_[index];
  const Node& node = graph_.nodes()[step.node];
  const std::uint64_t wanted = bytes_[node.outputs[output]];
  for (const auto& [to, from] : in_place_[step.node]) {
    if (static_cast<std::uint32_t>(to) != output) continue;
    const auto inputs = inputs_of(step);
    const std::uint32_t input = inputs[static_cast<std::size_t>(from)], storage = storage_[read_by(step, input)];
    const std::uint64_t held = bytes_[storage % bytes_.size()];
    if (held == wanted && wanted > 0 && end_[storage] == index && std::ranges::count(inputs, input) == 1)
      return storage;
  }
  return kNone;
}

void MemoryModel::place_outputs(std::uint32_t index) {
  const Step& step = steps_[index];
  const Node& node = graph_.nodes()[step.node];
  for (std::uint32_t output = 0; output < node.outputs.size(); ++output) {
    const std::uint32_t value = node.outputs[output];
    if (step.again && repeatable_[value] != step.node) continue;
    const std::uint32_t own = id(value, step.again);
    std::uint32_t storage = overwritten(index, output);
    for (const auto& [to, from] : views_[step.node])
      if (static_cast<std::uint32_t>(to) == output)
        storage = storage_[read_by(step, inputs_of(step)[static_cast<std::size_t>(from)])];
    if (storage == kNone) {
      storage = own;
      live_[index] += bytes_[value];  // less what ends before each step: summed up in live_bytes()
      end_[own] = index;
    }
    storage_[own] = storage;
    end_[storage] = std::max({end_[storage], index, last_[own]});
  }
}

std::span<const std::uint64_t> MemoryModel::live_bytes(const std::vector<bool>& repeated) {
  redirect(repeated);
  order_steps();
  find_last_reads();
  storage_.resize(2 * bytes_.size());
  for (std::uint32_t value = 0; value < storage_.size(); ++value) storage_[value] = value;
  end_.assign(2 * bytes_.size(), 0);
  live_.assign(steps_.size() + 1, 0);
  for (std::uint32_t index = 0; index < steps_.size(); ++index) place_outputs(index);
  // live_ holds what begins at each step; what ends is taken away behind it. Differences may wrap, sums don't.
  for (std::uint32_t own = 0; own < storage_.size(); ++own) {
    const std::uint32_t value = own % static_cast<std::uint32_t>(bytes_.size());
    const bool computed = graph_.values()[value].source.kind == Source::Kind::node && (own == value || again_[value]) &&
                          storage_[own] == own;
    if (computed) live_[end_[own] + 1] -= bytes_[value];
  }
  for (std::size_t index = 1; index < live_.size(); ++index) live_[index] += live_[index - 1];
  live_.pop_back();
  for (std::size_t index = 0; index < live_.size(); ++index) {
    const auto& [node, again] = steps_[index];
    const bool whole = !again || repetition_[node] == graph_.nodes()[node].inputs;  // a norm takes no statistics again
    if (whole) live_[index] += workspace_[node];
  }
  return live_;
}

}  // namespace tuff
