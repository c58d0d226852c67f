// Which of an operation's kernels is the fastest on a device: all that don't refuse are timed, the winner is checked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plan/kernel.h"
#include "vulkan/device.h"

namespace tuff {

// A node without its graph: what kernel selection sees of it.
struct Operation {
  std::shared_ptr<const Op> op;
  std::vector<TensorType> inputs, outputs;
};

struct TunedOperation {
  std::string kernel;
  double seconds = 0;
  std::string usual;  // what selection takes by itself
  double usual_seconds = 0;
  // Faster, but their results aren't the portable kernel's: a fault of the driver's or ours.
  struct Rejected {
    std::string kernel;
    double difference = 0;  // largest_difference()
  };
  std::vector<Rejected> rejected;

  // They can't be made or run on the device at all, and why.
  struct Unusable {
    std::string kernel, reason;
  };
  std::vector<Unusable> unusable;
};

// Those that an operation can be tuned over: they don't refuse, and settings don't do what a kernel before them does.
// Fewer than two where there is nothing to choose, none where the portable kernel refuses.
std::vector<const Kernel*> candidates_of(const Operation& operation, const DeviceCaps& caps,
                                         const KernelTable& kernels);

// The fastest by the median of samples taken in turn, of random inputs; the usual kernel unless another takes less than
// 0.95 of its time. It agrees with the portable kernel, the last of the table's row. There must be two candidates.
// Throws OutOfMemory where the operation has no room beside itself.
TunedOperation tune_operation(Device& device, const Operation& operation, const KernelTable& kernels);

}  // namespace tuff
