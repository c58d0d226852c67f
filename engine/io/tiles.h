// Geometry of prediction by overlapping tiles (Ronneberger et al. 2015, fig. 2), such that tiles give what the
// whole image would: origins lie on the network's pooling grid, and no kept pixel sees a cut edge.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "graph/tensor.h"
#include "io/image.h"

namespace tuff {

struct Position {
  std::int64_t z = 0;
  std::int64_t y = 0;
  std::int64_t x = 0;
  bool operator==(const Position&) const = default;
};

struct Box {
  Position first;
  ImageSize size;
  bool operator==(const Box&) const = default;
};

// Along one axis of the image.
struct TilingAxis {
  std::int64_t image = 0;      // extent
  std::int64_t tile = 0;       // extent of the network's input; 0: the whole image in one tile
  std::int64_t alignment = 1;  // 2^depth: tile origins are multiples of it
  // Pixels around a kept one that its value may depend on: at least the receptive radius (padded networks).
  std::int64_t halo = 0;
  // Pixels that a network without padding loses at each side (92 for the paper's U-Net); 0 for padded ones.
  std::int64_t margin = 0;
};

struct TilingOptions {
  TilingAxis y;
  TilingAxis x;
  TilingAxis z = {.image = 1};  // of volumes
};

// One run of the network, in the image's coordinates. `input` may reach outside: mirrored there.
struct Tile {
  Box input;
  Box output;       // what is kept of it
  Position offset;  // of the kept part in the network's output
};

struct Tiling {
  ImageSize tile;           // of every input
  std::vector<Tile> tiles;  // outputs cover each pixel of the image once
  std::int64_t computed_pixels() const { return tile.pixels() * static_cast<std::int64_t>(tiles.size()); }
};

// Padded networks (margin 0): tiles at the image's edge end there, so that the network's own padding applies as it does
// to the whole image; only where the extent is no multiple of the alignment is it mirrored up to the next one.
// Networks without padding: mirrored by the margin all around. The tile then must be an input size the network accepts
// (size - 2 * margin > 0); with tile = 0 pass a whole-image size that it accepts through `tile` instead.
// Error: tile no multiple of the alignment, or too small for its halo.
Tiling tile_image(const TilingOptions& options);

// `image` with the tile of at most that many pixels by which least is computed, as a square rarely fits an image; of
// equals the largest. `next_size`: the least extent along this axis ('z', 'y' or 'x') from this one on that tiles may
// have, the whole image apart. The axes' own `tile` isn't read. Nothing where the smallest tile has more pixels.
std::optional<TilingOptions> fit_tiles(const TilingOptions& image, std::int64_t most_pixels,
                                       const std::function<std::int64_t(char axis, std::int64_t extent)>& next_size);

// Index within 0..extent-1 that a coordinate outside is mirrored to; the edge pixel isn't repeated.
std::int64_t mirrored(std::int64_t coordinate, std::int64_t extent);

// The pixels of a box as (1, C, height, width), with rank 3 (1, C, depth, height, width), mirrored outside of the
// image.
HostTensor read_tile(const Image& image, const Box& box, int rank = 2);

// Copies what a tile keeps of the network's output (1, C, spatial...) into the result. `scale`: pixels of output and
// result along each axis for one of the tile's.
void write_tile(const HostTensor& output, const Tile& tile, Image& result, std::int64_t scale = 1);

}  // namespace tuff
