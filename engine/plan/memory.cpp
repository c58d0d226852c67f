#include "plan/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/philox.h"

namespace tuff {

namespace {

using Order = std::vector<std::size_t>;  // indices of lifetimes as they are placed

// Placements in the best order so far are tried again so often with others first; less for many lifetimes, as each
// takes the square of their number.
constexpr std::uint64_t kMostRounds = 200;
constexpr std::uint64_t kMostWork = 20'000'000;

struct Placed {
  std::uint64_t begin, end;
  std::uint32_t first, last;
  std::size_t index;
};

using Block = std::vector<Placed>;  // sorted by begin

struct Arena {
  std::vector<Block> blocks;
  std::vector<Placement> placements;
  std::vector<std::uint64_t> ends;  // of each block
  std::uint64_t bytes() const { return std::accumulate(ends.begin(), ends.end(), std::uint64_t{0}); }
};

// The lowest offset of a block where `wanted` fits beside all that live with it.
std::uint64_t lowest_free_offset(const Block& block, const Lifetime& wanted) {
  const std::uint64_t bytes = memory_aligned(wanted.bytes);
  std::uint64_t offset = 0;
  for (const Placed& tenant : block) {
    const bool together = tenant.first <= wanted.last && wanted.first <= tenant.last;
    if (!together) continue;
    if (offset + bytes <= tenant.begin) break;
    offset = std::max(offset, tenant.end);
  }
  return offset;
}

Arena place(std::span<const Lifetime> lifetimes, const Order& order, std::uint64_t max_block) {
  Arena arena;
  arena.placements.resize(lifetimes.size());
  for (const std::size_t index : order) {
    const Lifetime& wanted = lifetimes[index];
    const std::uint64_t bytes = memory_aligned(wanted.bytes);
    std::uint32_t block = 0;
    std::uint64_t offset = 0;
    for (;; ++block) {
      if (block == arena.blocks.size()) {
        arena.blocks.emplace_back();
        arena.ends.push_back(0);
      }
      offset = lowest_free_offset(arena.blocks[block], wanted);
      if (offset + bytes <= max_block) break;
    }
    const Placed placed{offset, offset + bytes, wanted.first, wanted.last, index};
    Block& neighbours = arena.blocks[block];
    neighbours.insert(std::upper_bound(neighbours.begin(), neighbours.end(), placed,
                                       [](const Placed& a, const Placed& b) { return a.begin < b.begin; }),
                      placed);
    arena.ends[block] = std::max(arena.ends[block], placed.end);
    arena.placements[index] = {block, offset};
  }
  return arena;
}

template <class Weight>
Order sorted(std::size_t count, const Weight& weight) {
  Order order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return weight(a) > weight(b); });
  return order;
}

std::uint64_t duration(const Lifetime& lifetime) {
  return lifetime.last - lifetime.first + 1;
}

// The most that is alive at a step of each lifetime: what takes part in the peak has least choice.
std::vector<std::uint64_t> highest_peaks(std::span<const Lifetime> lifetimes) {
  std::uint32_t steps = 0;
  for (const Lifetime& lifetime : lifetimes) steps = std::max(steps, lifetime.last + 1);
  std::vector<std::uint64_t> live(steps, 0), highest;
  for (const Lifetime& lifetime : lifetimes)
    for (std::uint32_t step = lifetime.first; step <= lifetime.last; ++step) live[step] += lifetime.bytes;
  for (const Lifetime& lifetime : lifetimes)
    highest.push_back(*std::max_element(live.begin() + lifetime.first, live.begin() + lifetime.last + 1));
  return highest;
}

// What reaches the end of the last block goes earlier: to the very front, or before one of the others drawn at random.
void promote_top(Order& order, const Arena& arena, PhiloxStream* draws) {
  const auto last = static_cast<std::uint32_t>(arena.blocks.size() - 1);
  std::vector<std::size_t> top;
  for (const Placed& tenant : arena.blocks[last])
    if (tenant.end == arena.ends[last]) top.push_back(tenant.index);
  for (const std::size_t index : top) {
    const auto at = std::find(order.begin(), order.end(), index);
    const auto before = static_cast<std::uint32_t>(at - order.begin());
    if (before > 0) std::rotate(order.begin() + (draws ? draws->below(before) : 0), at, at + 1);
  }
}

void require_room(std::span<const Lifetime> lifetimes, std::uint64_t max_block) {
  for (const Lifetime& lifetime : lifetimes)
    if (memory_aligned(lifetime.bytes) > max_block)
      throw OutOfMemory(
          fmt::format("a tensor of {} bytes exceeds the device's largest allocation of {} bytes; "
                      "use a smaller batch, crop or tile",
                      lifetime.bytes, max_block));
}

}  // namespace

Peak peak_of(std::span<const Lifetime> lifetimes) {
  std::uint32_t steps = 0;
  for (const Lifetime& lifetime : lifetimes) steps = std::max(steps, lifetime.last + 1);
  std::vector<std::int64_t> change(steps + 1, 0);
  for (const Lifetime& lifetime : lifetimes) {
    change[lifetime.first] += static_cast<std::int64_t>(memory_aligned(lifetime.bytes));
    change[lifetime.last + 1] -= static_cast<std::int64_t>(memory_aligned(lifetime.bytes));
  }
  Peak peak;
  std::int64_t live = 0;
  for (std::uint32_t step = 0; step < change.size(); ++step) {
    live += change[step];
    if (static_cast<std::uint64_t>(live) > peak.bytes) peak = {static_cast<std::uint64_t>(live), step};
  }
  return peak;
}

MemoryPlan plan_memory(std::span<const Lifetime> lifetimes, std::uint64_t max_block) {
  require_room(lifetimes, max_block);
  const Peak peak = peak_of(lifetimes);
  const std::vector<std::uint64_t> highest = highest_peaks(lifetimes);
  const auto size = [&](std::size_t index) { return lifetimes[index].bytes; };
  const auto area = [&](std::size_t index) { return lifetimes[index].bytes * duration(lifetimes[index]); };
  const auto length = [&](std::size_t index) { return duration(lifetimes[index]); };
  const auto breadth = [&](std::size_t index) { return std::pair(highest[index], lifetimes[index].bytes); };
  const std::size_t count = lifetimes.size();
  Order best_order = sorted(count, size);
  Arena best = place(lifetimes, best_order, max_block);
  for (Order& other : std::vector<Order>{sorted(count, area), sorted(count, length), sorted(count, breadth)}) {
    if (best.bytes() == peak.bytes) break;
    Arena placed = place(lifetimes, other, max_block);
    if (placed.bytes() < best.bytes()) best = std::move(placed), best_order = std::move(other);
  }
  const std::uint64_t work = std::max<std::uint64_t>(1, count * count);
  const std::uint64_t rounds = std::min(kMostRounds, kMostWork / work);
  Order order = best_order;
  Arena arena = best;
  PhiloxStream draws(1);
  for (std::uint64_t round = 0; round < rounds && best.bytes() > peak.bytes; ++round) {
    const bool walks = round < rounds / 4;  // away from the best, for a while; then only to what is as good
    if (!walks) order = best_order;
    promote_top(order, walks ? arena : best, walks ? nullptr : &draws);
    arena = place(lifetimes, order, max_block);
    if (arena.bytes() < best.bytes() || (!walks && arena.bytes() == best.bytes())) best = arena, best_order = order;
  }
  return {std::move(best.placements), std::move(best.ends), peak};
}

}  // namespace tuff
