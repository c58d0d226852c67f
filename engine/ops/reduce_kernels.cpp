// Kernel candidates of reduce. The axes collapse to runs of [outer, reduced, inner] in memory; each run takes one or
// more dispatches of shaders/reduce/columns.comp, the innermost run first.
#include <fmt/format.h>

#include <algorithm>

#include "ops/reduce.h"
#include "ops/spatial.h"
#include "ops/strided.h"

namespace tuff {
namespace {

struct Run {
  std::uint64_t outer, reduced, inner;
};

// One dispatch: [outer][reduced * inner] to [outer][parts][width], see the shader.
struct Stage {
  std::uint64_t outer, flat, width, parts, steps;
  bool vec4() const { return flat % 4 == 0 && width % 4 == 0; }
};

bool is_reduced(const ReduceAttributes& attributes, int axis) {
  return std::ranges::find(attributes.axes, axis) != attributes.axes.end();
}

std::vector<Run> runs(const ReduceAttributes& attributes, const TensorType& type) {
  struct Extent {
    std::uint64_t size;
    bool reduced;
  };
  std::vector<Extent> extents;  // in memory order, neighbours of one kind merged
  for (const int axis : memory_order(type)) {
    const auto size = static_cast<std::uint64_t>(type.shape[axis]);
    const bool reduced = is_reduced(attributes, axis);
    if (size == 1) continue;
    if (!extents.empty() && extents.back().reduced == reduced)
      extents.back().size *= size;
    else
      extents.push_back({size, reduced});
  }
  std::vector<Run> found;
  std::uint64_t inner = 1;
  while (!extents.empty()) {
    const Extent last = extents.back();
    extents.pop_back();
    std::uint64_t outer = 1;
    for (const Extent& extent : extents) outer *= extent.size;
    if (last.reduced)
      found.push_back({outer, last.size, inner});
    else
      inner *= last.size;
  }
  if (found.empty()) found.push_back({1, 1, inner});  // nothing to combine: a copy, or squares
  return found;
}

constexpr std::uint64_t kColumns = 64;       // that lie side by side at least, for full cache lines and lanes
constexpr std::uint64_t kShortRun = 32;      // terms that one invocation combines by itself
constexpr std::uint64_t kMostTerms = 1024;   // of one invocation: what the shader's blocked sum is accurate for
constexpr std::uint64_t kLeastTerms = 16;    // worth a part of its own
constexpr std::uint64_t kInvocations = 256;  // wanted for each core

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

// Splits by shape and caps.cores alone, so that results repeat on one device.
std::vector<Stage> stages(Run run, const DeviceCaps& caps) {
  std::vector<Stage> found;
  while (true) {
    std::uint64_t repeats = 1;  // of inner, side by side
    if (run.inner < kColumns && run.reduced > kShortRun) {
      repeats = std::min(ceil_div(kColumns, run.inner), run.reduced / 8);
      if (repeats >= 4) repeats = repeats / 4 * 4;
    }
    const std::uint64_t rows = ceil_div(run.reduced, repeats);
    std::uint64_t parts = 1;
    if (run.reduced > kShortRun) {
      const std::uint64_t wanted = ceil_div(caps.cores * kInvocations, run.outer * repeats * run.inner);
      parts = std::max(std::min(wanted, ceil_div(rows, kLeastTerms)), ceil_div(rows, kMostTerms));
    }
    const std::uint64_t steps = ceil_div(rows, parts);
    parts = ceil_div(rows, steps);
    found.push_back({run.outer, run.reduced * run.inner, repeats * run.inner, parts, steps});
    if (parts * repeats == 1) return found;
    run.reduced = parts * repeats;
  }
}

enum class Kind : std::uint32_t { sum, sum_of_squares, max, min, prod, l1_norm, logsumexp };  // the shader's kKind

Kind kind(Reduction reduction, bool first) {
  switch (reduction) {
    case Reduction::max: return Kind::max;
    case Reduction::min: return Kind::min;
    case Reduction::sum_of_squares: return first ? Kind::sum_of_squares : Kind::sum;
    case Reduction::prod: return Kind::prod;
    case Reduction::l1_norm: return first ? Kind::l1_norm : Kind::sum;
    case Reduction::logsumexp: return Kind::logsumexp;  // of such sums: again their logarithm
    case Reduction::sum:
    case Reduction::mean: break;
  }
  return Kind::sum;
}

Dispatch stage_dispatch(const Stage& stage, Kind kind, float scale, bool vec4, const DeviceCaps& caps) {
  const std::uint32_t lanes = vec4 && stage.vec4() ? 4 : 1;
  const std::uint64_t count = stage.outer * stage.parts * stage.width / lanes;
  Dispatch dispatch{"reduce/columns." + vector_variant(lanes, caps),
                    {kGroupSize, 1, 1, static_cast<std::uint32_t>(kind)}};
  for (const std::uint64_t value : {count, stage.flat / lanes, stage.width / lanes, stage.parts, stage.steps})
    dispatch.constants.push_back(static_cast<std::uint32_t>(value));
  dispatch.constants.push_back(float_bits(scale));
  dispatch.groups = linear_groups(count, caps);
  dispatch.flops = static_cast<double>(stage.outer * stage.flat);
  dispatch.bytes = 4.0 * static_cast<double>(stage.outer * (stage.flat + stage.parts * stage.width));
  return dispatch;
}

// Strides of the staged result, whose axes are in the input's memory order, along the result's logical axes.
std::vector<std::int64_t> staged_strides(const ReduceAttributes& attributes, const TensorType& input,
                                         const TensorType& result) {
  std::vector<int> position(static_cast<std::size_t>(input.shape.rank()), -1);  // of input axes in the result
  int next = 0;
  for (int axis = 0; axis < input.shape.rank(); ++axis)
    if (!is_reduced(attributes, axis) || std::ranges::find(attributes.kept, axis) != attributes.kept.end())
      position[static_cast<std::size_t>(axis)] = next++;
  std::vector<std::int64_t> found(static_cast<std::size_t>(result.shape.rank()), 0);
  std::int64_t stride = 1;
  const std::vector<int> order = memory_order(input);
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    if (is_reduced(attributes, *axis)) continue;
    found[static_cast<std::size_t>(position[static_cast<std::size_t>(*axis)])] = stride;
    stride *= input.shape[*axis];
  }
  return found;
}

bool same_order(const std::vector<std::int64_t>& staged, const TensorType& result) {
  const std::vector<std::int64_t> own = strides(result);
  for (int axis = 0; axis < result.shape.rank(); ++axis)
    if (result.shape[axis] != 1 && staged[static_cast<std::size_t>(axis)] != own[static_cast<std::size_t>(axis)])
      return false;
  return true;
}

std::vector<Stage> all_stages(const KernelRequest& request) {
  std::vector<Stage> all;
  for (const Run& run : runs(static_cast<const Reduce&>(request.op).values(), request.inputs[0]))
    for (const Stage& stage : stages(run, request.caps)) all.push_back(stage);
  return all;
}

KernelDispatches emit(const KernelRequest& request, bool vec4) {
  const ReduceAttributes& attributes = static_cast<const Reduce&>(request.op).values();
  const TensorType& input = request.inputs[0];
  const TensorType& result = request.outputs[0];
  const std::vector<std::int64_t> staged = staged_strides(attributes, input, result);
  const bool permuted = !same_order(staged, result);
  const double terms = static_cast<double>(input.shape.elements()) / static_cast<double>(result.shape.elements());
  const std::vector<Stage> list = all_stages(request);

  KernelDispatches emitted;
  BufferUse from = reads_input(0);
  for (std::size_t index = 0; index < list.size(); ++index) {
    const Stage& stage = list[index];
    const bool last = index + 1 == list.size();
    const float scale = last && attributes.reduction == Reduction::mean ? static_cast<float>(1 / terms) : 1.0f;
    Dispatch dispatch = stage_dispatch(stage, kind(attributes.reduction, index == 0), scale, vec4, request.caps);
    const auto workspace = static_cast<std::uint32_t>(emitted.workspace_bytes.size());
    const bool to_output = last && !permuted;
    dispatch.buffers = {from, to_output ? writes_output(0) : writes_workspace(workspace)};
    if (!to_output) emitted.workspace_bytes.push_back(stage.outer * stage.parts * stage.width * sizeof(float));
    from = reads_workspace(workspace);
    emitted.dispatches.push_back(std::move(dispatch));
  }
  if (permuted)
    emitted.dispatches.push_back(strided_dispatch(from, writes_output(0), result, staged, vec4, request.caps));
  return emitted;
}

std::optional<std::string> refuse_vec4(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  if (all_stages(request).front().vec4()) return std::nullopt;
  return fmt::format("{} isn't combined in columns that are multiples of 4", to_string(request.inputs[0]));
}

}  // namespace

std::vector<Kernel> reduce_kernels() {
  return {
      {"columns_vec4", refuse_vec4, [](const KernelRequest& request) { return emit(request, true); }},
      {"columns", refuse_large, [](const KernelRequest& request) { return emit(request, false); }},
  };
}

}  // namespace tuff
