#include "apps/bench/peaks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "apps/bench/samples.h"
#include "ops/spatial.h"

namespace tuff::bench {
namespace {

constexpr Effort kShort{.samples = 5, .seconds = 0.05};
constexpr double kEnough = 0.01;  // seconds of a dispatch beside which its start doesn't count

std::uint32_t group_size(const Device& device) {
  return device.caps().is_cpu() ? 64 : std::min(256u, device.caps().max_invocations);
}

struct Chain {
  std::string_view variant;
  int flops;  // of one invocation's step
};

// Sixteen operations a chain element and step: eight products, eight sums.
constexpr Chain kChains[] = {{"scalar_4", 64},         {"scalar_8", 128},        {"scalar_16", 256},
                             {"scalar_24", 384},       {"scalar_4_fused", 64},   {"scalar_8_fused", 128},
                             {"scalar_16_fused", 256}, {"scalar_24_fused", 384}, {"vec4_2", 128},
                             {"vec4_4", 256},          {"vec4_8", 512},          {"vec4_2_fused", 128},
                             {"vec4_4_fused", 256},    {"vec4_8_fused", 512}};

// Operations a second of a shader that takes two factors, results and a number of steps, each of so many operations in
// all groups.
double rate_of_steps(Device& device, const PipelineRequest& pipeline, const Buffer& factors, const Buffer& results,
                     std::uint32_t groups, double step_flops) {
  for (std::uint32_t steps = 1;; steps *= 4) {  // from what even a slow device ends in time
    PushConstants push;
    push.add(factors);
    push.add(results);
    push.add(steps);
    DispatchTimer timer(device, pipeline, push.bytes(), {groups, 1, 1});
    timer.seconds();
    if (timer.seconds() < kEnough && steps < (1u << 22)) continue;
    const Samples samples = collect(kShort, [&] { return timer.seconds(); });
    return step_flops * steps / samples.median;
  }
}

void measure_multiply_adds(Device& device, const Buffer& factors, Peaks& peaks) {
  const std::uint32_t size = group_size(device), groups = device.caps().is_cpu() ? 16 * device.caps().cores : 16384;
  const Buffer results = device.allocate(std::uint64_t{4} * groups * size, MemoryKind::device, "results");
  for (const Chain& chain : kChains) {
    const double rate = rate_of_steps(device, {fmt::format("bench/multiply_add.{}", chain.variant), {size, 1, 1}},
                                      factors, results, groups, double(chain.flops) * size * groups);
    if (rate <= peaks.flops) continue;
    peaks.flops = rate;
    peaks.flops_shader = chain.variant;
  }
}

// Where the device has cooperative matrices (a build without their shaders takes it for one that hasn't).
void measure_matrices(Device& device, const Buffer& factors, Peaks& peaks) {
  const DeviceCaps& caps = device.caps();
  const MatrixShape& matrix = caps.cooperative_matrix;
  if (matrix.m == 0) return;
  const std::uint32_t subgroups = std::max(1u, std::min(4u, caps.max_invocations / caps.subgroup_size));
  const std::uint32_t size = subgroups * caps.subgroup_size, groups = caps.is_cpu() ? 16 * caps.cores : 4096;
  const Buffer results = device.allocate(std::uint64_t{4} * groups * size, MemoryKind::device, "results");
  for (const int chains : {1, 4, 8}) {
    const std::string shader = fmt::format("bench/matrix_multiply_add.chains_{}", chains);
    const double flops = 8.0 * chains * 2 * matrix.m * matrix.n * matrix.k * subgroups * groups;
    const double rate = rate_of_steps(device,
                                      {.shader = shader,
                                       .specialization = {size, 1, 1, matrix.m, matrix.n, matrix.k, subgroups},
                                       .subgroup_size = caps.subgroup_size},
                                      factors, results, groups, flops);
    if (rate <= peaks.matrix_flops) continue;
    peaks.matrix_flops = rate;
    peaks.matrix_shader = fmt::format("{}x{}x{}, {} chains", matrix.m, matrix.n, matrix.k, chains);
  }
}

double copy_rate(Device& device, const std::string& variant, const Rounds& rounds, const Buffer& from,
                 const Buffer& to) {
  const auto vectors = static_cast<std::uint32_t>(from.bytes() / 16);
  PushConstants push;
  push.add(from);
  push.add(to);
  push.add(vectors);
  push.add(rounds.count);
  DispatchTimer timer(device, {"bench/copy." + variant, {rounds.size, 1, 1}}, push.bytes(), rounds.groups);
  timer.seconds();
  const Samples samples = collect(kShort, [&] { return timer.seconds(); });
  return 2.0 * 16 * vectors / samples.median;
}

void measure_copies(Device& device, Peaks& peaks) {
  const DeviceCaps& caps = device.caps();
  const std::uint64_t wanted = caps.kind == DeviceKind::discrete ? 512u << 20 : 128u << 20;
  const std::uint64_t bytes = std::min({wanted, caps.max_allocation, device.available_memory() / 4}) / 4096 * 4096;
  const Buffer from = device.allocate(bytes, MemoryKind::device, "a copy's source"),
               to = device.allocate(bytes, MemoryKind::device, "a copy's target");
  const auto measure = [&](const std::string& variant, const Rounds& rounds) {
    const double rate = copy_rate(device, variant, rounds, from, to);
    if (rate <= peaks.bytes) return;
    peaks.bytes = rate;
    peaks.bytes_shader = variant;
  };
  const std::uint64_t vectors = bytes / 16;
  for (const std::uint32_t count : {1u, 4u}) {
    const std::uint64_t invocations = (vectors + count - 1) / count;
    const std::uint32_t size = group_size(device);
    measure(fmt::format("vec4_{}", count), {size, 1, folded_groups((invocations + size - 1) / size, caps)});
  }
  if (!caps.is_cpu() || !caps.int64) return;
  const Rounds rounds = rounds_for(vectors, caps);
  measure("wide", rounds);
  if (rounds.shares_loads) measure("shared", rounds);
}

}  // namespace

Peaks measure_peaks(Device& device) {
  Peaks peaks;
  Buffer factors = device.allocate(8, MemoryKind::upload, "factors");
  const float values[2] = {0.999f, 0.001f};
  std::memcpy(factors.mapped(), values, sizeof values);
  measure_multiply_adds(device, factors, peaks);
  measure_matrices(device, factors, peaks);
  measure_copies(device, peaks);
  return peaks;
}

}  // namespace tuff::bench
