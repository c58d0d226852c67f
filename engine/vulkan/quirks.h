// What drivers get wrong, or do well without saying so, as one visible table. Each row is printed by `tuff devices -v`
// where it applies.
#pragma once

#include <vector>

#include "plan/device_caps.h"
#include "vulkan/description.h"

namespace tuff {

// Corrects caps by every row that matches. $TUFF_QUIRK_<NAME> = 0 leaves a row out, 1 applies it to any
// device. $TUFF_CORES = n sets the number of cores. Error for values that aren't numbers.
std::vector<AppliedQuirk> apply_quirks(DeviceCaps& caps);

}  // namespace tuff
