// How work is cut into groups for which device, without one.
#include "ops/spatial.h"

#include <doctest/doctest.h>

#include <array>

namespace tuff::test {

namespace {

std::uint64_t product(const std::array<std::uint32_t, 3>& groups) {
  return std::uint64_t{groups[0]} * groups[1] * groups[2];
}

DeviceCaps software_driver(std::uint32_t subgroup_size) {
  DeviceCaps caps = pretended_caps("cpu");
  caps.subgroup_size = subgroup_size;
  return caps;
}

constexpr std::uint64_t kCounts[] = {1, 7, 64, 65, 4096, 100'003, 1u << 28};

}  // namespace

TEST_CASE("spatial: rounds reach every element once, in groups that a device can start") {
  for (const std::uint64_t count : kCounts) {
    const Rounds gpu = rounds_for(count, pretended_caps("discrete"));
    CHECK(gpu.size == kGroupSize);
    CHECK(gpu.count == 1);
    for (const std::uint32_t subgroup : {0u, 1u, 4u, 8u, 16u, 32u, 64u, 128u}) {
      const DeviceCaps caps = software_driver(subgroup);
      const Rounds rounds = rounds_for(count, caps);
      CHECK(rounds.size == (subgroup == 0 || subgroup > kGroupSize ? kGroupSize : subgroup));
      CHECK(rounds.size * rounds.count <= 4096);
      for (int axis = 0; axis < 3; ++axis) CHECK(rounds.groups[axis] <= caps.max_groups[axis]);
      const std::uint64_t reached = product(rounds.groups) * rounds.size * rounds.count;
      CHECK(reached >= count);
      // Folding leaves less than a row of groups too many.
      CHECK(reached - count < std::uint64_t{rounds.size} * rounds.count * (rounds.groups[1] + 1));
    }
  }
}

TEST_CASE("spatial: a subgroup walks whole rows where these are enough for a CPU's cores") {
  DeviceCaps caps = software_driver(8);
  caps.cores = 4;
  const RowGroups many = row_groups(70'000, 1000, caps);
  CHECK(many.size == 8);
  CHECK(many.groups[0] == 1);
  CHECK(product(many.groups) >= 70'000);
  const RowGroups few = row_groups(3, 1000, caps);
  CHECK(few.size == kGroupSize);
  CHECK(few.groups == std::array<std::uint32_t, 3>{16, 3, 1});
  const RowGroups gpu = row_groups(70'000, 1000, pretended_caps("discrete"));
  CHECK(gpu.size == kGroupSize);
  CHECK(gpu.groups[0] == 16);
  CHECK(product(gpu.groups) >= std::uint64_t{16} * 70'000);
}

}  // namespace tuff::test
