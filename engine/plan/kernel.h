// Kernel candidates: how a node becomes dispatches on a device of given caps. Pure functions of data.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/op.h"
#include "plan/device_caps.h"
#include "plan/dispatch.h"

namespace tuff {

// The node that computes an input.
struct Producer {
  const Op* op = nullptr;  // null: none, or none that may be read through
  std::vector<TensorType> inputs;
  std::vector<TensorType> outputs;
  std::uint32_t output = 0;  // which of them the input is
};

// What a candidate is asked to run.
struct KernelRequest {
  const Op& op;
  std::span<const TensorType> inputs;
  std::span<const TensorType> outputs;
  const DeviceCaps& caps;
  // For ops with Op::collection(): inputs that lie in the output's memory already. Else empty.
  std::vector<bool> placed = {};
  // By input, or empty: what emit() reads instead of an input.
  std::vector<Producer> producers = {};
  // By output, or empty: nothing reads it, so emit() need not write it. It has memory only if a dispatch names it.
  std::vector<bool> unread = {};

  bool is_unread(std::size_t output) const { return output < unread.size() && unread[output]; }
};

struct KernelDispatches {
  std::vector<Dispatch> dispatches;            // run in order; the planner sets barriers between them
  std::vector<std::uint64_t> workspace_bytes;  // sizes of Operand::Kind::workspace 0, 1, ...
};

struct Kernel {
  std::string_view name;  // after its algorithm: "implicit_gemm"; unique within its op

  // Why it can't run this, in words ("needs 24576 bytes of shared memory, device has 16384"),
  // or nothing where it can.
  std::optional<std::string> (*refuses)(const KernelRequest&);

  KernelDispatches (*emit)(const KernelRequest&);

  // One setting of the last kernel before it that is none, which takes the best of them by itself: never chosen, but
  // forced by tests and autotuning.
  bool setting = false;

  // What it can read instead of an input, which then needn't be in memory: inputs and outputs of the node that computes
  // it, such as a concatenation's pieces or what a norm is applied to. Empty where it can't. The planner decides
  // whether it is to (plan/read_through.h); emit() then finds the producer in the request. Null: instead of no input.
  std::vector<Operand> (*reads_through)(const KernelRequest&, std::uint32_t input, const Producer& producer) = nullptr;
};

// Candidates of every op by the op's name, fastest first, the portable one (which refuses nothing that
// the op allows) last.
using KernelTable = std::unordered_map<std::string_view, std::vector<Kernel>>;

}  // namespace tuff
