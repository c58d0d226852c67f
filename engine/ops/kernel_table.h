// The kernels of every op, in plain sight: what plan/lower is given.
#pragma once

#include "plan/kernel.h"

namespace tuff {

const KernelTable& kernel_table();

}  // namespace tuff
