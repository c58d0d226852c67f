// How kernels see a channels-last tensor: N, three spatial extents, C. Ranks 1 and 2 get leading unit extents, so
// one kernel serves all ranks. Also per-axis attributes ("stride") and the grid that walks rows of pixels.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/kernel.h"

namespace tuff {

struct Volume {
  std::uint32_t batch = 1;
  std::uint32_t depth = 1;
  std::uint32_t height = 1;
  std::uint32_t width = 1;
  std::uint32_t channels = 1;

  std::uint32_t pixels() const { return depth * height * width; }  // of one sample
};

// Valid where the type has fewer than 2^31 elements; see refuse_large.
Volume volume(const TensorType& type);

// Throws Error unless the type is (N, C, 1 to 3 spatial axes), channels-last, f32.
void require_image(std::string_view op, std::string_view input, const TensorType& type);

// Throws Error unless the type is f32 and channels-last.
void require_float(std::string_view op, std::string_view input, const TensorType& type);

// One value per spatial axis from one per axis, one for all, or none (`fallback`); Error otherwise or below `least`.
std::vector<std::int64_t> per_axis(std::string_view op, std::string_view attribute,
                                   const std::vector<std::int64_t>& values, int axes, std::int64_t fallback,
                                   std::int64_t least);

// (depth, height, width) from one to three values, leading ones filled with `fallback`.
std::array<std::uint32_t, 3> to_3d(const std::vector<std::int64_t>& values, std::int64_t fallback);

// Kernels index with 32 bits: the reason to refuse a tensor of 2^31 elements or more.
std::optional<std::string> refuse_large(const KernelRequest& request);

// The channels are a multiple of four in every floating-point input and output of rank 2 and more.
std::optional<std::string> refuse_unless_vec4(const KernelRequest& request);

// Invocations of a group in kernels without shared memory; within the smallest device's limits.
inline constexpr std::uint32_t kGroupSize = 64;

// The variant of a shader of one or four `lanes`: "scalar", "vec4", or "vec4_wide", whose fours travel as 64-bit
// integers (shaders/common/wide.glsl), for CPU drivers that have them.
std::string vector_variant(std::uint32_t lanes, const DeviceCaps& caps);

// The same of subgroup_blocked: "_shared_wide" where all lanes may load what each wants, "_wide", or "".
std::string_view wide_variant(const DeviceCaps& caps);

// How many neighbouring ones of `channels` each lane of a subgroup takes, 2 or 1, where a workgroup is one subgroup of
// a CPU driver; or why the device's subgroups don't fit.
struct LaneChannels {
  std::uint32_t each = 0;
  std::string refusal;  // where each is 0
};
LaneChannels lane_channels(std::uint32_t channels, const DeviceCaps& caps);

// Groups of kGroupSize invocations for `count` of them, folded into y where x overflows: the shader takes
// linear_invocation() of common/grid.glsl and checks it against the count.
std::array<std::uint32_t, 3> linear_groups(std::uint64_t count, const DeviceCaps& caps);

// The same for `groups` groups of any size: the shader takes linear_group().
std::array<std::uint32_t, 3> folded_groups(std::uint64_t groups, const DeviceCaps& caps);

// Whether all lanes of a group of `size` may load what each wants (shaders/common/lanes.glsl) where invocations come in
// multiples of `count`: the device does such loads once, a group is a subgroup, and all of its lanes have something to
// do.
bool shares_loads(std::uint32_t size, std::uint64_t count, const DeviceCaps& caps);

// How simple kernels are dispatched, whose groups of `size` invocations repeat themselves `count` times over
// neighbouring elements (first_of_rounds() of common/grid.glsl). GPUs want many groups. A CPU driver pays 200 ns for
// each (lavapipe of Mesa 25: an addition ran at 5 GB/s without rounds and at 13 GB/s with them), so it gets what keeps
// its cores evenly loaded. It runs a group's subgroups one after the other, each through all rounds, so its groups are
// one subgroup, which reads from front to back: eight subgroups that stride over each other ran Adam at 2.6 GB/s
// instead of 9.0, a product at 3.6 instead of 12.3 (Mesa 26).
struct Rounds {
  std::uint32_t size = 0;
  std::uint32_t count = 1;
  std::array<std::uint32_t, 3> groups{};
  bool shares_loads = false;  // as shares_loads()
};
Rounds rounds_for(std::uint64_t invocations, const DeviceCaps& caps);

// The rounds alone, where `groups` of `size` invocations would do without.
std::uint32_t group_rounds(std::uint64_t groups, std::uint32_t size, const DeviceCaps& caps);

// Groups of `size` invocations for `rows` rows of `width` invocations: x walks along a row in strides (the shader
// loops), y and z are rows. On a CPU driver with rows enough for its cores one subgroup walks a whole row, as with
// Rounds.
struct RowGroups {
  std::uint32_t size = 0;
  std::array<std::uint32_t, 3> groups{};
};
RowGroups row_groups(std::uint64_t rows, std::uint64_t width, const DeviceCaps& caps);

}  // namespace tuff
