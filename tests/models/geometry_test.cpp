#include "models/geometry.h"

#include <doctest/doctest.h>

#include <set>
#include <vector>

using namespace tuff;

namespace {

// Input pixels that output pixel `o` sees, by following every tap of every layer back.
std::set<std::int64_t> traced(AxisLayers layers, std::int64_t o) {
  std::set<std::int64_t> pixels = {o};
  for (std::size_t i = layers.size(); i-- > 0;) {
    const AxisLayer& layer = layers[i];
    std::set<std::int64_t> before;
    for (const std::int64_t pixel : pixels)
      for (std::int64_t from = pixel / 4 - 60; from < pixel * 4 + 60; ++from) {
        bool seen = false;
        for (std::int64_t tap = 0; tap < layer.kernel; ++tap) {
          if (layer.kind == AxisLayer::Kind::window)
            seen |= from == pixel * layer.stride - layer.padding + tap * layer.dilation;
          if (layer.kind == AxisLayer::Kind::transposed) seen |= pixel == from * layer.stride - layer.padding + tap;
        }
        if (layer.kind == AxisLayer::Kind::repeat)
          seen = pixel >= from * layer.stride && pixel < (from + 1) * layer.stride;
        if (layer.kind == AxisLayer::Kind::linear) {
          const double center =
              (static_cast<double>(pixel) + 0.5) / static_cast<double>(layer.stride) - 0.5 - static_cast<double>(from);
          seen = center > -1 && center < 1;
        }
        if (seen) before.insert(from);
      }
    pixels = before;
  }
  return pixels;
}

}  // namespace

TEST_CASE("geometry: the field of view is what the taps reach") {
  using Kind = AxisLayer::Kind;
  const std::vector<std::vector<AxisLayer>> chains = {
      {AxisLayer::convolution(3, true), AxisLayer::convolution(5, false, 2)},
      {AxisLayer::convolution(3, false), AxisLayer::reduction(2), AxisLayer::convolution(3, false)},
      {AxisLayer::reduction(2), AxisLayer::convolution(3, true), AxisLayer::expansion(2)},
      {AxisLayer::reduction(3), {.kind = Kind::linear, .stride = 3}, AxisLayer::convolution(3, true)},
      {AxisLayer::reduction(2), {.kind = Kind::repeat, .stride = 2}},
      {AxisLayer::reduction(2), {.kind = Kind::transposed, .kernel = 4, .stride = 2, .padding = 1}},
  };
  for (const auto& chain : chains)
    for (std::int64_t o = 0; o < 8; ++o) {
      const std::set<std::int64_t> pixels = traced(chain, o);
      CHECK(field_of_view(chain, o, o) == AxisField{*pixels.begin(), *pixels.rbegin()});
    }
}

TEST_CASE("geometry: strided convolutions and odd transposed kernels undo each other") {
  for (const std::int64_t kernel : {3, 5, 7}) {
    const std::vector<AxisLayer> down = {AxisLayer::strided_convolution(kernel, 2)};
    CHECK(output_extent(down, 32) == 16);
    CHECK(output_extent(down, 33) == 0);
    const AxisGeometry both({down[0], AxisLayer::convolution(3, true), AxisLayer::expansion(2, kernel)});
    CHECK(both.output_size(32) == 32);
    CHECK(both.nearest_sizes(33) == std::pair<std::int64_t, std::int64_t>{32, 34});
    CHECK(both.margin() == 0);
    CHECK(both.alignment() == 2);
  }
  // A ResNet's stem and pooling: 7x7 and 3x3, of stride 2 both, and back by 3x3 twice.
  const AxisGeometry linknet({AxisLayer::strided_convolution(7, 2), AxisLayer::strided_convolution(3, 2),
                              AxisLayer::expansion(2, 3), AxisLayer::expansion(2, 3)});
  CHECK(linknet.output_size(64) == 64);
  CHECK(linknet.output_size(66) == 0);
}

TEST_CASE("geometry: paths side by side fit where all fit, and the farthest counts") {
  const auto path = [](std::int64_t factor) {
    return std::vector<AxisLayer>{AxisLayer::crop(2 * (6 - factor)), AxisLayer::reduction(factor),
                                  AxisLayer::convolution(5, false), AxisLayer::nearest(factor)};
  };
  const AxisGeometry geometry({path(1), path(2), path(6)});
  CHECK(geometry.margin() == 12);
  CHECK(geometry.alignment() == 6);
  CHECK(geometry.output_size(24 + 6) == 6);
  CHECK(geometry.output_size(24 + 4) == 0);
  CHECK(geometry.receptive_radius() == 12 + 5);  // two pixels of six, and the rest of its own
}

TEST_CASE("geometry: networks that end finer or coarser than they began") {
  const AxisGeometry finer({AxisLayer::convolution(3, true), AxisLayer::nearest(2), AxisLayer::convolution(3, true)});
  CHECK(finer.scale() == 2);
  CHECK(finer.output_size(5) == 10);
  CHECK(finer.margin() == 0);
  CHECK(finer.receptive_radius() == 2);  // 1 of its own, which may lie in the next pixel
  const AxisGeometry coarser({AxisLayer::convolution(3, true), AxisLayer::reduction(4)});
  CHECK(coarser.output_size(8) == 2);
  CHECK(coarser.margin() == 0);
  CHECK(coarser.alignment() == 4);
  CHECK(coarser.receptive_radius() == 4);  // from the last of four to the one before the first
}

TEST_CASE("geometry: extents, alignment and radius of small chains") {
  const std::vector<AxisLayer> chain = {AxisLayer::convolution(3, false), AxisLayer::reduction(2),
                                        AxisLayer::expansion(2)};
  CHECK(output_extent(chain, 10) == 8);
  CHECK(output_extent(chain, 9) == 0);  // 7 can't be halved
  CHECK(output_extent(chain, 2) == 0);
  CHECK(alignment_of(chain) == 2);
  CHECK(AxisGeometry(chain).margin() == 1);
  CHECK(AxisGeometry(chain).receptive_radius() == 2);
  const std::vector<AxisLayer> strided = {{.kernel = 4, .stride = 2, .padding = 1}};
  CHECK(output_extent(strided, 9) == 4);
  CHECK(alignment_of(strided) == 2);
  CHECK(alignment_of(std::vector<AxisLayer>{}) == 1);
  // Up before down: a shift by one pixel is one of three, and three halvings of two need eight.
  CHECK(alignment_of(std::vector<AxisLayer>{AxisLayer::expansion(3)}) == 1);
  CHECK(alignment_of(std::vector<AxisLayer>{AxisLayer::expansion(2), AxisLayer::reduction(8)}) == 4);
  CHECK(nearest_extents([](std::int64_t size) { return size % 4 == 0 ? size : 0; }, 6) ==
        std::pair<std::int64_t, std::int64_t>{4, 8});
  CHECK(nearest_extents([](std::int64_t size) { return size % 4 == 0 ? size : 0; }, 3).first == 0);
}
