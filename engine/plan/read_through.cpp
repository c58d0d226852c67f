#include "plan/read_through.h"

#include <algorithm>

#include "plan/select.h"

namespace tuff {

namespace {

class Chooser {
 public:
  Chooser(const Graph& graph, const std::vector<std::uint32_t>& order, const std::vector<const Kernel*>& kernels,
          const std::vector<bool>& in_memory, const DeviceCaps& caps)
      : graph_(graph), kernels_(kernels), in_memory_(in_memory), caps_(caps) {
    step_of_.resize(graph.nodes().size());
    for (std::uint32_t step = 0; step < order.size(); ++step) step_of_[order[step]] = step;
    last_read_.resize(graph.values().size(), 0);
    readers_.resize(graph.values().size());
    for (const std::uint32_t index : order) {
      const Node& node = graph.nodes()[index];
      for (std::uint32_t input = 0; input < node.inputs.size(); ++input) {
        const std::uint32_t value = node.inputs[input];
        last_read_[value] = std::max(last_read_[value], step_of_[index]);
        readers_[value].push_back({index, input});
      }
      if (const auto store = node.op->store())
        assigned_.push_back(node.inputs[static_cast<std::size_t>(store->variable)]);
    }
  }

  ReadThrough run() {
    find_possible();
    result_.dropped.resize(graph_.nodes().size(), false);
    result_.instead.resize(graph_.nodes().size());
    for (std::uint32_t index = 0; index < graph_.nodes().size(); ++index)
      result_.instead[index].resize(graph_.nodes()[index].inputs.size());
    for (std::uint32_t index = 0; index < graph_.nodes().size(); ++index) choose(index);
    return std::move(result_);
  }

 private:
  struct Reader {
    std::uint32_t node, input;
  };

  void find_possible() {
    possible_.resize(graph_.nodes().size());
    for (std::uint32_t index = 0; index < graph_.nodes().size(); ++index) {
      const Node& node = graph_.nodes()[index];
      possible_[index].resize(node.inputs.size());
      if (kernels_[index] == nullptr || kernels_[index]->reads_through == nullptr) continue;
      const std::vector<TensorType> inputs = types_of(graph_, node.inputs), outputs = types_of(graph_, node.outputs);
      const KernelRequest request{*node.op, inputs, outputs, caps_};
      for (std::uint32_t input = 0; input < node.inputs.size(); ++input) {
        const std::uint32_t value = node.inputs[input];
        const Producer producer = node_of_input(graph_, value);
        if (producer.op == nullptr || kernels_[graph_.values()[value].source.node] == nullptr || in_memory_[value])
          continue;
        std::vector<Operand> instead = kernels_[index]->reads_through(request, input, producer);
        const auto changes = [&](const Operand& operand) { return is_assigned(value_of(graph_, node, operand)); };
        if (std::ranges::none_of(instead, changes)) possible_[index][input] = std::move(instead);
      }
    }
  }

  bool is_assigned(std::uint32_t value) const {
    const ValueInfo& info = graph_.values()[viewed(graph_, value)];
    const auto end = [](const ValueInfo& v) {
      return v.source.offset + static_cast<std::uint64_t>(v.type.shape.elements());
    };
    return info.source.kind == Source::Kind::arena && std::ranges::any_of(assigned_, [&](std::uint32_t variable) {
             const ValueInfo& other = graph_.values()[variable];
             return other.name == info.name && other.source.offset < end(info) && info.source.offset < end(other);
           });
  }

  // For the readers of what the node computes.
  void choose(std::uint32_t index) {
    const Node& node = graph_.nodes()[index];
    bool all = node.op->written_inputs().empty();
    std::vector<Reader> possible;
    for (const std::uint32_t output : node.outputs) {
      all &= !in_memory_[output];
      for (const Reader& reader : readers_[output]) {
        const std::vector<Operand>& instead = possible_[reader.node][reader.input];
        if (!instead.empty()) possible.push_back(reader);
        all &= !instead.empty() && std::ranges::none_of(instead, [](const Operand& operand) {
          return operand.kind == Operand::Kind::producer_output;
        });
      }
    }
    if (possible.empty()) return;
    for (const Reader& reader : possible)
      if (all || (!read_later(reader) && kept_until(reader)))
        result_.instead[reader.node][reader.input] = possible_[reader.node][reader.input];
    result_.dropped[index] = all;
  }

  // Whether a reader that can't read through the same input needs it as late.
  bool read_later(const Reader& reader) const {
    return std::ranges::any_of(readers_[graph_.nodes()[reader.node].inputs[reader.input]], [&](const Reader& other) {
      return possible_[other.node][other.input].empty() && step_of_[other.node] >= step_of_[reader.node];
    });
  }

  // Whether what it would read instead is in memory then anyway.
  bool kept_until(const Reader& reader) const {
    return std::ranges::all_of(possible_[reader.node][reader.input], [&](const Operand& operand) {
      const std::uint32_t value = value_of(graph_, graph_.nodes()[reader.node], operand);
      return graph_.values()[value].source.kind != Source::Kind::node || in_memory_[value] ||
             last_read_[value] >= step_of_[reader.node];
    });
  }

  const Graph& graph_;
  const std::vector<const Kernel*>& kernels_;
  const std::vector<bool>& in_memory_;
  const DeviceCaps& caps_;
  std::vector<std::uint32_t> step_of_;                       // by node
  std::vector<std::uint32_t> last_read_;                     // by value: a step
  std::vector<std::uint32_t> assigned_;                      // variables that the run may overwrite early
  std::vector<std::vector<Reader>> readers_;                 // by value
  std::vector<std::vector<std::vector<Operand>>> possible_;  // by node and input
  ReadThrough result_;
};

}  // namespace

std::uint32_t viewed(const Graph& graph, std::uint32_t value) {
  const Source& source = graph.values()[value].source;
  if (source.kind != Source::Kind::node) return value;
  const Node& node = graph.nodes()[source.node];
  for (const auto& [output, input] : node.op->views())
    if (static_cast<std::uint32_t>(output) == source.index)
      return viewed(graph, node.inputs[static_cast<std::size_t>(input)]);
  return value;
}

std::uint32_t value_of(const Graph& graph, const Node& node, const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::output: return node.outputs[operand.index];
    case Operand::Kind::producer_input:
    case Operand::Kind::producer_output: {
      const Node& producer = graph.nodes()[graph.values()[node.inputs[operand.of]].source.node];
      return operand.kind == Operand::Kind::producer_input ? producer.inputs[operand.index]
                                                           : producer.outputs[operand.index];
    }
    default: return node.inputs[operand.index];
  }
}

Producer node_of_input(const Graph& graph, std::uint32_t value) {
  const Source& source = graph.values()[value].source;
  if (source.kind != Source::Kind::node) return {};
  const Node& node = graph.nodes()[source.node];
  return {node.op.get(), types_of(graph, node.inputs), types_of(graph, node.outputs), source.index};
}

ReadThrough choose_read_through(const Graph& graph, const std::vector<std::uint32_t>& order,
                                const std::vector<const Kernel*>& kernels, const std::vector<bool>& in_memory,
                                const DeviceCaps& caps) {
  return Chooser(graph, order, kernels, in_memory, caps).run();
}

}  // namespace tuff
