// Mean, 1 / deviation, weight and bias of an invocation's channels. Statistics are (C) where groups is 0, else
// (N, groups).
#define AFFINE_CONSTANTS \
  uint groups;           \
  float eps;             \
  uint affine;           \
  uint relu;

struct Affine {
  REAL mean;
  REAL deviation;  // its reciprocal
  REAL weight;
  REAL bias;
};

uint statistic_of(uint n, uint c, uint groups, uint channels) {
  return groups == 0 ? c : n * groups + divide(c * groups, channels);
}

#ifdef VEC4
#define LANE(value, lane) value[lane]
#else
#define LANE(value, lane) value
#endif

Affine load_affine(FloatIn mean, FloatIn variance, FloatIn weight, FloatIn bias, uint n, uint vector, uint channels,
                   uint groups, float eps, bool affine) {
  Affine result;
  for (uint lane = 0; lane < kLanes; ++lane) {
    uint c = vector * kLanes + lane;
    uint s = statistic_of(n, c, groups, channels);
    LANE(result.mean, lane) = mean.at[s];
    LANE(result.deviation, lane) = 1.0 / sqrt(variance.at[s] + eps);
    LANE(result.weight, lane) = affine ? weight.at[c] : 1.0;
    LANE(result.bias, lane) = affine ? bias.at[c] : 0.0;
  }
  return result;
}

// The normalized value before the activation; the same bits in both directions, so that relu's gradient agrees with
// relu, and in conv/winograd_input.glsl.
REAL apply_affine(REAL x, Affine a) {
  precise REAL scaled = (x - a.mean) * (a.weight * a.deviation);
  precise REAL y = scaled + a.bias;
  return y;
}

float pass_positive(float value, float y) { return y <= 0.0 ? 0.0 : value; }
vec4 pass_positive(vec4 value, vec4 y) {
  return vec4(pass_positive(value.x, y.x), pass_positive(value.y, y.y), pass_positive(value.z, y.z), pass_positive(value.w, y.w));
}
