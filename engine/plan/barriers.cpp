#include "plan/barriers.h"

#include <fmt/format.h>

#include <utility>

#include "base/philox.h"

namespace tuff {

namespace {

bool writes(Access access) {
  return access != Access::read;
}

bool overlap(const Location& a, const Location& b) {
  return a.segment == b.segment && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

}  // namespace

void place_barriers(std::vector<PlannedDispatch>& dispatches, std::uint32_t setup) {
  std::vector<const PlannedUse*> since_barrier;
  for (std::uint32_t index = 0; index < dispatches.size(); ++index) {
    PlannedDispatch& dispatch = dispatches[index];
    dispatch.barrier_before = setup > 0 && index == setup;
    for (const PlannedUse& use : dispatch.uses)
      for (const PlannedUse* earlier : since_barrier)
        if ((writes(use.access) || writes(earlier->access)) && overlap(use.location, earlier->location))
          dispatch.barrier_before = true;
    if (dispatch.barrier_before) since_barrier.clear();
    for (const PlannedUse& use : dispatch.uses) since_barrier.push_back(&use);
  }
}

void shuffle_between_barriers(std::vector<PlannedDispatch>& dispatches, std::uint64_t seed) {
  PhiloxStream draws(seed);
  for (std::size_t begin = 0; begin < dispatches.size();) {
    std::size_t end = begin + 1;
    while (end < dispatches.size() && !dispatches[end].barrier_before) ++end;
    const bool barrier = std::exchange(dispatches[begin].barrier_before, false);
    for (std::size_t index = begin; index + 1 < end; ++index)
      std::swap(dispatches[index], dispatches[index + draws.below(static_cast<std::uint32_t>(end - index))]);
    dispatches[begin].barrier_before = barrier;
    begin = end;
  }
}

// Looks at every pair on its own, so that a mistake in the incremental placement above shows.
std::vector<std::string> find_hazards(const Plan& plan) {
  std::vector<std::string> hazards;
  std::vector<std::size_t> epoch(plan.dispatches.size(), 0);  // barriers up to and including the one before it
  for (std::size_t i = 0; i < plan.dispatches.size(); ++i)
    epoch[i] = (i > 0 ? epoch[i - 1] : 0) + (plan.dispatches[i].barrier_before ? 1 : 0);

  for (std::size_t later = 0; later < plan.dispatches.size(); ++later) {
    for (std::size_t earlier = later; earlier-- > 0 && epoch[earlier] == epoch[later];) {
      for (const PlannedUse& a : plan.dispatches[earlier].uses) {
        for (const PlannedUse& b : plan.dispatches[later].uses) {
          if (!overlap(a.location, b.location) || (a.access == Access::read && b.access == Access::read)) continue;
          hazards.push_back(fmt::format(
              "dispatch {} ({}) {} segment {} [{}, {}), dispatch {} ({}) {} [{}, {}), no barrier between", earlier,
              plan.dispatches[earlier].dispatch.shader, writes(a.access) ? "writes" : "reads", a.location.segment,
              a.location.offset, a.location.offset + a.location.bytes, later, plan.dispatches[later].dispatch.shader,
              writes(b.access) ? "writes" : "reads", b.location.offset, b.location.offset + b.location.bytes));
        }
      }
    }
  }
  return hazards;
}

}  // namespace tuff
