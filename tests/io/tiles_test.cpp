#include "io/tiles.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "support/files.h"

namespace tuff {
namespace {

// Small networks on one channel, enough to see a wrong edge, phase or halo: plain loops, no engine.
using Plane = Image;

Plane plane(std::int64_t height, std::int64_t width) {
  return Image(1, height, width);
}

// 3x3 convolution; outside of the image is 0 (padded) or nothing (the result is smaller by 2).
Plane convolve(const Plane& in, bool padded) {
  static constexpr float kWeights[3][3] = {{0.3f, -0.2f, 0.5f}, {0.1f, 0.7f, -0.4f}, {-0.6f, 0.25f, 0.15f}};
  const std::int64_t shrink = padded ? 0 : 1;
  Plane out = plane(in.height - 2 * shrink, in.width - 2 * shrink);
  for (std::int64_t y = 0; y < out.height; ++y)
    for (std::int64_t x = 0; x < out.width; ++x) {
      float sum = 0.05f;
      for (std::int64_t ky = 0; ky < 3; ++ky)
        for (std::int64_t kx = 0; kx < 3; ++kx) {
          const std::int64_t sy = y + shrink + ky - 1, sx = x + shrink + kx - 1;
          if (sy < 0 || sx < 0 || sy >= in.height || sx >= in.width) continue;
          sum += kWeights[ky][kx] * in.values[static_cast<std::size_t>(sy * in.width + sx)];
        }
      out.values[static_cast<std::size_t>(y * out.width + x)] = sum;
    }
  return out;
}

Plane pool(const Plane& in) {
  Plane out = plane(in.height / 2, in.width / 2);
  for (std::int64_t y = 0; y < out.height; ++y)
    for (std::int64_t x = 0; x < out.width; ++x) {
      const auto at = static_cast<std::size_t>(2 * y * in.width + 2 * x),
                 below = at + static_cast<std::size_t>(in.width);
      out.values[static_cast<std::size_t>(y * out.width + x)] =
          std::max({in.values[at], in.values[at + 1], in.values[below], in.values[below + 1]});
    }
  return out;
}

Plane enlarge(const Plane& in) {
  Plane out = plane(2 * in.height, 2 * in.width);
  for (std::int64_t y = 0; y < out.height; ++y)
    for (std::int64_t x = 0; x < out.width; ++x)
      out.values[static_cast<std::size_t>(y * out.width + x)] =
          in.values[static_cast<std::size_t>(y / 2 * in.width + x / 2)];
  return out;
}

// A U without skips of the given depth: loses 2 pixels a convolution a side at its level where not padded.
Plane network(const Plane& in, int depth, bool padded) {
  Plane out = convolve(in, padded);
  if (depth > 0) out = convolve(enlarge(network(pool(out), depth - 1, padded)), padded);
  return out;
}

std::int64_t loss_of(int depth) {  // of extent, both sides together, of the network without padding
  return depth == 0 ? 2 : 2 + 2 * loss_of(depth - 1) + 2;
}

// How far a pixel's value reaches: each convolution adds its level's step, each pooling its window.
std::int64_t radius_of(int depth) {
  return depth == 0 ? 1 : 1 + 2 * radius_of(depth - 1) + 1 + 1;
}

Plane run_tiled(const Plane& image, const Tiling& tiling, const std::function<Plane(const Plane&)>& run) {
  Plane result = plane(image.height, image.width);
  for (const Tile& tile : tiling.tiles) {
    const HostTensor input = read_tile(image, tile.input);
    Plane in = plane(tile.input.size.height, tile.input.size.width);
    std::ranges::copy(input.floats(), in.values.begin());
    const Plane out = run(in);
    write_tile(HostTensor::from_floats(Shape{1, 1, out.height, out.width}, out.values), tile, result);
  }
  return result;
}

void check_cover(const Tiling& tiling, std::int64_t height, std::int64_t width) {
  std::vector<int> seen(static_cast<std::size_t>(height * width), 0);
  for (const Tile& tile : tiling.tiles)
    for (std::int64_t y = 0; y < tile.output.size.height; ++y)
      for (std::int64_t x = 0; x < tile.output.size.width; ++x) {
        REQUIRE((tile.output.first.y + y < height && tile.output.first.x + x < width));
        ++seen[static_cast<std::size_t>((tile.output.first.y + y) * width + tile.output.first.x + x)];
      }
  CHECK(std::ranges::all_of(seen, [](int count) { return count == 1; }));
}

std::int64_t padded(std::int64_t extent, std::int64_t alignment) {
  return (extent + alignment - 1) / alignment * alignment;
}

// Tiles on the grid, within the padded image, and what is kept of them as far from each cut edge as the halo.
void check_padded(const Tiling& tiling, std::int64_t height, std::int64_t width, std::int64_t alignment,
                  std::int64_t halo) {
  const std::int64_t tall = padded(height, alignment), wide = padded(width, alignment);
  for (const Tile& t : tiling.tiles) {
    CHECK((t.input.size.height == tiling.tile.height && t.input.size.width == tiling.tile.width));
    CHECK((t.input.first.y % alignment == 0 && t.input.first.x % alignment == 0));
    CHECK((t.input.first.y >= 0 && t.input.first.y + t.input.size.height <= tall));
    CHECK((t.input.first.x >= 0 && t.input.first.x + t.input.size.width <= wide));
    CHECK((t.output.first.y == t.input.first.y + t.offset.y && t.output.first.x == t.input.first.x + t.offset.x));
    if (t.input.first.y > 0) CHECK(t.offset.y >= halo);
    if (t.input.first.x > 0) CHECK(t.offset.x >= halo);
    if (t.input.first.y + t.input.size.height < tall)
      CHECK(t.input.first.y + t.input.size.height - t.output.first.y - t.output.size.height >= halo);
    if (t.input.first.x + t.input.size.width < wide)
      CHECK(t.input.first.x + t.input.size.width - t.output.first.x - t.output.size.width >= halo);
  }
}

// The same of networks without padding, whose outputs are smaller by the margin.
void check_unpadded(const Tiling& tiling, std::int64_t alignment, std::int64_t halo, std::int64_t margin) {
  for (const Tile& t : tiling.tiles) {
    CHECK((t.input.size.height == tiling.tile.height && t.input.size.width == tiling.tile.width));
    CHECK((t.output.first.y % alignment == 0 && t.output.first.x % alignment == 0));
    CHECK(t.input.first.y + margin + t.offset.y == t.output.first.y);
    CHECK(t.input.first.x + margin + t.offset.x == t.output.first.x);
    CHECK((t.offset.y >= halo && t.offset.y + t.output.size.height + halo <= t.input.size.height - 2 * margin));
    CHECK((t.offset.x >= halo && t.offset.x + t.output.size.width + halo <= t.input.size.width - 2 * margin));
  }
}

std::pair<std::int64_t, std::size_t> cost(const Tiling& tiling) {
  return {tiling.computed_pixels(), tiling.tiles.size()};
}

// The same for every axis.
std::function<std::int64_t(char, std::int64_t)> along_both(std::function<std::int64_t(std::int64_t)> next_size) {
  return [next_size](char, std::int64_t extent) { return next_size(extent); };
}

// Of all tiles there can be.
std::pair<std::int64_t, std::size_t> least_cost(TilingOptions image, std::int64_t most,
                                                const std::function<std::int64_t(std::int64_t)>& next_size) {
  const auto whole = [&](const TilingAxis& axis) {
    return axis.margin > 0 ? next_size(axis.image + 2 * (axis.margin + axis.halo)) : padded(axis.image, axis.alignment);
  };
  const auto extents = [&](const TilingAxis& axis) {
    std::vector<std::int64_t> result = {whole(axis)};
    const std::int64_t least = next_size(2 * (axis.margin + axis.halo) + axis.alignment);
    for (std::int64_t tile = least; tile < whole(axis); tile = next_size(tile + 1)) result.push_back(tile);
    return result;
  };
  std::pair<std::int64_t, std::size_t> least{std::numeric_limits<std::int64_t>::max(), 0};
  for (const std::int64_t height : extents(image.y))
    for (const std::int64_t width : extents(image.x)) {
      if (height * width > most) continue;
      image.y.tile = height;
      image.x.tile = width;
      least = std::min(least, cost(tile_image(image)));
    }
  return least;
}

}  // namespace

TEST_CASE("tiles: coordinates outside are mirrored without repeating the edge") {
  const auto row = [](std::int64_t extent) {
    std::vector<std::int64_t> result;
    for (std::int64_t i = -5; i < 9; ++i) result.push_back(mirrored(i, extent));
    return result;
  };
  CHECK(row(4) == std::vector<std::int64_t>{1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2});
  CHECK(row(2) == std::vector<std::int64_t>{1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0});
  CHECK(row(1) == std::vector<std::int64_t>(14, 0));
}

TEST_CASE("tiles: padded networks, properties over random sizes") {
  PhiloxStream random(11);
  for (int i = 0; i < 400; ++i) {
    const std::int64_t alignment = std::int64_t{1} << random.below(4);
    const std::int64_t halo = random.below(12);
    const std::int64_t least = (2 * halo + alignment + alignment - 1) / alignment;
    const std::int64_t tile = alignment * (least + random.below(6));
    const std::int64_t height = 1 + random.below(120), width = 1 + random.below(120);
    const Tiling tiling = tile_image({{height, tile, alignment, halo, 0}, {width, tile, alignment, halo, 0}});
    check_cover(tiling, height, width);
    check_padded(tiling, height, width, alignment, halo);
  }
}

TEST_CASE("tiles: networks without padding, properties over random sizes") {
  PhiloxStream random(12);
  for (int i = 0; i < 400; ++i) {
    const std::int64_t alignment = std::int64_t{1} << random.below(4);
    const std::int64_t margin = 1 + random.below(20), halo = random.below(3);
    const std::int64_t tile = 2 * (margin + halo) + alignment + random.below(40);
    const std::int64_t height = 1 + random.below(120), width = 1 + random.below(120);
    const Tiling tiling = tile_image({{height, tile, alignment, halo, margin}, {width, tile, alignment, halo, margin}});
    check_cover(tiling, height, width);
    CHECK((tiling.tile.height == tile && tiling.tile.width == tile));
    check_unpadded(tiling, alignment, halo, margin);
  }
}

TEST_CASE("tiles: fitted to padded networks' images they are within the limit and compute least") {
  PhiloxStream random(13);
  int fewer = 0;
  for (int i = 0; i < 300; ++i) {
    const std::int64_t alignment = std::int64_t{1} << random.below(4);
    const std::int64_t halo = random.below(12);
    const std::int64_t step = alignment * (1 + random.below(2));
    const auto next_size = [&](std::int64_t extent) { return (extent + step - 1) / step * step; };
    const std::int64_t side = next_size(2 * halo + alignment) + step * random.below(6);
    const std::int64_t height = 1 + random.below(150), width = 1 + random.below(150);
    const TilingOptions image{{height, side, alignment, halo, 0}, {width, side, alignment, halo, 0}};
    const Tiling square = tile_image(image);
    const auto options = fit_tiles(image, side * side, along_both(next_size));
    REQUIRE(options);
    const Tiling fitted = tile_image(*options);
    check_cover(fitted, height, width);
    check_padded(fitted, height, width, alignment, halo);
    CHECK(fitted.tile.height * fitted.tile.width <= side * side);
    CHECK(cost(fitted) == least_cost(image, side * side, next_size));
    CHECK(fitted.computed_pixels() <= square.computed_pixels());
    if (fitted.computed_pixels() < square.computed_pixels()) ++fewer;
  }
  CHECK(fewer > 150);
}

TEST_CASE("tiles: fitted to images of networks without padding they are within the limit and compute least") {
  PhiloxStream random(14);
  int fewer = 0;
  for (int i = 0; i < 300; ++i) {
    const std::int64_t alignment = std::int64_t{1} << random.below(4);
    const std::int64_t margin = 1 + random.below(20), halo = random.below(3);
    const std::int64_t rest = random.below(static_cast<std::uint32_t>(alignment));
    // Sizes that the network takes: rest beyond a multiple.
    const auto next_size = [&](std::int64_t extent) {
      return (extent - rest + alignment - 1) / alignment * alignment + rest;
    };
    const std::int64_t side = next_size(2 * (margin + halo) + alignment) + alignment * random.below(6);
    const std::int64_t height = 1 + random.below(150), width = 1 + random.below(150);
    const TilingOptions image{{height, side, alignment, halo, margin}, {width, side, alignment, halo, margin}};
    const Tiling square = tile_image(image);
    const auto options = fit_tiles(image, side * side, along_both(next_size));
    REQUIRE(options);
    const Tiling fitted = tile_image(*options);
    check_cover(fitted, height, width);
    check_unpadded(fitted, alignment, halo, margin);
    CHECK((next_size(fitted.tile.height) == fitted.tile.height && next_size(fitted.tile.width) == fitted.tile.width));
    CHECK(fitted.tile.height * fitted.tile.width <= side * side);
    CHECK(cost(fitted) == least_cost(image, side * side, next_size));
    CHECK(fitted.computed_pixels() <= square.computed_pixels());
    if (fitted.computed_pixels() < square.computed_pixels()) ++fewer;
  }
  CHECK(fewer > 75);
}

TEST_CASE("tiles: fitted to a square image they may be wider than high, or as high as the image") {
  const auto next_size = [](std::int64_t extent) { return (extent + 15) / 16 * 16; };
  const auto fitted = [&](std::int64_t height, std::int64_t width, std::int64_t most) {
    const auto options = fit_tiles({{height, 0, 8, 48, 0}, {width, 0, 8, 48, 0}}, most, along_both(next_size));
    REQUIRE(options);
    return tile_image(*options);
  };
  // Squares of 512 would be nine, and compute 1.64 times as much.
  const Tiling six = fitted(1024, 1024, 512 * 512);
  CHECK(six.tiles.size() == 6);
  CHECK(std::minmax(six.tile.height, six.tile.width) == std::minmax<std::int64_t>(416, 560));
  // Hardly larger than a tile: two that are as high as the image, up to the grid.
  const Tiling two = fitted(513, 512, 512 * 512);
  CHECK(two.tiles.size() == 2);
  CHECK(two.computed_pixels() == 2 * 520 * 304);
  CHECK(fitted(512, 512, 512 * 512).tiles.size() == 1);
  CHECK_FALSE(fit_tiles({{500, 0, 8, 48, 0}, {500, 0, 8, 48, 0}}, 112 * 112 - 1, along_both(next_size)));
}

TEST_CASE("tiles: a padded network gives the same bits tiled and whole") {
  for (const int depth : {0, 1, 2}) {
    const std::int64_t alignment = std::int64_t{1} << depth, halo = radius_of(depth);
    for (const auto& [height, width] : {std::pair<std::int64_t, std::int64_t>{96, 80}, {97, 61}, {40, 130}}) {
      const Image image = test::random_image(1, height, width);
      const auto run = [&](const Plane& in) { return network(in, depth, true); };
      const Tiling whole = tile_image({{height, 0, alignment, halo, 0}, {width, 0, alignment, halo, 0}});
      REQUIRE(whole.tiles.size() == 1);
      const Plane expected = run_tiled(image, whole, run);
      for (const std::int64_t tile : {2 * halo + alignment + alignment, 2 * halo + 24}) {
        const std::int64_t size = (tile + alignment - 1) / alignment * alignment;
        const Tiling tiling = tile_image({{height, size, alignment, halo, 0}, {width, size, alignment, halo, 0}});
        CHECK(tiling.tiles.size() > 1);
        CHECK(run_tiled(image, tiling, run).values == expected.values);
      }
      // With too small a halo the test must notice.
      if (depth == 2) {
        const Tiling poor = tile_image({{height, 32, alignment, 2, 0}, {width, 32, alignment, 2, 0}});
        CHECK(run_tiled(image, poor, run).values != expected.values);
      }
    }
  }
}

TEST_CASE("tiles: a network without padding gives the same bits tiled and whole") {
  for (const int depth : {0, 1, 2}) {
    const std::int64_t alignment = std::int64_t{1} << depth, margin = loss_of(depth) / 2;
    // Sizes it accepts: what its innermost level has is a whole number of pixels.
    const auto accepted = [&](std::int64_t least) {
      while ((least - (depth == 2 ? 2 + 4 : depth == 1 ? 2 : 0)) % alignment != 0) ++least;
      return least;
    };
    const auto run = [&](const Plane& in) {
      const Plane out = network(in, depth, false);
      REQUIRE(out.height == in.height - 2 * margin);
      return out;
    };
    for (const auto& [height, width] : {std::pair<std::int64_t, std::int64_t>{64, 50}, {33, 91}, {7, 5}}) {
      const Image image = test::random_image(1, height, width);
      const std::int64_t tall = accepted(height + 2 * margin), wide = accepted(width + 2 * margin);
      const Tiling whole = tile_image({{height, tall, alignment, 0, margin}, {width, wide, alignment, 0, margin}});
      REQUIRE(whole.tiles.size() == 1);
      const Plane expected = run_tiled(image, whole, run);
      const std::int64_t tile = accepted(2 * margin + 2 * alignment + 1);
      const Tiling tiling = tile_image({{height, tile, alignment, 0, margin}, {width, tile, alignment, 0, margin}});
      CHECK((tiling.tiles.size() > 1 || height < 10));
      CHECK(run_tiled(image, tiling, run).values == expected.values);
    }
  }
}

TEST_CASE("tiles: the paper's U-Net takes 572 and gives 388") {
  const Tiling tiling = tile_image({{512, 572, 16, 0, 92}, {512, 572, 16, 0, 92}});
  CHECK(tiling.tiles.size() == 4);
  CHECK(tiling.tiles[0].input == Box{{0, -92, -92}, {572, 572}});
  CHECK(tiling.tiles[1].output == Box{{0, 0, 384}, {384, 128}});
}

TEST_CASE("tiles: sizes that can't work are refused with one that does") {
  CHECK(test::contains(test::error_of([] { tile_image({{100, 30, 8, 4, 0}, {100, 32, 8, 4, 0}}); }), "use --tile 32"));
  CHECK(test::contains(test::error_of([] {
                         tile_image({{100, 32, 8, 40, 0}, {100, 32, 8, 40, 0}});
                       }),
                       "use --tile 88 or more"));
  CHECK(test::contains(test::error_of([] {
                         tile_image({{100, 32, 8, 0, 20}, {100, 32, 8, 0, 20}});
                       }),
                       "loses 20 pixels"));
}

TEST_CASE("tiles: volumes are cut along three axes, and put together again") {
  Image volume(2, ImageSize(13, 22, 31));
  for (std::size_t i = 0; i < volume.values.size(); ++i) volume.values[i] = static_cast<float>(i);
  for (const std::int64_t margin : {0, 2}) {
    const auto axis = [&](std::int64_t image, std::int64_t tile) {
      return TilingAxis{.image = image, .tile = tile, .alignment = 2, .halo = 2, .margin = margin};
    };
    const Tiling tiling = tile_image({axis(22, 14), axis(31, 16), axis(13, 12)});
    CHECK(tiling.tile == ImageSize(12, 14, 16));
    CHECK(tiling.tiles.size() > 8);
    Image result(2, volume.size());
    for (const Tile& tile : tiling.tiles) {
      const HostTensor input = read_tile(volume, tile.input, 3);
      REQUIRE(input.shape == Shape{1, 2, 12, 14, 16});
      // A network that gives its input back, without the margin.
      const std::int64_t depth = 12 - 2 * margin, height = 14 - 2 * margin, width = 16 - 2 * margin;
      HostTensor output(Shape{1, 2, depth, height, width});
      for (std::int64_t c = 0; c < 2; ++c)
        for (std::int64_t z = 0; z < depth; ++z)
          for (std::int64_t y = 0; y < height; ++y)
            for (std::int64_t x = 0; x < width; ++x)
              output.floats()[static_cast<std::size_t>(((c * depth + z) * height + y) * width + x)] =
                  input.floats()[static_cast<std::size_t>(((c * 12 + z + margin) * 14 + y + margin) * 16 + x + margin)];
      write_tile(output, tile, result);
    }
    CHECK(result.values == volume.values);
  }
}

TEST_CASE("tiles: outputs may be finer than inputs") {
  Image image(1, 9, 14);
  for (std::size_t i = 0; i < image.values.size(); ++i) image.values[i] = static_cast<float>(i);
  const Tiling tiling = tile_image({{9, 6, 1, 2, 0}, {14, 7, 1, 2, 0}});
  CHECK(tiling.tiles.size() > 3);
  Image result(1, 18, 28);
  for (const Tile& tile : tiling.tiles) {
    const HostTensor input = read_tile(image, tile.input);
    const std::int64_t height = input.shape[2], width = input.shape[3];
    HostTensor output(Shape{1, 1, 2 * height, 2 * width});
    for (std::int64_t y = 0; y < 2 * height; ++y)
      for (std::int64_t x = 0; x < 2 * width; ++x)
        output.floats()[static_cast<std::size_t>(y * 2 * width + x)] =
            input.floats()[static_cast<std::size_t>(y / 2 * width + x / 2)];
    write_tile(output, tile, result, 2);
  }
  for (std::size_t y = 0; y < 18; ++y)
    for (std::size_t x = 0; x < 28; ++x) CHECK(result.values[y * 28 + x] == static_cast<float>(y / 2 * 14 + x / 2));
}

TEST_CASE("tiles: a volume of one slice is cut as one that is padded to the grid") {
  const TilingAxis z{.image = 1, .alignment = 4, .halo = 4}, side{.image = 100, .alignment = 4, .halo = 4};
  const auto fitted =
      fit_tiles({side, side, z}, 4 * 40 * 40, [](char, std::int64_t extent) { return (extent + 3) / 4 * 4; });
  REQUIRE(fitted);
  const Tiling tiling = tile_image(*fitted);
  CHECK(tiling.tile.depth == 4);
  CHECK(tiling.tile.pixels() <= 4 * 40 * 40);
  CHECK(tiling.tiles.size() > 1);
}

}  // namespace tuff
