// One case on one device: how long it takes, by which kernels, and whether its results are right.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "apps/bench/cases.h"
#include "apps/bench/samples.h"
#include "runtime/tuner.h"
#include "vulkan/device.h"

namespace tuff::bench {

using ForcedKernels = std::map<std::string, std::string, std::less<>>;  // op to kernel: LowerOptions::force

struct MeasureOptions {
  Effort effort;
  ForcedKernels force;
  Tuner* tuner = nullptr;  // CompileOptions::tuner
  bool cold = true;        // also with empty caches
  bool check = true;       // compare results with the portable kernels'
};

struct Measurement {
  Samples warm, cold;                // cold.count is 0 where it wasn't asked for
  bool device_clock = true;          // else the host's, with the transfers of inputs and outputs
  double flops = 0, bytes = 0;       // as CaseGraph, or of a network what its dispatches count
  bool effective = false;            // some kernel does less arithmetic than `flops` (Winograd)
  std::vector<std::string> kernels;  // "conv/register_blocked", in order
  std::vector<std::string> shaders;  // of the dispatches
  double error = 0;                  // largest difference from the portable kernels over their largest value
  bool checked = false;
  std::uint64_t device_bytes = 0;     // networks: memory of the executable and its store
  std::uint64_t scratch_bytes = 0;    // of it activations and workspace
  std::uint64_t peak_live_bytes = 0;  // what they need at least
};

// Error where results differ from the portable kernels' by more than rounding explains, or are no numbers.
Measurement measure(Device& device, const Case& item, const MeasureOptions& options);

// A kernel that some op of a case could run by.
struct Candidate {
  std::string op, kernel;
  std::string refusal;  // why it can't; empty: it can
};

// Those named `name` and the settings of it, as "tiled_gemm_64x64" is one of "tiled_gemm".
std::vector<Candidate> candidates_named(const std::string& name, const Case& item, const DeviceCaps& caps);

}  // namespace tuff::bench
