#include "passes/optimize.h"

#include <cassert>

#include "graph/verify.h"
#include "passes/eliminate.h"
#include "passes/fold_affine.h"
#include "passes/fuse_epilogue.h"
#include "passes/fuse_pointwise.h"
#include "passes/split_convolution.h"

namespace tuff {

std::span<const Pass> optimization_passes() {
  static constexpr Pass kPasses[] = {
      {"eliminate_dead", eliminate_dead},        // what the builders left over
      {"eliminate_common", eliminate_common},    // before fusing makes equal ones differ
      {"split_convolution", split_convolution},  // before convolutions hold activations
      {"fold_affine", fold_affine},              // before elementwise ops are fused
      {"fuse_epilogue", fuse_epilogue},
      {"fuse_pointwise", fuse_pointwise},  // after all that look for single elementwise ops
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
