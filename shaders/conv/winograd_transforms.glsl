// Winograd's F(2x2, 3x3) and, with OUTPUTS=4, F(4x4, 3x3) (Lavin and Gray 2015): 2x2 or 4x4 neighbouring outputs of a
// 3x3 convolution from the 4x4 or 6x6 inputs under them with 16 multiplications instead of 36, or 36 instead of 144. y
// = A^T ((G w G^T) * (B^T x B)) A, where * is a product of elements; summed over input channels it is 16 or 36 matrix
// products. Each function is one dimension of a transform, of the channels of a VEC.
//
// F(4x4, 3x3) interpolates at 0, 5/8, -5/8, 3/2, -3/2 and infinity, which leaves errors half as large as the usual 0,
// 1, -1, 2, -2 do (docs/kernels.md).
#ifndef TUFF_WINOGRAD_TRANSFORMS_GLSL
#define TUFF_WINOGRAD_TRANSFORMS_GLSL
#extension GL_EXT_control_flow_attributes : require

const int kOutputs = OUTPUTS;  // of a tile on each axis
const int kTile = OUTPUTS + 2;  // inputs under them
const int kPositions = kTile * kTile;

#if OUTPUTS == 2

// B^T x
void transform_input(inout VEC x[4]) {
  x[0] -= x[2];
  const VEC sum = x[1] + x[2], difference = x[2] - x[1];
  x[3] = x[1] - x[3];
  x[1] = sum;
  x[2] = difference;
}

// G w
VEC[4] transform_weight(VEC w[3]) {
  const VEC ends = 0.5 * (w[0] + w[2]), middle = 0.5 * w[1];
  return VEC[4](w[0], ends + middle, ends - middle, w[2]);
}

// A^T m
VEC[2] transform_output(VEC m[4]) { return VEC[2](m[0] + m[1] + m[2], m[1] - m[2] - m[3]); }

// A y, the transposed of transform_output
VEC[4] transform_upstream(VEC y[2]) { return VEC[4](y[0], y[0] + y[1], y[0] - y[1], -y[1]); }

// G^T m, the transposed of transform_weight
VEC[3] transform_weight_gradient(VEC m[4]) {
  const VEC sum = 0.5 * (m[1] + m[2]), difference = 0.5 * (m[1] - m[2]);
  return VEC[3](m[0] + sum, difference, sum + m[3]);
}

#elif OUTPUTS == 4

const float kP = 0.625, kQ = 1.5;  // the points, with their negatives
const float kP2 = kP * kP, kQ2 = kQ * kQ;
// What the interpolation divides by.
const float kAtZero = 1.0 / (kP2 * kQ2), kAtP = 0.5 / (kP2 * (kP2 - kQ2)), kAtQ = 0.5 / (kQ2 * (kQ2 - kP2));

// B^T x
void transform_input(inout VEC x[6]) {
  const VEC first = kP2 * kQ2 * x[0] - (kP2 + kQ2) * x[2] + x[4];
  const VEC last = kP2 * kQ2 * x[1] - (kP2 + kQ2) * x[3] + x[5];
  const VEC even_p = x[4] - kQ2 * x[2], odd_p = kP * (x[3] - kQ2 * x[1]);
  const VEC even_q = x[4] - kP2 * x[2], odd_q = kQ * (x[3] - kP2 * x[1]);
  x = VEC[6](first, even_p + odd_p, even_p - odd_p, even_q + odd_q, even_q - odd_q, last);
}

// G w
VEC[6] transform_weight(VEC w[3]) {
  const VEC even_p = kAtP * (w[0] + kP2 * w[2]), odd_p = kAtP * kP * w[1];
  const VEC even_q = kAtQ * (w[0] + kQ2 * w[2]), odd_q = kAtQ * kQ * w[1];
  return VEC[6](kAtZero * w[0], even_p + odd_p, even_p - odd_p, even_q + odd_q, even_q - odd_q, w[2]);
}

// A^T m
VEC[4] transform_output(VEC m[6]) {
  const VEC sum_p = m[1] + m[2], sum_q = m[3] + m[4], difference_p = m[1] - m[2], difference_q = m[3] - m[4];
  return VEC[4](m[0] + sum_p + sum_q, kP * difference_p + kQ * difference_q, kP2 * sum_p + kQ2 * sum_q,
                 kP2 * kP * difference_p + kQ2 * kQ * difference_q + m[5]);
}

// A y, the transposed of transform_output
VEC[6] transform_upstream(VEC y[4]) {
  const VEC even_p = y[0] + kP2 * y[2], odd_p = kP * y[1] + kP2 * kP * y[3];
  const VEC even_q = y[0] + kQ2 * y[2], odd_q = kQ * y[1] + kQ2 * kQ * y[3];
  return VEC[6](y[0], even_p + odd_p, even_p - odd_p, even_q + odd_q, even_q - odd_q, y[3]);
}

// G^T m, the transposed of transform_weight
VEC[3] transform_weight_gradient(VEC m[6]) {
  const VEC sum_p = kAtP * (m[1] + m[2]), sum_q = kAtQ * (m[3] + m[4]);
  const VEC difference_p = kAtP * (m[1] - m[2]), difference_q = kAtQ * (m[3] - m[4]);
  return VEC[3](kAtZero * m[0] + sum_p + sum_q, kP * difference_p + kQ * difference_q,
                 kP2 * sum_p + kQ2 * sum_q + m[5]);
}

#else
#error "OUTPUTS must be 2 or 4"
#endif

#endif
