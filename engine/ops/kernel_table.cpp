#include "ops/kernel_table.h"

#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/conv_weight_gradient.h"
#include "ops/relayout.h"

namespace tuff {

const KernelTable& kernel_table() {
  static const KernelTable table = {
      // One row an op, by name.
      {"conv", conv_kernels()},
      {"conv_transpose", conv_transpose_kernels()},
      {"conv_weight_gradient", conv_weight_gradient_kernels()},
      {"relayout", relayout_kernels()},
  };
  return table;
}

}  // namespace tuff
