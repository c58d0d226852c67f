#include "io/tiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/error.h"

namespace tuff {
namespace {

// One tile along one axis.
struct Span {
  std::int64_t input = 0;   // where the network's input begins
  std::int64_t output = 0;  // where the kept part begins
  std::int64_t kept = 0;    // its extent
  std::int64_t offset = 0;  // of the kept part in the network's output
};

struct AxisTiling {
  std::int64_t tile = 0;
  std::vector<Span> spans;
};

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Padded networks: the first and the last tile end where the (mirrored) image does, all others keep their halo off.
AxisTiling tile_padded(const TilingAxis& axis) {
  const std::int64_t padded = round_up(axis.image, axis.alignment);
  if (axis.tile == 0 || axis.tile >= padded) return {padded, {{0, 0, axis.image, 0}}};
  if (axis.tile % axis.alignment != 0)
    throw Error(fmt::format("tile {} is no multiple of {}, which the depth of the network needs: use --tile {}",
                            axis.tile, axis.alignment, round_up(axis.tile, axis.alignment)));
  if (axis.tile - 2 * axis.halo < axis.alignment)
    throw Error(fmt::format(
        "tile {} is too small for this network, each pixel of which sees {} pixels around it: use --tile {} or more",
        axis.tile, axis.halo, round_up(2 * axis.halo + axis.alignment, axis.alignment)));
  AxisTiling tiling{axis.tile, {}};
  std::int64_t done = 0;
  while (done < axis.image) {
    const std::int64_t wanted = done == 0 ? 0 : (done - axis.halo) / axis.alignment * axis.alignment;
    const std::int64_t input = std::min(wanted, padded - axis.tile);
    const bool last = input == padded - axis.tile;
    const std::int64_t end = last ? axis.image : input + axis.tile - axis.halo;
    tiling.spans.push_back({input, done, end - done, done - input});
    done = end;
  }
  return tiling;
}

// Networks without padding: outputs side by side, inputs wider by the margin, mirrored outside of the image.
AxisTiling tile_unpadded(const TilingAxis& axis) {
  const std::int64_t kept = axis.tile - 2 * (axis.margin + axis.halo);
  const std::int64_t step = kept / axis.alignment * axis.alignment;
  if (kept < 1 || (step < 1 && kept < axis.image))
    throw Error(
        fmt::format("tile {} is too small for this network, which loses {} pixels at each side: use --tile {} or more",
                    axis.tile, axis.margin + axis.halo, 2 * (axis.margin + axis.halo) + axis.alignment));
  AxisTiling tiling{axis.tile, {}};
  for (std::int64_t done = 0; done < axis.image; done += step) {
    const bool last = done + kept >= axis.image;
    tiling.spans.push_back({done - axis.margin - axis.halo, done, last ? axis.image - done : step, axis.halo});
    if (last) break;
  }
  return tiling;
}

AxisTiling tile_axis(const TilingAxis& axis) {
  assert(axis.image >= 1 && axis.alignment >= 1 && axis.halo >= 0 && axis.margin >= 0 && axis.tile >= 0);
  return axis.margin > 0 ? tile_unpadded(axis) : tile_padded(axis);
}

// A way to cut an axis: `count` tiles of this extent.
struct Cut {
  std::int64_t tile = 0;
  std::int64_t count = 0;
  std::int64_t computed() const { return tile * count; }
};

// All that are of use, smallest tile first: each computes no more than those before it.
std::vector<Cut> useful_cuts(TilingAxis axis, char name,
                             const std::function<std::int64_t(char, std::int64_t)>& next_size_along) {
  const auto next_size = [&](std::int64_t extent) { return next_size_along(name, extent); };
  const std::int64_t around = axis.margin + axis.halo;
  const std::int64_t whole =
      axis.margin > 0 ? next_size(axis.image + 2 * around) : round_up(axis.image, axis.alignment);
  std::vector<Cut> cuts;
  const auto add = [&](const Cut& cut) {
    if (cuts.empty() || cut.computed() <= cuts.back().computed()) cuts.push_back(cut);
  };
  for (axis.tile = next_size(2 * around + axis.alignment); axis.tile < whole; axis.tile = next_size(axis.tile + 1))
    add({axis.tile, static_cast<std::int64_t>(tile_axis(axis).spans.size())});
  add({whole, 1});
  return cuts;
}

// A choice of cuts for each axis, and what it costs.
struct CutBox {
  const Cut* z = nullptr;
  const Cut* y = nullptr;
  const Cut* x = nullptr;
  std::pair<std::int64_t, std::int64_t> cost() const {
    return {z->computed() * y->computed() * x->computed(), z->count * y->count * x->count};
  }
};

}  // namespace

std::optional<TilingOptions> fit_tiles(const TilingOptions& image, std::int64_t most_pixels,
                                       const std::function<std::int64_t(char axis, std::int64_t extent)>& next_size) {
  std::vector<Cut> slices = {{1, 1}};  // of images without depth
  const bool volume = image.z.image > 1 || image.z.alignment > 1 || image.z.margin > 0;
  if (volume) slices = useful_cuts(image.z, 'z', next_size);
  const std::vector<Cut> rows = useful_cuts(image.y, 'y', next_size), columns = useful_cuts(image.x, 'x', next_size);
  std::optional<CutBox> best;
  for (const Cut& slice : slices) {
    std::size_t wider = columns.size();  // those from here on are too wide for this height and for all larger ones
    for (const Cut& row : rows) {
      while (wider > 0 && slice.tile * row.tile * columns[wider - 1].tile > most_pixels) --wider;
      if (wider == 0) break;
      const CutBox choice{&slice, &row, &columns[wider - 1]};
      if (!best || choice.cost() < best->cost()) best = choice;
    }
  }
  if (!best) return std::nullopt;
  TilingOptions fitted = image;
  fitted.z.tile = best->z->tile;
  fitted.y.tile = best->y->tile;
  fitted.x.tile = best->x->tile;
  return fitted;
}

Tiling tile_image(const TilingOptions& options) {
  const AxisTiling slices = tile_axis(options.z), rows = tile_axis(options.y), columns = tile_axis(options.x);
  Tiling tiling{{slices.tile, rows.tile, columns.tile}, {}};
  for (const Span& z : slices.spans)
    for (const Span& y : rows.spans)
      for (const Span& x : columns.spans)
        tiling.tiles.push_back({.input = {{z.input, y.input, x.input}, tiling.tile},
                                .output = {{z.output, y.output, x.output}, {z.kept, y.kept, x.kept}},
                                .offset = {z.offset, y.offset, x.offset}});
  return tiling;
}

std::int64_t mirrored(std::int64_t coordinate, std::int64_t extent) {
  if (extent == 1) return 0;
  const std::int64_t period = 2 * (extent - 1);
  const std::int64_t within = (coordinate % period + period) % period;
  return within < extent ? within : period - within;
}

HostTensor read_tile(const Image& image, const Box& box, int rank) {
  assert(image.frames == 1 && (rank == 3 || (rank == 2 && box.size.depth == 1)));
  const ImageSize& size = box.size;
  HostTensor tile(rank == 3 ? Shape{1, image.channels, size.depth, size.height, size.width}
                            : Shape{1, image.channels, size.height, size.width});
  std::vector<std::int64_t> columns(static_cast<std::size_t>(size.width));
  for (std::int64_t x = 0; x < size.width; ++x)
    columns[static_cast<std::size_t>(x)] = mirrored(box.first.x + x, image.width);
  float* out = tile.floats().data();
  for (std::int64_t c = 0; c < image.channels; ++c)
    for (std::int64_t z = 0; z < size.depth; ++z)
      for (std::int64_t y = 0; y < size.height; ++y) {
        const std::int64_t row =
            mirrored(box.first.z + z, image.depth) * image.height + mirrored(box.first.y + y, image.height);
        const float* from = image.channel(c).data() + row * image.width;
        for (const std::int64_t x : columns) *out++ = from[x];
      }
  return tile;
}

void write_tile(const HostTensor& output, const Tile& tile, Image& result, std::int64_t scale) {
  const Shape& shape = output.shape;
  const bool volume = shape.rank() == 5;
  const std::int64_t along_z = volume ? scale : 1;
  const std::int64_t channels = shape[1], depth = volume ? shape[2] : 1;
  const std::int64_t height = shape[shape.rank() - 2], width = shape[shape.rank() - 1];
  const ImageSize kept(tile.output.size.depth * along_z, tile.output.size.height * scale,
                       tile.output.size.width * scale);
  const Position from(tile.offset.z * along_z, tile.offset.y * scale, tile.offset.x * scale);
  const Position to(tile.output.first.z * along_z, tile.output.first.y * scale, tile.output.first.x * scale);
  assert(channels == result.channels && from.z + kept.depth <= depth && from.y + kept.height <= height &&
         from.x + kept.width <= width);
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t z = 0; z < kept.depth; ++z)
      for (std::int64_t y = 0; y < kept.height; ++y) {
        const std::int64_t source = (((c * depth + from.z + z) * height) + from.y + y) * width + from.x;
        const std::int64_t target = ((to.z + z) * result.height + to.y + y) * result.width + to.x;
        std::copy_n(output.floats().data() + source, kept.width, result.channel(c).data() + target);
      }
}

}  // namespace tuff
