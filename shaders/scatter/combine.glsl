// How an update changes an element (ScatterReduction of engine/ops/scatter.h): 0 none, 1 add, 2 mul, 3 min, 4 max.
// NaN wins, as in PyTorch.
#ifndef TUFF_COMBINE_GLSL
#define TUFF_COMBINE_GLSL
#include "common/math.glsl"
#include "common/vector.glsl"

layout(buffer_reference, std430, buffer_reference_align = 4) buffer IntInOut { int at[]; };

#ifdef INTEGERS
#define ELEMENT int
#define ElementIn IntIn
#define ElementOut IntOut
#define ElementInOut IntInOut
#define LOADED_ELEMENT(v) v
#define STORED_ELEMENT(v) v
int smaller(int a, int b) { return min(a, b); }
int larger(int a, int b) { return max(a, b); }
#else
#define ELEMENT REAL
#define ElementIn StoredRealIn
#define ElementOut StoredRealOut
#define ElementInOut StoredRealInOut
#define LOADED_ELEMENT(v) LOADED_REAL(v)
#define STORED_ELEMENT(v) STORED_REAL(v)
float smaller(float a, float b) { return nan_min(a, b); }
float larger(float a, float b) { return nan_max(a, b); }
vec4 smaller(vec4 a, vec4 b) {
  return vec4(nan_min(a.x, b.x), nan_min(a.y, b.y), nan_min(a.z, b.z), nan_min(a.w, b.w));
}
vec4 larger(vec4 a, vec4 b) {
  return vec4(nan_max(a.x, b.x), nan_max(a.y, b.y), nan_max(a.z, b.z), nan_max(a.w, b.w));
}
#endif

ELEMENT combine(ELEMENT value, ELEMENT update, uint reduction) {
  if (reduction == 1) return value + update;
  if (reduction == 2) return value * update;
  if (reduction == 3) return smaller(value, update);
  if (reduction == 4) return larger(value, update);
  return update;
}

#endif
