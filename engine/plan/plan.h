// A graph lowered for one device: where every value lies, the dispatches in order, and where barriers
// stand. Plain data: lower() makes it, vulkan and runtime execute it, tests inspect it without a device.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// A piece of device memory that the executable allocates or binds.
struct Segment {
  enum class Kind : std::uint8_t {
    scratch,   // a block of the memory arena; undefined between runs, but for what is set up (Plan::setup)
    store,     // a flat arena of the ParameterStore, by name
    input,     // all graph inputs, written by the host before a run
    constant,  // constants of the graph, uploaded once
  };
  Kind kind = Kind::scratch;
  std::string name;  // store: the arena's name
  std::uint64_t bytes = 0;
};

struct Location {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;  // bytes
  std::uint64_t bytes = 0;
};

struct PlannedUse {
  Location location;
  Access access = Access::read;
};

struct PlannedDispatch {
  Dispatch dispatch;
  std::vector<PlannedUse> uses;  // dispatch.buffers resolved, in the same order
  std::uint32_t node = 0;        // which node of the graph it belongs to
  bool barrier_before = false;   // all earlier writes are made visible and all earlier reads done first
};

// What selection saw for one node, for `tuff explain` and for the message where no kernel fits.
struct Selection {
  std::uint32_t node = 0;
  std::string kernel;  // the one chosen
  struct Refused {
    std::string kernel;
    std::string reason;
  };
  std::vector<Refused> refused;        // tried before it
  std::vector<std::string> not_tried;  // after it in the table
  bool tuned = false;                  // it is what LowerOptions::choices says
  std::optional<Refused> not_kept;     // what they say, where that can't run it
};

// Which kernels run which operations, as data: operation_key() of plan/select.h -> the kernel's name.
using KernelChoices = std::map<std::string, std::string, std::less<>>;

// Memory of the scratch arena from the first to the last dispatch that touches it, both inclusive. Results of a run
// live to its end: one dispatch more than there are.
struct ScratchRange {
  std::uint64_t bytes = 0;
  std::uint32_t first = 0, last = 0;
  std::vector<std::uint32_t> values;  // that lie there one after the other (in place, views); none: a workspace
  std::uint32_t node = 0;             // of a workspace
};

struct Plan {
  std::vector<Segment> segments;
  std::vector<Location> values;  // by value id; bytes = 0 where a value has no memory (unused)
  std::vector<PlannedDispatch> dispatches;
  // The first so many dispatches compute what stays the same until somebody writes the store (plan/lasting.h): they
  // needn't run in each run, and what the others read of them keeps its memory.
  std::uint32_t setup = 0;
  std::vector<Selection> selections;
  std::vector<std::uint32_t> order;  // nodes as they run; those that write the store last, unless others read results
  std::vector<ScratchRange> scratch;
  // The liveness bound, below which no arrangement of the scratch segments goes: the most bytes of values and workspace
  // that are alive at one dispatch, and the first such dispatch.
  std::uint64_t peak_live_bytes = 0;
  std::uint32_t peak_dispatch = 0;
  std::uint64_t scratch_bytes() const;
};

// What is alive at a dispatch, largest first: indices into plan.scratch.
std::vector<std::size_t> alive_at(const Plan& plan, std::uint32_t dispatch);

struct LowerOptions {
  // Op name -> kernel name that must be used (tests, benchmarks); an Error where it refuses.
  std::map<std::string, std::string, std::less<>> force;
  // The same by the number of a node, empty or beyond the end: any.
  std::vector<std::string> force_nodes;
  // Taken instead of the first candidate that doesn't refuse, where nothing is forced; one that can't run it is not
  // kept (Selection::not_kept).
  KernelChoices choices;
  // Every value and workspace in a scratch segment of its own: for finding reads of what was never written.
  bool separate_allocations = false;
  // Kernels may compute inputs while they read what those are computed from (plan/read_through.h); else all are in
  // memory.
  bool read_through = true;
  // What stays the same from run to run is computed once (Plan::setup), which takes memory that runs can't share.
  bool setup = true;
};

// Selects kernels, plans memory and places barriers. Throws Error where no kernel accepts a node (with
// every refusal) or a tensor exceeds the device's largest allocation.
Plan lower(const Graph& graph, const DeviceCaps& caps, const KernelTable& kernels, const LowerOptions& options = {});

// Conflicts between dispatches that no barrier separates: read after write, write after read, write
// after write on overlapping ranges. Empty for a correct plan. Independent of how lower() placed them.
std::vector<std::string> find_hazards(const Plan& plan);

}  // namespace tuff
