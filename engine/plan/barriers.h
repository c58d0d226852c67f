// Where dispatches must wait for earlier ones.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/plan.h"

namespace tuff {

// Sets barrier_before on as few dispatches as the order allows: one stands where a dispatch touches what
// another since the last barrier wrote, or writes what another touched; and where the first `setup` end, which may run
// apart (Plan::setup).
void place_barriers(std::vector<PlannedDispatch>& dispatches, std::uint32_t setup = 0);

// Puts the dispatches between two barriers into an order drawn from the seed. A correct plan computes the
// same bits in any such order; software drivers, which run dispatches one after another, show missing
// barriers only this way.
void shuffle_between_barriers(std::vector<PlannedDispatch>& dispatches, std::uint64_t seed);

}  // namespace tuff
