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

struct MemoryPlan {
  std::vector<Placement> placements;  // by lifetime
  std::vector<std::uint64_t> blocks;  // bytes of each
  std::uint64_t peak_live_bytes = 0;  // most bytes alive at one step: no plan can be smaller
};

inline constexpr std::uint64_t kMemoryAlignment = 256;

// Places the largest first, each at the lowest offset that is free over its whole lifetime ("greedy by
// size", Pisarchyk & Lee 2020). No block exceeds max_block bytes and nothing spans two. Throws
// OutOfMemory where one lifetime alone exceeds max_block.
MemoryPlan plan_memory(std::span<const Lifetime> lifetimes, std::uint64_t max_block);

}  // namespace tuff
