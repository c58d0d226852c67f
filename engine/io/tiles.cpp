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
std::vector<Cut> useful_cuts(TilingAxis axis, const std::function<std::int64_t(std::int64_t)>& next_size) {
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

}  // namespace

std::optional<TilingOptions> fit_tiles(const TilingOptions& image, std::int64_t most_pixels,
                                       const std::function<std::int64_t(std::int64_t)>& next_size) {
  const std::vector<Cut> rows = useful_cuts(image.y, next_size), columns = useful_cuts(image.x, next_size);
  struct Choice {
    const Cut* y;
    const Cut* x;
    std::pair<std::int64_t, std::int64_t> cost() const { return {y->computed() * x->computed(), y->count * x->count}; }
  };
  std::optional<Choice> best;
  std::size_t wider = columns.size();  // those from here on are too wide for this height and for all larger ones
  for (const Cut& row : rows) {
    while (wider > 0 && row.tile * columns[wider - 1].tile > most_pixels) --wider;
    if (wider == 0) break;
    const Choice choice{&row, &columns[wider - 1]};
    if (!best || choice.cost() < best->cost()) best = choice;
  }
  if (!best) return std::nullopt;
  TilingOptions fitted = image;
  fitted.y.tile = best->y->tile;
  fitted.x.tile = best->x->tile;
  return fitted;
}

Tiling tile_image(const TilingOptions& options) {
  const AxisTiling rows = tile_axis(options.y), columns = tile_axis(options.x);
  Tiling tiling{rows.tile, columns.tile, {}};
  for (const Span& y : rows.spans)
    for (const Span& x : columns.spans)
      tiling.tiles.push_back(
          {{y.input, x.input, rows.tile, columns.tile}, {y.output, x.output, y.kept, x.kept}, y.offset, x.offset});
  return tiling;
}

std::int64_t mirrored(std::int64_t coordinate, std::int64_t extent) {
  if (extent == 1) return 0;
  const std::int64_t period = 2 * (extent - 1);
  const std::int64_t within = (coordinate % period + period) % period;
  return within < extent ? within : period - within;
}

HostTensor read_tile(const Image& image, const Rectangle& rectangle) {
  assert(image.planes() == 1);
  HostTensor tile(Shape{1, image.channels, rectangle.height, rectangle.width});
  std::vector<std::int64_t> columns(static_cast<std::size_t>(rectangle.width));
  for (std::int64_t x = 0; x < rectangle.width; ++x)
    columns[static_cast<std::size_t>(x)] = mirrored(rectangle.x + x, image.width);
  float* out = tile.floats().data();
  for (std::int64_t c = 0; c < image.channels; ++c)
    for (std::int64_t y = 0; y < rectangle.height; ++y) {
      const float* row = image.channel(c).data() + mirrored(rectangle.y + y, image.height) * image.width;
      for (const std::int64_t x : columns) *out++ = row[x];
    }
  return tile;
}

void write_tile(const HostTensor& output, const Tile& tile, Image& result) {
  const std::int64_t channels = output.shape[1], height = output.shape[2], width = output.shape[3];
  const Rectangle& kept = tile.output;
  assert(channels == result.channels && tile.offset_y + kept.height <= height && tile.offset_x + kept.width <= width);
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < kept.height; ++y) {
      const float* from = output.floats().data() + (c * height + tile.offset_y + y) * width + tile.offset_x;
      std::copy_n(from, kept.width, result.channel(c).data() + (kept.y + y) * result.width + kept.x);
    }
}

}  // namespace tuff
