// Sums that were computed in parts, each in its place of the workspace, added up.
#pragma once

#include <cstdint>

#include "plan/kernel.h"

namespace tuff {

// Output 0 of `elements` numbers from workspace 0, which holds `parts` times as many: y[i] = sum over p of workspace[p,
// i], added in the order of p.
Dispatch add_parts(std::uint64_t elements, std::uint32_t parts, const DeviceCaps& caps);

}  // namespace tuff
