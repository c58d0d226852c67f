// The weights of one axis' interpolation, for resample().
#pragma once

#include "ops/resample.h"
#include "ops/resize.h"

namespace tuff {

struct ResizeAxis {
  std::int64_t in = 1, out = 1;
  double scale = 1;           // as given, or out / in
  double start = 0, end = 1;  // crop_and_resize
};

// Not for mode area. Results that crop_and_resize extrapolates have no taps.
ResampleTable resize_table(const ResizeAttributes& attributes, const ResizeAxis& axis);

}  // namespace tuff
