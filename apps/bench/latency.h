// How long a network keeps its user waiting: the first result of a process, then frame after frame, and images of
// another size: `tuff bench latency`.
#pragma once

#include <cstdint>
#include <string>

namespace tuff::bench {

struct LatencyArguments {
  std::string model;        // a run's folder or a model file; empty: a new U-Net as `tuff train` makes it
  std::int64_t base = 0;    // channels of that new one; 0: as in training
  std::int64_t depth = 0;   // halvings of it; 0: as in training
  std::int64_t size = 256;  // side of the images
  std::int64_t frames = 1000;
  bool cold = false;  // as if nothing had been compiled before, by Tuff or by drivers with caches of their own
  std::string dtype;
  std::string device;
  std::string json;
};

// Prints the times. Error where the model takes no such images.
void run_latency(const LatencyArguments& arguments);

}  // namespace tuff::bench
