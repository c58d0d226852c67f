// Which inputs kernels read through, so that they need no memory and perhaps no dispatch.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct ReadThrough {
  // By node and input: what is read instead; empty: the input itself.
  std::vector<std::vector<std::vector<Operand>>> instead;
  std::vector<bool> dropped;  // by node: nothing reads what it computes any more
};

// The value whose memory `value` is a view of, through any number of views.
std::uint32_t viewed(const Graph& graph, std::uint32_t value);

// The value that an operand of a node names; not for workspaces.
std::uint32_t value_of(const Graph& graph, const Node& node, const Operand& operand);

// The node that computes a value; op is null where none does.
Producer node_of_input(const Graph& graph, std::uint32_t value);

// `order`: nodes as they run. `kernels`, by node, null where none runs. `in_memory`, by value: must be there whoever
// reads it. An input is read through where all of its readers can, so that the node that computes it is dropped, or
// where no other reader needs it that late and what is read instead is kept until then anyway. Kernels whose inputs
// others read through mustn't read through theirs.
ReadThrough choose_read_through(const Graph& graph, const std::vector<std::uint32_t>& order,
                                const std::vector<const Kernel*>& kernels, const std::vector<bool>& in_memory,
                                const DeviceCaps& caps);

}  // namespace tuff
