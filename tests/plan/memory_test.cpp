#include "plan/memory.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "base/philox.h"

using namespace tuff;

namespace {

bool disjoint(const Lifetime& a, const Placement& at, const Lifetime& b, const Placement& bt) {
  const bool together = a.first <= b.last && b.first <= a.last;
  if (!together || at.block != bt.block) return true;
  return at.offset + a.bytes <= bt.offset || bt.offset + b.bytes <= at.offset;
}

}  // namespace

TEST_CASE("memory: values that live together never overlap, blocks keep their limit") {
  PhiloxStream draws(7);
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t max_block = 4096;
    std::vector<Lifetime> lifetimes;
    for (int i = 0; i < 40; ++i) {
      const std::uint32_t first = draws.below(30);
      lifetimes.push_back({1 + draws.below(2000), first, first + draws.below(10)});
    }
    const MemoryPlan plan = plan_memory(lifetimes, max_block);
    for (std::size_t i = 0; i < lifetimes.size(); ++i) {
      CHECK(plan.placements[i].offset % kMemoryAlignment == 0);
      CHECK(plan.placements[i].offset + lifetimes[i].bytes <= plan.blocks[plan.placements[i].block]);
      for (std::size_t j = 0; j < i; ++j)
        CHECK(disjoint(lifetimes[i], plan.placements[i], lifetimes[j], plan.placements[j]));
    }
    for (const std::uint64_t block : plan.blocks) CHECK(block <= max_block);
  }
}

TEST_CASE("memory: a chain of equal values needs two places") {
  std::vector<Lifetime> chain;
  for (std::uint32_t i = 0; i < 10; ++i) chain.push_back({1024, i, i + 1});
  const MemoryPlan plan = plan_memory(chain, 1 << 20);
  REQUIRE(plan.blocks.size() == 1);
  CHECK(plan.blocks[0] == 2048);
  CHECK(plan.peak_live_bytes == 2048);
}

TEST_CASE("memory: what exceeds the largest allocation is refused") {
  const std::vector<Lifetime> one = {{5000, 0, 0}};
  CHECK_THROWS_AS(plan_memory(one, 4096), OutOfMemory);
}
