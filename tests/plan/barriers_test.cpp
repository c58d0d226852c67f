#include "plan/barriers.h"

#include <doctest/doctest.h>

#include "base/philox.h"

using namespace tuff;

namespace {

PlannedDispatch dispatch(std::vector<PlannedUse> uses) {
  PlannedDispatch planned;
  planned.uses = std::move(uses);
  return planned;
}

Plan random_plan(PhiloxStream& draws) {
  Plan plan;
  for (int i = 0; i < 30; ++i) {
    std::vector<PlannedUse> uses;
    for (int use = 0; use < 3; ++use)
      uses.push_back(
          {{draws.below(2), draws.below(10) * 64, 64 + 64 * draws.below(3)}, use == 2 ? Access::write : Access::read});
    plan.dispatches.push_back(dispatch(std::move(uses)));
  }
  return plan;
}

}  // namespace

TEST_CASE("barriers: read after write, write after read and write after write wait; reads don't") {
  const Location place{0, 0, 64}, beside{0, 64, 64};
  const auto needed = [&](PlannedUse first, PlannedUse second) {
    std::vector<PlannedDispatch> two = {dispatch({first}), dispatch({second})};
    place_barriers(two);
    CHECK_FALSE(two[0].barrier_before);
    return two[1].barrier_before;
  };
  CHECK(needed({place, Access::write}, {place, Access::read}));
  CHECK(needed({place, Access::read}, {place, Access::write}));
  CHECK(needed({place, Access::write}, {place, Access::write}));
  CHECK(needed({place, Access::read_write}, {place, Access::read}));
  CHECK_FALSE(needed({place, Access::read}, {place, Access::read}));
  CHECK_FALSE(needed({place, Access::write}, {beside, Access::read}));
}

TEST_CASE("barriers: the checker finds nothing in placed plans and something wherever one is taken away") {
  PhiloxStream draws(3);
  int removed = 0;
  for (int round = 0; round < 100; ++round) {
    Plan plan = random_plan(draws);
    place_barriers(plan.dispatches);
    REQUIRE(find_hazards(plan).empty());
    for (PlannedDispatch& planned : plan.dispatches) {
      if (!planned.barrier_before) continue;
      planned.barrier_before = false;
      CHECK_FALSE(find_hazards(plan).empty());
      planned.barrier_before = true;
      ++removed;
    }
  }
  CHECK(removed > 100);
}

TEST_CASE("barriers: shuffling keeps every dispatch between its barriers") {
  PhiloxStream draws(5);
  Plan plan;
  for (std::uint32_t i = 0; i < 12; ++i)  // four that are free of each other, then a barrier
    plan.dispatches.push_back(dispatch({{{0, 64ull * (i % 4), 64}, Access::write}}));
  place_barriers(plan.dispatches);
  for (std::uint32_t i = 0; i < plan.dispatches.size(); ++i) plan.dispatches[i].node = i;
  bool changed = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Plan shuffled = plan;
    shuffle_between_barriers(shuffled.dispatches, seed);
    CHECK(find_hazards(shuffled).empty());
    for (std::size_t i = 0; i < plan.dispatches.size(); ++i) {
      CHECK(shuffled.dispatches[i].barrier_before == plan.dispatches[i].barrier_before);
      CHECK(shuffled.dispatches[i].node / 4 == i / 4);
      changed = changed || shuffled.dispatches[i].node != i;
    }
  }
  CHECK(changed);
}
