#include "plan/memory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/os.h"
#include "base/philox.h"

using namespace tuff;

namespace {

bool disjoint(const Lifetime& a, const Placement& at, const Lifetime& b, const Placement& bt) {
  const bool together = a.first <= b.last && b.first <= a.last;
  if (!together || at.block != bt.block) return true;
  return at.offset + a.bytes <= bt.offset || bt.offset + b.bytes <= at.offset;
}

std::vector<Lifetime> random_lifetimes(PhiloxStream& draws, std::uint32_t count, std::uint32_t steps,
                                       std::uint32_t longest) {
  std::vector<Lifetime> lifetimes;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t first = draws.below(steps);
    lifetimes.push_back({kMemoryAlignment * (1 + draws.below(16)), first, first + draws.below(longest)});
  }
  return lifetimes;
}

// Step by step, as the definition says.
Peak peak_by_steps(const std::vector<Lifetime>& lifetimes) {
  Peak peak;
  for (std::uint32_t step = 0; step < 100; ++step) {
    std::uint64_t live = 0;
    for (const Lifetime& each : lifetimes)
      if (each.first <= step && step <= each.last) live += memory_aligned(each.bytes);
    if (live > peak.bytes) peak = {live, step};
  }
  return peak;
}

// Some order of placing each at its lowest free offset gives the smallest arena there is: that of its offsets.
std::uint64_t smallest_arena(const std::vector<Lifetime>& lifetimes) {
  std::vector<std::size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), 0);
  std::uint64_t smallest = ~std::uint64_t{0};
  do {
    std::vector<std::uint64_t> begin(lifetimes.size());
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const Lifetime& wanted = lifetimes[order[i]];
      std::uint64_t offset = 0;
      for (bool moved = true; moved;) {
        moved = false;
        for (std::size_t j = 0; j < i; ++j) {
          const Lifetime& other = lifetimes[order[j]];
          const bool together = other.first <= wanted.last && wanted.first <= other.last;
          if (!together || begin[order[j]] >= offset + wanted.bytes || offset >= begin[order[j]] + other.bytes)
            continue;
          offset = begin[order[j]] + other.bytes;
          moved = true;
        }
      }
      begin[order[i]] = offset;
      end = std::max(end, offset + wanted.bytes);
    }
    smallest = std::min(smallest, end);
  } while (std::next_permutation(order.begin(), order.end()));
  return smallest;
}

}  // namespace

TEST_CASE("memory: the bound is the most that is alive at one step") {
  PhiloxStream draws(3);
  for (int round = 0; round < 100; ++round) {
    std::vector<Lifetime> lifetimes = random_lifetimes(draws, 1 + draws.below(30), 40, 12);
    for (Lifetime& lifetime : lifetimes) lifetime.bytes -= draws.below(static_cast<std::uint32_t>(lifetime.bytes));
    const Peak peak = peak_of(lifetimes), expected = peak_by_steps(lifetimes);
    CHECK(peak.bytes == expected.bytes);
    CHECK(peak.step == expected.step);
    CHECK(plan_memory(lifetimes, 1 << 20).peak.bytes == peak.bytes);
  }
  CHECK(peak_of({}).bytes == 0);
}

TEST_CASE("memory: nearly always the smallest arena that there is") {
  PhiloxStream draws(5);
  int smallest = 0;
  for (int round = 0; round < 100; ++round) {
    const std::vector<Lifetime> lifetimes = random_lifetimes(draws, 7, 10, 6);
    const MemoryPlan plan = plan_memory(lifetimes, 1 << 20);
    REQUIRE(plan.blocks.size() == 1);
    const std::uint64_t best = smallest_arena(lifetimes);
    CHECK(best >= plan.peak.bytes);
    CHECK(static_cast<double>(plan.blocks[0]) <= 1.15 * static_cast<double>(best));
    smallest += plan.blocks[0] == best ? 1 : 0;
  }
  CHECK(smallest >= 90);
}

TEST_CASE("memory: a thousand values near the bound, in milliseconds") {
  PhiloxStream draws(9);
  const std::vector<Lifetime> lifetimes = random_lifetimes(draws, 1000, 900, 60);
  const double begin = os::thread_cpu_seconds();
  const MemoryPlan plan = plan_memory(lifetimes, 1 << 30);
  const double seconds = os::thread_cpu_seconds() - begin;
  MESSAGE("1,000 lifetimes: " << seconds * 1e3 << " ms, arena "
                              << static_cast<double>(plan.blocks[0]) / static_cast<double>(plan.peak.bytes)
                              << " of the liveness bound");
  CHECK(static_cast<double>(plan.blocks[0]) <= 1.15 * static_cast<double>(plan.peak.bytes));
  CHECK(seconds < 0.2);  // 50 ms on a machine of its own
}

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
  CHECK(plan.peak.bytes == 2048);
}

TEST_CASE("memory: what exceeds the largest allocation is refused") {
  const std::vector<Lifetime> one = {{5000, 0, 0}};
  CHECK_THROWS_AS(plan_memory(one, 4096), OutOfMemory);
}
