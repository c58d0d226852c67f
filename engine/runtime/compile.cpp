#include "runtime/compile.h"

#include "ops/kernel_table.h"
#include "passes/eliminate.h"
#include "passes/mixed_precision.h"
#include "passes/optimize.h"
#include "plan/barriers.h"

namespace tuff {

std::unique_ptr<Graph> prepared(const Graph& graph, const CompileOptions& options) {
  std::unique_ptr<Graph> result = options.optimize ? optimize(graph) : eliminate_dead(graph);
  return options.storage == DType::f16 ? mixed_precision(*result) : std::move(result);
}

std::unique_ptr<Executable> compile(const Graph& graph, Device& device, ParameterStore* store,
                                    const CompileOptions& options) {
  std::unique_ptr<Graph> lowered = prepared(graph, options);
  Plan plan = lower(*lowered, device.caps(), kernel_table(), options.lower);
  if (options.shuffle_seed) shuffle_between_barriers(plan.dispatches, *options.shuffle_seed);
  return std::make_unique<Executable>(std::move(lowered), std::move(plan), device, store, options.execution);
}

}  // namespace tuff
