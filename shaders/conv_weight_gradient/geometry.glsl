// The geometry of a convolution whose weight gradient is summed over parts of the rows of output pixels.
#ifndef TUFF_WEIGHT_GRADIENT_GEOMETRY_GLSL
#define TUFF_WEIGHT_GRADIENT_GEOMETRY_GLSL

layout(constant_id = 3) const int kInD = 1;
layout(constant_id = 4) const int kInH = 1;
layout(constant_id = 5) const int kInW = 1;
layout(constant_id = 6) const int kOutD = 1;
layout(constant_id = 7) const int kOutH = 1;
layout(constant_id = 8) const int kOutW = 1;
layout(constant_id = 9) const int kKernelD = 1;
layout(constant_id = 10) const int kKernelH = 1;
layout(constant_id = 11) const int kKernelW = 1;
layout(constant_id = 12) const int kStrideD = 1;
layout(constant_id = 13) const int kStrideH = 1;
layout(constant_id = 14) const int kStrideW = 1;
layout(constant_id = 15) const int kPaddingD = 0;
layout(constant_id = 16) const int kPaddingH = 0;
layout(constant_id = 17) const int kPaddingW = 0;
layout(constant_id = 18) const int kDilationD = 1;
layout(constant_id = 19) const int kDilationH = 1;
layout(constant_id = 20) const int kDilationW = 1;
layout(constant_id = 21) const uint kInChannels = 1;
layout(constant_id = 22) const uint kOutChannels = 1;
layout(constant_id = 23) const uint kGroups = 1;
layout(constant_id = 24) const int kBatch = 1;
layout(constant_id = 25) const int kParts = 1;

#endif
