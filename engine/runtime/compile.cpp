#include "runtime/compile.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/kernel_table.h"
#include "passes/checkpoint.h"
#include "passes/choose_recomputation.h"
#include "passes/eliminate.h"
#include "passes/mixed_precision.h"
#include "passes/optimize.h"
#include "plan/barriers.h"
#include "runtime/tuner.h"

namespace tuff {

std::unique_ptr<Graph> prepared(const Graph& graph, const CompileOptions& options) {
  std::unique_ptr<Graph> result = options.optimize ? optimize(graph) : eliminate_dead(graph);
  return options.storage == DType::f16 ? mixed_precision(*result) : std::move(result);
}

std::uint64_t device_bytes(const Graph& graph, const Plan& plan) {
  std::uint64_t bytes = 2 * Executable::staging_bytes(graph);
  for (const Segment& segment : plan.segments)
    if (segment.kind != Segment::Kind::store) bytes += segment.bytes;
  return bytes;
}

namespace {

PlannedGraph planned_as_it_is(std::unique_ptr<Graph> graph, const DeviceCaps& caps, const CompileOptions& options) {
  PlannedGraph result{.graph = std::move(graph)};
  result.plan = lower(*result.graph, caps, kernel_table(), options.lower);
  result.device_bytes = device_bytes(*result.graph, result.plan);
  for (const Segment& segment : result.plan.segments)
    if (segment.kind == Segment::Kind::store) result.store_bytes += segment.bytes;
  return result;
}

// Looks for what to compute again so that a graph fits into a budget.
class Fitting {
 public:
  Fitting(const PlannedGraph& whole, const DeviceCaps& caps, const CompileOptions& options)
      : whole_(whole), caps_(caps), options_(options) {
    LowerOptions lower_options = options.lower;
    lower_options.read_through = false;  // of which the model knows nothing
    in_memory_ = lower(*whole.graph, caps, kernel_table(), lower_options);
  }

  PlannedGraph run() const {
    const std::uint64_t beside = whole_.bytes() - whole_.plan.scratch_bytes();  // computing again doesn't change it
    const std::uint64_t budget = options_.memory > beside ? options_.memory - beside : 0;
    std::uint64_t wanted = budget + in_memory_.peak_live_bytes - whole_.plan.peak_live_bytes;
    for (int round = 0; round < kRounds; ++round) {
      const RecomputationChoice choice = choose_recomputation(*whole_.graph, in_memory_, wanted);
      if (!choice.fits) break;
      PlannedGraph result = repeated(choice);
      const std::uint64_t scratch = result.plan.scratch_bytes();
      if (scratch <= budget) return result;
      wanted -= std::min(wanted, scratch - budget);  // the arena may need more than is alive at once
    }
    return least();
  }

 private:
  static constexpr int kRounds = 6;
  static constexpr std::uint64_t kSteps = 32;

  PlannedGraph repeated(const RecomputationChoice& choice) const {
    PlannedGraph result = planned_as_it_is(recompute(*whole_.graph, choice.repeated), caps_, options_);
    result.repetitions = static_cast<std::uint32_t>(result.graph->nodes().size() - whole_.graph->nodes().size());
    return result;
  }

  // Of choices for smaller and smaller budgets, whatever the one wanted is: who asks for what this takes gets it. By
  // the real plans, which read through inputs and so may take less than the model thinks.
  PlannedGraph least() const {
    PlannedGraph least = repeated({.repeated = std::vector<bool>(whole_.graph->nodes().size(), false)});
    for (std::uint64_t step = kSteps; step-- > 0;) {
      PlannedGraph plan =
          repeated(choose_recomputation(*whole_.graph, in_memory_, in_memory_.peak_live_bytes * step / kSteps));
      if (plan.bytes() < least.bytes()) least = std::move(plan);
    }
    return least;
  }

  const PlannedGraph& whole_;
  Plan in_memory_;  // the same where nothing is read through
  const DeviceCaps& caps_;
  const CompileOptions& options_;
};

}  // namespace

namespace {

PlannedGraph fitted(const Graph& graph, const DeviceCaps& caps, const CompileOptions& options) {
  PlannedGraph result = planned_as_it_is(prepared(graph, options), caps, options);
  if (options.memory == 0 || result.bytes() <= options.memory) return result;
  if (result.plan.setup > 0) {
    CompileOptions every_run = options;
    every_run.lower.setup = false;
    return fitted(graph, caps, every_run);
  }
  return Fitting(result, caps, options).run();
}

}  // namespace

PlannedGraph planned(const Graph& graph, const DeviceCaps& caps, const CompileOptions& options) {
  if (options.tuner == nullptr) return fitted(graph, caps, options);
  CompileOptions tuned = options;
  tuned.lower.choices = options.tuner->choose(*prepared(graph, options));
  PlannedGraph result = fitted(graph, caps, tuned);
  if (options.memory == 0 || result.bytes() <= options.memory || tuned.lower.choices.empty()) return result;
  PlannedGraph usual = fitted(graph, caps, options);  // tuned kernels may want more workspace
  if (usual.bytes() >= result.bytes()) return result;
  if (options.tuner->log())
    options.tuner->log()(LogLevel::info, "the tuned kernels need more memory than is allowed; the usual ones are used");
  return usual;
}

std::unique_ptr<Executable> compile(const Graph& graph, Device& device, ParameterStore* store,
                                    const CompileOptions& options) {
  return compile(planned(graph, device.caps(), options), device, store, options);
}

std::unique_ptr<Executable> compile(PlannedGraph ready, Device& device, ParameterStore* store,
                                    const CompileOptions& options) {
  if (options.memory > 0 && ready.bytes() > options.memory)
    throw OutOfMemory(fmt::format(
        "{:.1f} MiB of device memory may be used (--memory), at least {:.1f} MiB are needed; allow more, or "
        "use a smaller batch, crop or tile",
        static_cast<double>(options.memory) / (1 << 20), static_cast<double>(ready.bytes()) / (1 << 20)));
  if (options.tuner != nullptr) options.tuner->record(*ready.graph, ready.plan);
  if (options.shuffle_seed) shuffle_between_barriers(ready.plan.dispatches, *options.shuffle_seed);
  return std::make_unique<Executable>(std::move(ready.graph), std::move(ready.plan), device, store, options.execution);
}

}  // namespace tuff
