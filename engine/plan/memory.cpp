#include "plan/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace tuff {

namespace {

std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
}

struct Placed {
  std::uint64_t begin, end;
  std::uint32_t first, last;
};

// The lowest offset of a block, whose tenants are sorted by offset, where `wanted` fits beside all that live with it.
std::uint64_t lowest_free_offset(const std::vector<Placed>& block, const Lifetime& wanted) {
  std::uint64_t offset = 0;
  for (const Placed& tenant : block) {
    const bool together = tenant.first <= wanted.last && wanted.first <= tenant.last;
    if (!together) continue;
    if (offset + aligned(wanted.bytes) <= tenant.begin) break;
    offset = std::max(offset, tenant.end);
  }
  return offset;
}

std::uint64_t peak(std::span<const Lifetime> lifetimes) {
  std::uint32_t steps = 0;
  for (const Lifetime& lifetime : lifetimes) steps = std::max(steps, lifetime.last + 1);
  std::vector<std::int64_t> change(steps + 1, 0);
  for (const Lifetime& lifetime : lifetimes) {
    change[lifetime.first] += static_cast<std::int64_t>(aligned(lifetime.bytes));
    change[lifetime.last + 1] -= static_cast<std::int64_t>(aligned(lifetime.bytes));
  }
  std::int64_t live = 0, most = 0;
  for (const std::int64_t step : change) most = std::max(most, live += step);
  return static_cast<std::uint64_t>(most);
}

}  // namespace

MemoryPlan plan_memory(std::span<const Lifetime> lifetimes, std::uint64_t max_block) {
  MemoryPlan plan;
  plan.placements.resize(lifetimes.size());
  plan.peak_live_bytes = peak(lifetimes);

  std::vector<std::size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });

  std::vector<std::vector<Placed>> tenants;
  for (const std::size_t index : order) {
    const Lifetime& wanted = lifetimes[index];
    const std::uint64_t bytes = aligned(wanted.bytes);
    if (bytes > max_block)
      throw OutOfMemory(
          fmt::format("a tensor of {} bytes exceeds the device's largest allocation of {} bytes; "
                      "use a smaller batch, crop or tile",
                      wanted.bytes, max_block));
    std::uint32_t block = 0;
    std::uint64_t offset = 0;
    for (;; ++block) {
      if (block == tenants.size()) {
        tenants.emplace_back();
        plan.blocks.push_back(0);
      }
      offset = lowest_free_offset(tenants[block], wanted);
      if (offset + bytes <= max_block) break;
    }
    const Placed placed{offset, offset + bytes, wanted.first, wanted.last};
    auto& neighbours = tenants[block];
    neighbours.insert(std::upper_bound(neighbours.begin(), neighbours.end(), placed,
                                       [](const Placed& a, const Placed& b) { return a.begin < b.begin; }),
                      placed);
    plan.blocks[block] = std::max(plan.blocks[block], placed.end);
    plan.placements[index] = {block, offset};
  }
  return plan;
}

}  // namespace tuff
