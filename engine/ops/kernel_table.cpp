#include "ops/kernel_table.h"

#include "ops/adam.h"
#include "ops/assign.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/conv_weight_gradient.h"
#include "ops/expand.h"
#include "ops/fill.h"
#include "ops/pack.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/relayout.h"
#include "ops/sgd.h"

namespace tuff {

const KernelTable& kernel_table() {
  static const KernelTable table = {
      // One row an op, by name.
      {"adam", adam_kernels()},
      {"assign", assign_kernels()},
      {"conv", conv_kernels()},
      {"conv_transpose", conv_transpose_kernels()},
      {"conv_weight_gradient", conv_weight_gradient_kernels()},
      {"expand", expand_kernels()},
      {"fill", fill_kernels()},
      {"pack", pack_kernels()},
      {"pointwise", pointwise_kernels()},
      {"reduce", reduce_kernels()},
      {"relayout", relayout_kernels()},
      {"sgd", sgd_kernels()},
  };
  return table;
}

}  // namespace tuff
