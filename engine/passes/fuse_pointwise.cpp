#include "passes/fuse_pointwise.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ops/pointwise.h"
#include "passes/rewrite.h"

namespace tuff {
namespace {

// A program and the values (of the old graph) it reads.
struct Fused {
  PointwiseProgram program;
  std::vector<std::uint32_t> inputs;
};

int scalars(const PointwiseProgram& program) {
  return static_cast<int>(std::ranges::count_if(program.instructions, [](const PointwiseInstruction& instruction) {
    return pointwise_row(instruction.opcode).immediate;
  }));
}

// Collects instructions of several programs over one list of inputs without repeats.
class Joined {
 public:
  // Appends a program's instructions. Where it reads `replaced`, it reads the last result so far instead.
  void append(const Fused& part, std::optional<std::uint32_t> replaced = std::nullopt) {
    const auto before = static_cast<std::uint8_t>(fused_.program.instructions.size());
    for (PointwiseInstruction instruction : part.program.instructions) {
      for (int operand = 0; operand < pointwise_row(instruction.opcode).arity; ++operand) {
        std::uint8_t& source = instruction.operands[static_cast<std::size_t>(operand)];
        if (source >= kPointwiseInputs)
          source = static_cast<std::uint8_t>(source + before);
        else if (part.inputs[source] == replaced)
          source = static_cast<std::uint8_t>(kPointwiseInputs + before - 1);
        else
          source = input(part.inputs[source]);
      }
      fused_.program.instructions.push_back(instruction);
    }
  }

  // Nothing where it is too large for the kernel.
  std::optional<Fused> finish() {
    fused_.program.inputs = static_cast<int>(fused_.inputs.size());
    const bool fits = fused_.program.inputs <= kPointwiseInputs &&
                      fused_.program.instructions.size() <= static_cast<std::size_t>(kPointwiseInstructions) &&
                      scalars(fused_.program) <= kPointwiseImmediates;
    return fits ? std::optional(std::move(fused_)) : std::nullopt;
  }

 private:
  std::uint8_t input(std::uint32_t value) {
    const auto found = std::ranges::find(fused_.inputs, value);
    const auto index = static_cast<std::uint8_t>(found - fused_.inputs.begin());
    if (found == fused_.inputs.end()) fused_.inputs.push_back(value);
    return index;  // beyond the kernel's inputs where finish() will refuse
  }

  Fused fused_;
};

class Fusion {
 public:
  explicit Fusion(const Graph& graph) : graph_(graph), readers_(graph), fused_(graph.nodes().size()) {}

  std::unique_ptr<Graph> run() {
    std::vector<bool> absorbed(graph_.nodes().size(), false);
    for (std::uint32_t node = 0; node < graph_.nodes().size(); ++node) grow(node, absorbed);
    Rewriter rewriter(graph_);
    for (std::uint32_t node = 0; node < graph_.nodes().size(); ++node) {
      if (absorbed[node]) continue;
      if (!fused_[node] || fused_[node]->program.instructions.size() == 1) {
        rewriter.copy(node);
        continue;
      }
      std::vector<Value> inputs;
      for (const std::uint32_t input : fused_[node]->inputs) inputs.push_back(rewriter.map(input));
      rewriter.replace(node, rewriter.add(std::make_shared<Pointwise>(fused_[node]->program), std::move(inputs), node));
    }
    return rewriter.finish();
  }

 private:
  // Takes in the producers of a pointwise node's inputs, which have grown before it.
  void grow(std::uint32_t node, std::vector<bool>& absorbed) {
    const auto* op = dynamic_cast<const Pointwise*>(graph_.nodes()[node].op.get());
    if (!op) return;
    Fused mine{op->program(), graph_.nodes()[node].inputs};
    for (bool grown = true; grown;) {
      grown = false;
      for (const std::uint32_t input : std::vector(mine.inputs)) {
        const std::optional<std::uint32_t> producer = movable(input, node);
        if (!producer) continue;
        Joined joined;
        joined.append(*fused_[*producer]);
        joined.append(mine, input);
        std::optional<Fused> result = joined.finish();
        if (!result) continue;
        mine = std::move(*result);
        absorbed[*producer] = grown = true;
        break;
      }
    }
    fused_[node] = std::move(mine);
  }

  // The pointwise node that computes `value` for `reader` alone, in the type of the reader's result.
  std::optional<std::uint32_t> movable(std::uint32_t value, std::uint32_t reader) const {
    const ValueInfo& info = graph_.values()[value];
    const TensorType& result = graph_.values()[graph_.nodes()[reader].outputs[0]].type;
    if (info.source.kind != Source::Kind::node || readers_.is_output(value) || !(info.type == result))
      return std::nullopt;
    if (!fused_[info.source.node]) return std::nullopt;
    const auto of = readers_.of(value);
    const bool alone = std::ranges::all_of(of, [&](std::uint32_t node) { return node == reader; });
    return alone ? std::optional(info.source.node) : std::nullopt;
  }

  const Graph& graph_;
  Readers readers_;
  std::vector<std::optional<Fused>> fused_;  // by node; empty: not pointwise
};

}  // namespace

std::unique_ptr<Graph> fuse_pointwise(const Graph& graph) {
  return Fusion(graph).run();
}

}  // namespace tuff
