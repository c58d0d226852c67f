// Checks cases of ops on a device:
//   - the result of the chosen kernels against a double-precision reference,
//   - the same with every accepting kernel of every op involved forced in turn, in NaN-filled memory,
//   - gradients against finite differences of the reference, again with every kernel forced,
//   - equal bits with each value in its own NaN-filled memory, and in every other order of the dispatches between
//     barriers that 20 seeds give.
// With activations stored as f16 all of that within 2e-3 (gradients: as the options say), from inputs that are rounded
// so.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/op_case.h"
#include "vulkan/device.h"

namespace tuff::test {

struct CheckOptions {
  DType storage = DType::f32;  // of activations: CompileOptions::storage
  bool schedules = true;       // the last of the points above
  int settings_every = 1;      // kernels that are but settings of others (Kernel::setting) in each n-th case only
  // Of gradients where activations are f16. More for drawn cases: sums of rounded terms cancel, and each step of a long
  // expression adds its rounding.
  double half_gradient_tolerance = 2e-3;
};

struct CheckCounts {
  int cases = 0, kernels_run = 0, kernels_refused = 0, settings_left = 0, gradients = 0, poisoned = 0, orders = 0;
  int not_exact = 0;  // results of cases of tolerance 0 by a kernel whose sums of whole numbers aren't whole
  int kinks = 0, gradients_skipped = 0;  // elements without one gradient, and gradients of such elements alone
  std::map<std::string, int> half;       // results in f16 by how they came about
  std::set<std::string> between_casts;   // ops that took part in f32
};

// "op cases: 12; forced kernel runs: 30 ..."; empty without cases.
std::string describe(const CheckCounts& counts);

class OpChecker {
 public:
  OpChecker(Device& device, const CheckOptions& options) : device_(device), options_(options) {}

  // What is wrong, a line each; empty: nothing.
  std::vector<std::string> check(const OpCase& op_case);

  const CheckCounts& counts() const { return counts_; }

 private:
  friend class CaseCheck;
  Device& device_;
  CheckOptions options_;
  CheckCounts counts_;
};

}  // namespace tuff::test
