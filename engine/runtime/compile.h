// From a graph to something that runs: optimize, lower, fit into memory, allocate, record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "graph/graph.h"
#include "plan/plan.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "vulkan/device.h"

namespace tuff {

class Tuner;

struct CompileOptions {
  bool optimize = true;  // passes/optimize.h
  // f16: activations and their gradients take half the memory (passes/mixed_precision.h); an Error where the device has
  // no 16-bit storage. Inputs, outputs and the store stay f32.
  DType storage = DType::f32;
  LowerOptions lower;
  // Chooses kernels before and takes down which are used (runtime/tuner.h); of the device that is compiled for. Where
  // its choices alone need more than `memory`, the usual kernels are used. Null: those always.
  Tuner* tuner = nullptr;
  // Device memory in bytes that the executable and the store's arenas that it uses may take; 0: any. What a training
  // step exceeds it by is computed a second time instead of kept (passes/checkpoint.h), which changes no bits.
  std::uint64_t memory = 0;
  Executable::Options execution;
  // For tests: dispatches between two barriers run in an order drawn from this seed.
  std::optional<std::uint64_t> shuffle_seed;
};

// The graph that compile() lowers.
std::unique_ptr<Graph> prepared(const Graph& graph, const CompileOptions& options = {});

// A graph ready to run on a device: plain data.
struct PlannedGraph {
  std::unique_ptr<Graph> graph;  // what `plan` is of
  Plan plan;
  std::uint64_t device_bytes = 0;  // that its executable will bind, the store's arenas apart
  std::uint64_t store_bytes = 0;   // of those arenas
  std::uint32_t repetitions = 0;   // nodes that are computed a second time to fit into memory
  std::uint64_t bytes() const { return device_bytes + store_bytes; }
};

// What compile() makes an executable of. Where nothing fits into options.memory, what takes the least that was found:
// its bytes() are more. With a tuner this may measure.
PlannedGraph planned(const Graph& graph, const DeviceCaps& caps, const CompileOptions& options = {});

// Bytes that an executable binds on the device, the store's arenas apart: scratch, inputs, constants, staging.
std::uint64_t device_bytes(const Graph& graph, const Plan& plan);

// Shapes are the graph's; for another shape build and compile another graph and bind it to the same store.
// `graph` may be dropped afterwards. Throws Error (no kernel, no store) or OutOfMemory.
std::unique_ptr<Executable> compile(const Graph& graph, Device& device, ParameterStore* store,
                                    const CompileOptions& options = {});
std::unique_ptr<Executable> compile(PlannedGraph ready, Device& device, ParameterStore* store,
                                    const CompileOptions& options = {});

}  // namespace tuff
