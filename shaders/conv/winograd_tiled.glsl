// What the transforms of Winograd's convolutions for GPUs share: tiles are rows of matrices (positions, rows, channels), one
// for each position of a tile. An invocation takes one tile of a VEC of neighbouring channels, the next one the next
// channels: four where it holds 16 positions, two where it holds 36, which leaves registers for as many groups at once.
#ifndef TUFF_WINOGRAD_TILED_GLSL
#define TUFF_WINOGRAD_TILED_GLSL
#include "common/divide.glsl"
#include "common/half.glsl"

#if OUTPUTS == 2
#define VEC vec4
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer VecIn { VEC at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer VecOut { VEC at[]; };
#else
#define VEC vec2
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer VecIn { VEC at[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) writeonly buffer VecOut { VEC at[]; };
#endif

#ifdef HALF_IN
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer StoredVecIn { f16vec2 at[]; };  // of tiles of 4x4
#else
#define StoredVecIn VecIn
#endif
#ifdef HALF_OUT
layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer StoredVecOut { f16vec2 at[]; };
#define STORED_VEC(v) f16vec2(v)
#else
#define StoredVecOut VecOut
#define STORED_VEC(v) v
#endif

#include "conv/winograd_transforms.glsl"

// Row number `row` of the matrices among all images' tiles.
struct TileAt {
  uint image, y, x;  // in tiles
};

TileAt tile_at(uint tile, uint tile_rows, uint tile_columns) {
  const uint line = divide(tile, tile_columns), image = divide(line, tile_rows);
  return TileAt(image, line - image * tile_rows, tile - line * tile_columns);
}

#endif
