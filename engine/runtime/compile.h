// From a graph to something that runs: optimize, lower, allocate, record.
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

struct CompileOptions {
  bool optimize = true;  // passes/optimize.h
  // f16: activations and their gradients take half the memory (passes/mixed_precision.h); an Error where the device has
  // no 16-bit storage. Inputs, outputs and the store stay f32.
  DType storage = DType::f32;
  LowerOptions lower;
  Executable::Options execution;
  // For tests: dispatches between two barriers run in an order drawn from this seed.
  std::optional<std::uint64_t> shuffle_seed;
};

// The graph that compile() lowers.
std::unique_ptr<Graph> prepared(const Graph& graph, const CompileOptions& options = {});

// Shapes are the graph's; for another shape build and compile another graph and bind it to the same store.
// `graph` may be dropped afterwards. Throws Error (no kernel, no store) or OutOfMemory.
std::unique_ptr<Executable> compile(const Graph& graph, Device& device, ParameterStore* store,
                                    const CompileOptions& options = {});

}  // namespace tuff
