// Where dispatches must wait for earlier ones.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace tuff {

// Sets barrier_before on as few dispatches as the order allows: one stands where a dispatch touches what
// another since the last barrier wrote, or writes what another touched.
void place_barriers(std::vector<PlannedDispatch>& dispatches);

}  // namespace tuff
