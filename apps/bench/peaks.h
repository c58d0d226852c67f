// What a device reaches at most, measured: the yardstick of every other time.
#pragma once

#include <string>

#include "vulkan/device.h"

namespace tuff::bench {

struct Peaks {
  double flops = 0;          // multiply-adds in f32 on registers, two operations each, a second
  std::string flops_shader;  // the variant that reached it
  double matrix_flops = 0;   // the same by cooperative matrices, f16 in and f32 sums; 0: the device has none
  std::string matrix_shader;
  double bytes = 0;  // a copy between two buffers larger than caches: read and written bytes a second
  std::string bytes_shader;
};

// Takes one to two seconds.
Peaks measure_peaks(Device& device);

}  // namespace tuff::bench
