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

TEST_CASE("geometry: extents, alignment and radius of small chains") {
  const std::vector<AxisLayer> chain = {AxisLayer::convolution(3, false), AxisLayer::reduction(2),
                                        AxisLayer::expansion(2)};
  CHECK(output_extent(chain, 10) == 8);
  CHECK(output_extent(chain, 9) == 0);  // 7 can't be halved
  CHECK(output_extent(chain, 2) == 0);
  CHECK(alignment_of(chain) == 2);
  CHECK(receptive_radius(chain, 1) == 2);
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
