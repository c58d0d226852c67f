// Kernel candidates of einsum. Sums are cut into parts where one would have many terms or the result few elements; a
// last dispatch adds the parts in order. Their number depends on shapes and DeviceCaps alone.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "ops/add_parts.h"
#include "ops/einsum.h"
#include "ops/einsum_plan.h"
#include "ops/implicit_gemm.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

constexpr std::uint64_t kMostTerms = 4096;            // of one sum, for its accuracy
constexpr std::uint64_t kLeastTerms = 64;             // worth a part of its own
constexpr std::uint64_t kMostPartElements = 1 << 26;  // of all parts together

Contraction contraction_of(const KernelRequest& request) {
  return plan_contraction(static_cast<const Einsum&>(request.op).values(), request.inputs[0], request.inputs[1],
                          request.outputs[0]);
}

struct Parts {
  std::uint64_t count = 1, steps = 1;
};

// As many parts as bring `blocks` to `wanted`; steps are multiples of `unit`.
Parts cut(const Contraction& plan, std::uint64_t blocks, std::uint64_t wanted, std::uint64_t unit) {
  const auto terms = static_cast<std::uint64_t>(plan.terms());
  const auto elements = static_cast<std::uint64_t>(plan.row.extent * plan.column.extent * plan.batches());
  const auto quotient = [](std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; };
  std::uint64_t parts = std::min(quotient(wanted, blocks), terms / kLeastTerms);
  parts = std::max(parts, quotient(terms, kMostTerms));
  parts = std::clamp<std::uint64_t>(parts, 1, std::max<std::uint64_t>(1, kMostPartElements / elements));
  const std::uint64_t steps = quotient(quotient(terms, parts), unit) * unit;
  return {quotient(terms, steps), steps};
}

std::vector<std::uint32_t> constants_of(const Contraction& plan, const Parts& parts) {
  std::vector<std::uint32_t> constants;
  const auto push = [&](auto value) { constants.push_back(static_cast<std::uint32_t>(value)); };
  for (const std::int64_t extent : {plan.row.extent, plan.column.extent, plan.depth[0].extent, plan.terms()})
    push(extent);
  push(parts.count);
  push(parts.steps);
  for (const std::int64_t extent : {plan.batch[0].extent, plan.batch[1].extent, plan.batches()}) push(extent);
  push(plan.row.left);
  for (const ContractionAxis& axis : plan.depth) push(axis.left);
  for (const ContractionAxis& axis : plan.batch) push(axis.left);
  push(plan.column.right);
  for (const ContractionAxis& axis : plan.depth) push(axis.right);
  for (const ContractionAxis& axis : plan.batch) push(axis.right);
  push(plan.row.result);
  push(plan.column.result);
  for (const ContractionAxis& axis : plan.batch) push(axis.result);
  return constants;
}

// The dispatch without groups, and where there are parts the one that adds them.
KernelDispatches products(const KernelRequest& request, const Contraction& plan, const Parts& parts,
                          Dispatch dispatch) {
  const auto elements = static_cast<std::uint64_t>(request.outputs[0].shape.elements());
  dispatch.buffers = {reads_input(plan.swapped ? 1 : 0), reads_input(plan.swapped ? 0 : 1),
                      parts.count == 1 ? writes_output(0) : writes_workspace(0)};
  dispatch.constants = constants_of(plan, parts);
  dispatch.linear = true;
  dispatch.flops = 2.0 * static_cast<double>(elements) * static_cast<double>(plan.terms());
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.inputs[1].bytes()) +
                   4.0 * static_cast<double>(elements * parts.count);
  if (parts.count == 1) return {{std::move(dispatch)}, {}};

  return {{std::move(dispatch), add_parts(elements, static_cast<std::uint32_t>(parts.count), request.caps)},
          {elements * parts.count * sizeof(float)}};
}

// ---- register_blocked ---------------------------------------------------------------------------

std::optional<std::string> refuse_register_blocked(const KernelRequest& request) {
  if (!request.caps.is_cpu()) return "is for CPU drivers";
  return refuse_large(request);
}

enum class Run : std::uint8_t { none, depth, across };  // what an operand holds side by side, four at a time

// `own` picks the operand's strides, `across` is its rows or columns.
Run run_of(const Contraction& plan, std::int64_t ContractionAxis::*own, const ContractionAxis& across) {
  const auto whole = [](std::int64_t stride) { return stride % 4 == 0; };
  bool others = whole(plan.depth[1].*own);
  for (const ContractionAxis& axis : plan.batch) others = others && whole(axis.*own);
  const ContractionAxis& depth = plan.depth[0];
  if (!others) return Run::none;
  if (depth.*own == 1 && depth.extent % 4 == 0 && (across.extent == 1 || whole(across.*own))) return Run::depth;
  if (across.*own == 1 && across.extent % 4 == 0 && (depth.extent == 1 || whole(depth.*own))) return Run::across;
  return Run::none;
}

// The shader's variant. Rows side by side and columns' terms side by side are the reverse where the operands are
// exchanged.
std::string choose_loads(Contraction& plan, const DeviceCaps& caps) {
  const auto runs = [&] {
    return std::pair{run_of(plan, &ContractionAxis::left, plan.row),
                     run_of(plan, &ContractionAxis::right, plan.column)};
  };
  if (runs() == std::pair{Run::across, Run::depth}) plan.exchange_operands();
  const auto [left, right] = runs();
  const char* loads = left == Run::depth && right == Run::across    ? "nn"
                      : left == Run::depth && right == Run::depth   ? "nt"
                      : left == Run::across && right == Run::across ? "tn"
                                                                    : "scalar";
  const bool wide = caps.int64 && loads != std::string("scalar");
  return fmt::format("einsum/register_blocked.{}{}", loads, wide ? "_wide" : "");
}

KernelDispatches emit_register_blocked(const KernelRequest& request) {
  Contraction plan = contraction_of(request);
  Dispatch dispatch;
  dispatch.shader = choose_loads(plan, request.caps);
  const std::int64_t extent = plan.row.extent;
  const std::uint32_t rows = extent > 8 ? 16 : extent > 4 ? 8 : extent > 1 ? 4 : 1;
  const std::uint32_t unroll = plan.depth[0].extent % 4 == 0 ? 4 : 1;
  const auto blocks =
      static_cast<std::uint64_t>((plan.column.extent + 3) / 4 * ((extent + rows - 1) / rows) * plan.batches());
  const Parts parts = cut(plan, blocks, std::uint64_t{2} * kGroupSize * request.caps.cores, 4);
  dispatch.specialization = {kGroupSize, 1, 1, rows, unroll};
  dispatch.groups = linear_groups(blocks * parts.count, request.caps);
  return products(request, plan, parts, std::move(dispatch));
}

// ---- tiled --------------------------------------------------------------------------------------

std::optional<std::string> refuse_tiled(const KernelRequest& request) {
  return refuse_gemm(1, request);
}

KernelDispatches emit_tiled(const KernelRequest& request) {
  const Contraction plan = contraction_of(request);
  const std::uint64_t tiles =
      gemm_tiles(plan.row.extent) * gemm_tiles(plan.column.extent) * static_cast<std::uint64_t>(plan.batches());
  const Parts parts = cut(plan, tiles, std::uint64_t{4} * request.caps.cores, 16);
  Dispatch dispatch;
  dispatch.shader = "einsum/tiled.f32";
  dispatch.specialization = {kGemmInvocations, 1, 1, plan.row.left != 1, plan.column.right != 1};
  dispatch.groups = folded_groups(tiles * parts.count, request.caps);
  return products(request, plan, parts, std::move(dispatch));
}

// ---- direct -------------------------------------------------------------------------------------

KernelDispatches emit_direct(const KernelRequest& request) {
  const Contraction plan = contraction_of(request);
  const auto elements = static_cast<std::uint64_t>(request.outputs[0].shape.elements());
  const Parts parts = cut(plan, elements, std::uint64_t{256} * request.caps.cores, 1);
  Dispatch dispatch;
  dispatch.shader = "einsum/direct.f32";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.groups = linear_groups(elements * parts.count, request.caps);
  return products(request, plan, parts, std::move(dispatch));
}

}  // namespace

// On a CPU driver shared memory and barriers cost more than they save.
std::vector<Kernel> einsum_kernels() {
  return {{"register_blocked", refuse_register_blocked, emit_register_blocked},
          {"tiled", refuse_tiled, emit_tiled},
          {"direct", refuse_large, emit_direct}};
}

}  // namespace tuff
