#include "plan/select.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/error.h"

namespace tuff {

namespace {

std::string describe(const KernelRequest& request) {
  std::string text = fmt::format("{}({}", request.op.name(), request.op.attributes());
  for (const TensorType& input : request.inputs) text += fmt::format("; {}", to_string(input));
  return text + ")";
}

bool is_half(const TensorType& type) {
  return type.dtype == DType::f16;
}

}  // namespace

void name_half_variants(const KernelRequest& request, KernelDispatches& emitted) {
  for (Dispatch& dispatch : emitted.dispatches) {
    bool reads = false, writes = false;
    for (const BufferUse& use : dispatch.buffers) {
      if (use.operand.kind == Operand::Kind::workspace) continue;
      const auto& types = use.operand.kind == Operand::Kind::input ? request.inputs : request.outputs;
      if (!is_half(types[use.operand.index])) continue;
      reads = reads || use.access != Access::write;
      writes = writes || use.access != Access::read;
    }
    if (reads || writes) dispatch.shader += reads && writes ? "_f16" : reads ? "_f16_in" : "_f16_out";
  }
}

SelectedKernel select_kernel(const KernelRequest& request, const KernelTable& kernels, std::string_view forced) {
  const auto row = kernels.find(request.op.name());
  if (row == kernels.end()) throw Error(fmt::format("{}: no kernels are known for this op", request.op.name()));
  const bool half = std::ranges::any_of(request.inputs, is_half) || std::ranges::any_of(request.outputs, is_half);
  if (half && !request.caps.storage_16bit)
    throw Error(fmt::format("{}: f16 needs 16-bit storage (storageBuffer16BitAccess), which {} lacks; use f32",
                            describe(request), request.caps.name));
  SelectedKernel selected;
  for (const Kernel& kernel : row->second) {
    if (selected.kernel || (forced.empty() ? kernel.setting : kernel.name != forced)) {
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
      const std::size_t count = use.operand.kind == Operand::Kind::input    ? request.inputs.size()
                                : use.operand.kind == Operand::Kind::output ? request.outputs.size()
                                                                            : emitted.workspace_bytes.size();
      if (use.operand.index >= count) fail("refers to an operand that isn't there");
    }
  }
}

}  // namespace tuff
