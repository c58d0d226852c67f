#include "plan/select.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/error.h"

namespace tuff {

namespace {

// The types that a kernel's operands of this kind are chosen from.
std::span<const TensorType> types_among(const KernelRequest& request, const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::input: return request.inputs;
    case Operand::Kind::output: return request.outputs;
    case Operand::Kind::producer_input:
    case Operand::Kind::producer_output:
      if (operand.of >= request.producers.size()) return {};
      return operand.kind == Operand::Kind::producer_input ? request.producers[operand.of].inputs
                                                           : request.producers[operand.of].outputs;
    case Operand::Kind::workspace: break;
  }
  return {};
}

std::string describe(const KernelRequest& request) {
  std::string text = fmt::format("{}({}", request.op.name(), request.op.attributes());
  for (const TensorType& input : request.inputs) text += fmt::format("; {}", to_string(input));
  return text + ")";
}

bool is_half(const TensorType& type) {
  return type.dtype == DType::f16;
}

// The chosen kernel's name where it can run this; else empty, with the reason in the record.
std::string_view kept_choice(const KernelRequest& request, const std::vector<Kernel>& row, const KernelChoices& choices,
                             Selection& record) {
  if (choices.empty()) return {};
  const auto chosen = choices.find(operation_key(request.op, request.inputs, request.outputs));
  if (chosen == choices.end()) return {};
  const auto kernel = std::ranges::find(row, chosen->second, &Kernel::name);
  std::optional<std::string> reason = "there is no such kernel in this version";
  if (kernel != row.end()) reason = kernel->refuses(request);
  if (!reason) return kernel->name;
  record.not_kept = {chosen->second, *reason};
  return {};
}

}  // namespace

std::vector<TensorType> types_of(const Graph& graph, const std::vector<std::uint32_t>& values) {
  std::vector<TensorType> types;
  for (const std::uint32_t value : values) types.push_back(graph.values()[value].type);
  return types;
}

std::string operation_key(const Op& op, std::span<const TensorType> inputs, std::span<const TensorType> outputs) {
  std::string key = fmt::format("{}({}", op.name(), op.attributes());
  for (const TensorType& input : inputs) key += "; " + to_string(input);
  for (std::size_t i = 0; i < outputs.size(); ++i) key += (i == 0 ? ") -> " : ", ") + to_string(outputs[i]);
  return key;
}

std::string operation_key(const Graph& graph, const Node& node) {
  return operation_key(*node.op, types_of(graph, node.inputs), types_of(graph, node.outputs));
}

KernelChoices choices_of(const Graph& graph, const Plan& plan, const KernelTable& kernels) {
  KernelChoices choices;
  for (const Selection& selection : plan.selections) {
    const Node& node = graph.nodes()[selection.node];
    const auto row = kernels.find(node.op->name());
    if (row != kernels.end() && row->second.size() > 1) choices.emplace(operation_key(graph, node), selection.kernel);
  }
  return choices;
}

void name_half_variants(const KernelRequest& request, KernelDispatches& emitted) {
  for (Dispatch& dispatch : emitted.dispatches) {
    bool reads = false, writes = false;
    for (const BufferUse& use : dispatch.buffers) {
      if (use.operand.kind == Operand::Kind::workspace) continue;
      if (!is_half(types_among(request, use.operand)[use.operand.index])) continue;
      reads = reads || use.access != Access::write;
      writes = writes || use.access != Access::read;
    }
    if (reads || writes) dispatch.shader += reads && writes ? "_f16" : reads ? "_f16_in" : "_f16_out";
  }
}

SelectedKernel select_kernel(const KernelRequest& request, const KernelTable& kernels, std::string_view forced,
                             const KernelChoices& choices) {
  const auto row = kernels.find(request.op.name());
  if (row == kernels.end()) throw Error(fmt::format("{}: no kernels are known for this op", request.op.name()));
  const bool half = std::ranges::any_of(request.inputs, is_half) || std::ranges::any_of(request.outputs, is_half);
  if (half && !request.caps.storage_16bit)
    throw Error(fmt::format("{}: f16 needs 16-bit storage (storageBuffer16BitAccess), which {} lacks; use f32",
                            describe(request), request.caps.name));
  SelectedKernel selected;
  std::string_view wanted = forced;
  if (wanted.empty()) wanted = kept_choice(request, row->second, choices, selected.record);
  selected.record.tuned = forced.empty() && !wanted.empty();
  for (const Kernel& kernel : row->second) {
    if (selected.kernel || (wanted.empty() ? kernel.setting : kernel.name != wanted)) {
      selected.record.not_tried.emplace_back(kernel.name);
      continue;
    }
    if (const std::optional<std::string> reason = kernel.refuses(request)) {
      selected.record.refused.push_back({std::string(kernel.name), *reason});
      continue;
    }
    selected.kernel = &kernel;
    selected.record.kernel = kernel.name;
  }
  if (selected.kernel) return selected;
  std::string message = fmt::format("{}: no kernel can run it on {}", describe(request), request.caps.name);
  if (!forced.empty()) message += fmt::format(" (\"{}\" is forced)", forced);
  for (const Selection::Refused& refused : selected.record.refused)
    message += fmt::format("; {}: {}", refused.kernel, refused.reason);
  throw Error(message);
}

void check_dispatches(const KernelRequest& request, const Kernel& kernel, const KernelDispatches& emitted) {
  const DeviceCaps& caps = request.caps;
  const auto fail = [&](std::string_view what) {
    throw std::logic_error(fmt::format("kernel {} of {}: {}", kernel.name, describe(request), what));
  };
  for (const Dispatch& dispatch : emitted.dispatches) {
    if (dispatch.specialization.size() < 3) fail("specialization lacks the workgroup's size");
    std::uint64_t invocations = 1;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::uint32_t size = dispatch.specialization[axis];
      if (size == 0 || size > caps.max_group_size[axis]) fail(fmt::format("workgroup size {} on axis {}", size, axis));
      if (dispatch.groups[axis] == 0 || dispatch.groups[axis] > caps.max_groups[axis])
        fail(fmt::format("{} workgroups on axis {}", dispatch.groups[axis], axis));
      invocations *= size;
    }
    if (invocations > caps.max_invocations) fail(fmt::format("{} invocations a workgroup", invocations));
    if (dispatch.buffers.size() * 8 + dispatch.constants.size() * 4 > caps.max_push_constants)
      fail("push constants too large");
    for (const BufferUse& use : dispatch.buffers) {
      const std::size_t count = use.operand.kind == Operand::Kind::workspace ? emitted.workspace_bytes.size()
                                                                             : types_among(request, use.operand).size();
      if (use.operand.index >= count) fail("refers to an operand that isn't there");
    }
  }
}

}  // namespace tuff
