#include "ops/kernel_table.h"

namespace tuff {

const KernelTable& kernel_table() {
  static const KernelTable table = {
      // One row an op, by name.
  };
  return table;
}

}  // namespace tuff
