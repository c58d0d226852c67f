#include "vulkan/quirks.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/os.h"

namespace tuff {
namespace {

void without_matrices(DeviceCaps& caps) {
  caps.cooperative_matrix = {};
  caps.cooperative_elements = false;
}

struct Quirk {
  const char* name;  // in the variable's spelling
  const char* effect;
  bool (*matches)(const DeviceCaps&);
  void (*apply)(DeviceCaps&);
};

constexpr std::uint64_t kFourGibibytes = 4ull << 30;
constexpr std::uint32_t kMesa = 0x10005;  // VK_VENDOR_ID_MESA, lavapipe's

constexpr Quirk kQuirks[] = {
    // A Mali driver reported 0; kernels then assume nothing about subgroups.
    {"SUBGROUP_SIZE_UNKNOWN", "reported subgroup size makes no sense; taken as unknown",
     [](const DeviceCaps& caps) { return !std::has_single_bit(caps.subgroup_size) || caps.subgroup_size > 128; },
     [](DeviceCaps& caps) { caps.subgroup_size = 0; }},
    // With vectors of 1024 bits and more (LP_NATIVE_VECTOR_WIDTH) Mesa's software driver reports as many lanes as
    // fit, but runs compute shaders in subgroups of 16.
    {"SUBGROUP_SIZE_16", "subgroups taken as 16, more are reported than run",
     [](const DeviceCaps& caps) { return caps.is_cpu() && caps.vendor_id == kMesa && caps.subgroup_size > 16; },
     [](DeviceCaps& caps) { caps.subgroup_size = 16; }},
    // Allocations of exactly 4 GiB and more are advertised and fail on several drivers.
    {"ALLOCATION_LIMIT", "largest allocation taken as 4 GiB less 64 KiB",
     [](const DeviceCaps& caps) { return caps.max_allocation >= kFourGibibytes; },
     [](DeviceCaps& caps) { caps.max_allocation = kFourGibibytes - (64u << 10); }},
    {"ALLOCATION_ABOVE_HEAP", "largest allocation is larger than the memory; taken as the memory",
     [](const DeviceCaps& caps) { return caps.memory != 0 && caps.max_allocation > caps.memory; },
     [](DeviceCaps& caps) { caps.max_allocation = std::min(caps.max_allocation, caps.memory); }},
    // A period of 0 with valid timestamp bits: times would all be 0.
    {"TIMESTAMP_PERIOD_ZERO", "timestamps have no period; not used",
     [](const DeviceCaps& caps) { return caps.timestamps && !(caps.timestamp_period_ns > 0); },
     [](DeviceCaps& caps) { caps.timestamps = false; }},
    // Convolutions that rely on it run 1.2 to 2.7 times as fast on Mesa 26.1; on 25.0 most are slower, down to 0.3.
    // 4 to 16 lanes are what common/lanes.glsl takes.
    {"SHARED_LOADS", "loads that a workgroup shares are done once",
     [](const DeviceCaps& caps) {
       return caps.is_cpu() && caps.vendor_id == kMesa && caps.driver_version >> 22 >= 26 &&  // VK_VERSION_MAJOR
              caps.subgroup_size >= 4 && caps.subgroup_size <= 16;
     },
     [](DeviceCaps& caps) { caps.shared_loads = true; }},
    {"COOPERATIVE_MATRIX_WIDTH", "cooperative matrices not used: they work at vectors of 256 bits alone",
     [](const DeviceCaps& caps) {
       return caps.is_cpu() && caps.vendor_id == kMesa && caps.cooperative_matrix.m > 0 && caps.subgroup_size != 8;
     },
     without_matrices},
    // Reports of others: wrong results on RX 5700 (AMD's driver for Windows), a thousand times slower on Arc A770.
    // AMD's
    // devices 0x73.. (RDNA 1 and 2) have no units for them, Intel's matrices of 8 columns are those before Xe2.
    {"NO_COOPERATIVE_MATRIX", "cooperative matrices not used: slow or wrong on such devices",
     [](const DeviceCaps& caps) {
       return caps.cooperative_matrix.m > 0 && ((caps.vendor_id == 0x1002 && caps.device_id >> 8 == 0x73) ||
                                                (caps.vendor_id == 0x8086 && caps.cooperative_matrix.n == 8));
     },
     without_matrices},
};

// Nothing where the variable isn't set.
std::optional<std::uint32_t> number_from(const std::string& variable) {
  const auto text = os::environment(variable.c_str());
  if (!text || text->empty()) return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size())
    throw Error(fmt::format("{}: \"{}\" is not a whole number", variable, *text));
  return number;
}

}  // namespace

std::vector<AppliedQuirk> apply_quirks(DeviceCaps& caps) {
  std::vector<AppliedQuirk> applied;
  for (const Quirk& quirk : kQuirks) {
    const std::string variable = fmt::format("TUFF_QUIRK_{}", quirk.name);
    const auto override_value = number_from(variable);
    if (override_value ? *override_value == 0 : !quirk.matches(caps)) continue;
    quirk.apply(caps);
    applied.push_back({quirk.name, quirk.effect, variable});
  }
  if (const auto cores = number_from("TUFF_CORES"); cores && *cores > 0) {
    caps.cores = *cores;
    applied.push_back({"CORES", fmt::format("{} cores, by the environment", *cores), "TUFF_CORES"});
  }
  return applied;
}

}  // namespace tuff
