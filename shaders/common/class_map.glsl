// Where a pixel's class lies: ClassMap in engine/ops/loss_sum.h. Needs common/divide.glsl.
#ifndef TUFF_CLASS_MAP_GLSL
#define TUFF_CLASS_MAP_GLSL
#include "common/divide.glsl"

#define CLASS_MAP_CONSTANTS \
  uint in_order;            \
  uint extents[3];          \
  uint strides[4];

uint class_offset(uint pixel, uint in_order, uint extents[3], uint strides[4]) {
  if (in_order != 0) return pixel;
  uint lines = divide(pixel, extents[2]);
  uint planes = divide(lines, extents[1]);
  uint n = divide(planes, extents[0]);
  return n * strides[0] + (planes - n * extents[0]) * strides[1] + (lines - planes * extents[1]) * strides[2] +
         (pixel - lines * extents[2]) * strides[3];
}

#endif
