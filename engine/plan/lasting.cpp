#include "plan/lasting.h"

#include <algorithm>
#include <cstdint>

#include "plan/read_through.h"

namespace tuff {

namespace {

// Winograd's transforms of 3x3 taps for tiles of 4x4 take 4 times as much as the taps.
constexpr std::uint64_t kMostGrowth = 5;
constexpr std::uint64_t kSmall = 64 << 10;  // bytes that are never too many

bool worth_keeping(std::uint64_t bytes, std::uint64_t computed_from) {
  return bytes <= std::max(kSmall, kMostGrowth * computed_from);
}

std::uint64_t bytes_of(const Graph& graph, std::uint32_t value) {
  return static_cast<std::uint64_t>(graph.values()[value].type.bytes());
}

bool writes_store(const Node& node) {
  return node.op->collection() != nullptr || !node.op->written_inputs().empty();
}

bool gives_lasting(const Graph& graph, const Node& node, const std::vector<bool>& lasting) {
  std::uint64_t read = 0, written = 0;
  for (const std::uint32_t input : node.inputs) {
    if (!lasting[input]) return false;
    read += bytes_of(graph, input);
  }
  for (const std::uint32_t output : node.outputs) written += bytes_of(graph, output);
  return !writes_store(node) && worth_keeping(written, read);
}

}  // namespace

std::vector<bool> lasting_values(const Graph& graph) {
  const bool store_lasts = std::ranges::none_of(graph.nodes(), writes_store);
  std::vector<bool> lasting(graph.values().size(), false);
  for (std::uint32_t value = 0; value < lasting.size(); ++value) {
    const Source& source = graph.values()[value].source;
    lasting[value] = source.kind == Source::Kind::constant || (source.kind == Source::Kind::arena && store_lasts);
  }
  for (const Node& node : graph.nodes())
    if (gives_lasting(graph, node, lasting))
      for (const std::uint32_t output : node.outputs) lasting[output] = true;
  return lasting;
}

std::vector<bool> lasting_dispatches(const Graph& graph, const Node& node, const KernelDispatches& emitted,
                                     const std::vector<bool>& lasting) {
  const auto in_workspace = [](const BufferUse& use) { return use.operand.kind == Operand::Kind::workspace; };
  std::vector<int> writers(emitted.workspace_bytes.size(), 0);
  for (const Dispatch& dispatch : emitted.dispatches)
    for (const BufferUse& use : dispatch.buffers)
      if (in_workspace(use) && use.access != Access::read) ++writers[use.operand.index];

  std::vector<bool> prepared(emitted.workspace_bytes.size(), false);
  std::vector<bool> result;
  for (const Dispatch& dispatch : emitted.dispatches) {
    std::uint64_t read = 0, written = 0;
    bool lasts = true;
    for (const BufferUse& use : dispatch.buffers) {
      const std::uint32_t workspace = use.operand.index;
      if (use.access == Access::read) {
        lasts = lasts && (in_workspace(use) ? prepared[workspace] : lasting[value_of(graph, node, use.operand)]);
        read += in_workspace(use) ? emitted.workspace_bytes[workspace]
                                  : bytes_of(graph, value_of(graph, node, use.operand));
      } else {
        lasts = lasts && in_workspace(use) && use.access == Access::write && writers[workspace] == 1;
        written += in_workspace(use) ? emitted.workspace_bytes[workspace] : 0;
      }
    }
    result.push_back(lasts && worth_keeping(written, read));
    if (!result.back()) continue;
    for (const BufferUse& use : dispatch.buffers)
      if (use.access == Access::write) prepared[use.operand.index] = true;
  }
  return result;
}

}  // namespace tuff
