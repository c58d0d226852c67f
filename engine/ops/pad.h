// Borders around a tensor: torch.nn.functional.pad with one (lo, hi) per axis in the axes' own order.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

enum class PadMode : std::uint8_t {
  constant,   // `value`
  reflect,    // mirrored without repeating the edge: lo, hi < extent
  replicate,  // the edge repeated
  circular,   // wrapped around, ONNX's "wrap": lo, hi <= extent
};
std::string_view to_string(PadMode mode);

struct PadAttributes {
  std::vector<std::int64_t> lo;  // one per axis, elements before
  std::vector<std::int64_t> hi;  // one per axis, elements after
  PadMode mode = PadMode::constant;
  float value = 0;  // mode constant only
  bool operator==(const PadAttributes&) const = default;
};

// x: f32 or i32, any layout. lo and hi have one entry per axis of x, or one per spatial axis of (N, C, spatial...).
// Negative ones crop, in circular mode before anything is wrapped; something must be left.
Value pad(Value x, std::vector<std::int64_t> lo, std::vector<std::int64_t> hi, PadMode mode = PadMode::constant,
          float value = 0);

std::vector<Kernel> pad_kernels();
std::vector<Kernel> pad_gradient_kernels();

}  // namespace tuff
