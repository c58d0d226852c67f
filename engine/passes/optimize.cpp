#include "passes/optimize.h"

#include <cassert>

#include "graph/verify.h"
#include "passes/eliminate.h"

namespace tuff {

std::span<const Pass> optimization_passes() {
  static constexpr Pass kPasses[] = {
      {"eliminate_dead", eliminate_dead},
      {"eliminate_common", eliminate_common},
      {"eliminate_dead", eliminate_dead},  // what fusing left behind
  };
  return kPasses;
}

std::unique_ptr<Graph> optimize(const Graph& graph) {
  std::unique_ptr<Graph> current;
  for (const Pass& pass : optimization_passes()) {
    current = pass.run(current ? *current : graph);
    assert(verify(*current).empty());
  }
  return current;
}

}  // namespace tuff
