// Kernel selection: the first candidate of an op that doesn't refuse, or what was chosen before.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plan/kernel.h"
#include "plan/plan.h"

namespace tuff {

struct SelectedKernel {
  const Kernel* kernel = nullptr;
  Selection record;  // node is left 0
};

// Throws Error with every refusal where none accepts, or where `forced` (empty: none) refuses or is unknown. A choice
// that is unknown or refuses is noted in the record instead.
SelectedKernel select_kernel(const KernelRequest& request, const KernelTable& kernels, std::string_view forced,
                             const KernelChoices& choices = {});

std::vector<TensorType> types_of(const Graph& graph, const std::vector<std::uint32_t>& values);

// "conv(stride=1x1 ...; f32 1x3x64x64; f32 8x3x3x3 weight) -> f32 1x8x64x64": all that a kernel's work depends on.
std::string operation_key(const Op& op, std::span<const TensorType> inputs, std::span<const TensorType> outputs);
std::string operation_key(const Graph& graph, const Node& node);

// What a plan runs, of the operations that several kernels are known for.
KernelChoices choices_of(const Graph& graph, const Plan& plan, const KernelTable& kernels);

// A dispatch that touches operands stored as f16 runs the shader's variant for that with the same constants:
// "NAME/ALGORITHM.VARIANT_f16" where it reads and writes some, VARIANT_f16_in or VARIANT_f16_out where it only does the
// one. Workspaces are f32 always.
void name_half_variants(const KernelRequest& request, KernelDispatches& emitted);

// Throws std::logic_error naming the kernel where its dispatches exceed the device's limits or break the
// conventions of plan/dispatch.h: a mistake in the kernel, never the user's.
void check_dispatches(const KernelRequest& request, const Kernel& kernel, const KernelDispatches& emitted);

}  // namespace tuff
