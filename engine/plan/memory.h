// The memory planner: lifetimes to offsets in a few arena blocks. Pure data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tuff {

// Something that needs memory from step `first` to step `last`, both inclusive.
struct Lifetime {
  std::uint64_t bytes = 0;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

struct Placement {
  std::uint32_t block = 0;
  std::uint64_t offset = 0;  // a multiple of kMemoryAlignment
};

// The most that is alive at one step.
struct Peak {
  std::uint64_t bytes = 0;  // each lifetime rounded up to kMemoryAlignment
  std::uint32_t step = 0;   // the first of those where it is so much
};

struct MemoryPlan {
  std::vector<Placement> placements;  // by lifetime
  std::vector<std::uint64_t> blocks;  // bytes of each
  Peak peak;                          // no plan can be smaller: the liveness bound
};

inline constexpr std::uint64_t kMemoryAlignment = 256;

constexpr std::uint64_t memory_aligned(std::uint64_t bytes) {
  return (bytes + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
}

Peak peak_of(std::span<const Lifetime> lifetimes);

// Places one after the other, each at the lowest offset that is free over its whole lifetime, in several orders, of
// which the one that needs least counts: by size and by the live bytes around ("greedy by size" and "by breadth",
// Pisarchyk & Lee 2020), by size times duration, by duration; then, unless the bound is reached, with what lies at the
// top placed earlier, some 200 times. No block exceeds max_block bytes and nothing spans two. Takes milliseconds for
// 1,000 lifetimes; the same lifetimes give the same plan. Throws OutOfMemory where one lifetime alone exceeds
// max_block.
MemoryPlan plan_memory(std::span<const Lifetime> lifetimes, std::uint64_t max_block);

}  // namespace tuff
