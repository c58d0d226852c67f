#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/grid_sample.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// One axis of PyTorch's definition: the places read (perhaps outside) and their weights.
inline double mirrored_place(double place, double low, double high) {
  if (low == high) return 0;
  const double span = high - low, distance = std::abs(place - low);
  const double extra = std::fmod(distance, span);
  return std::fmod(std::floor(distance / span), 2) == 0 ? low + extra : high - extra;
}

inline double padded_place(double place, std::int64_t extent, const GridSampleAttributes& a) {
  const auto last = static_cast<double>(extent - 1);
  if (a.padding_mode == GridPadding::zeros) return place;
  if (a.padding_mode == GridPadding::reflection)
    place = a.align_corners ? mirrored_place(place, 0, last) : mirrored_place(place, -0.5, last + 0.5);
  return std::clamp(place, 0.0, last);
}

inline std::vector<std::pair<double, double>> grid_taps(double coordinate, std::int64_t extent,
                                                        const GridSampleAttributes& a) {
  const auto size = static_cast<double>(extent);
  const double place = a.pixels          ? coordinate
                       : a.align_corners ? (coordinate + 1) / 2 * (size - 1)
                                         : ((coordinate + 1) * size - 1) / 2;
  if (a.mode == GridSampleMode::nearest) return {{std::nearbyint(padded_place(place, extent, a)), 1.0}};
  if (a.mode == GridSampleMode::bilinear) {
    const double at = padded_place(place, extent, a);
    return {{std::floor(at), 1 - (at - std::floor(at))}, {std::floor(at) + 1, at - std::floor(at)}};
  }
  std::vector<std::pair<double, double>> taps;
  for (int t = -1; t <= 2; ++t) {
    const double x = std::abs(place - std::floor(place) - t), w = -0.75;
    const double weight = x <= 1 ? ((w + 2) * x - (w + 3)) * x * x + 1 : ((w * x - 5 * w) * x + 8 * w) * x - 4 * w;
    taps.emplace_back(padded_place(std::floor(place) + t, extent, a), weight);
  }
  return taps;
}

inline double sampled_at(const Array& x, const Index& image, const std::vector<double>& coordinates,
                         const GridSampleAttributes& a) {
  std::vector<std::vector<std::pair<double, double>>> taps;
  std::vector<std::int64_t> counts;
  for (std::size_t axis = 0; axis < coordinates.size(); ++axis) {  // x runs along the last
    taps.push_back(grid_taps(coordinates[coordinates.size() - 1 - axis], x.shape.extents()[axis + 2], a));
    counts.push_back(static_cast<std::int64_t>(taps.back().size()));
  }
  double sum = 0;
  for_each_index(Shape(counts), [&](const Index& t) {
    Index at = image;
    double weight = 1;
    for (std::size_t axis = 0; axis < t.size(); ++axis) {
      const auto& [place, share] = taps[axis][static_cast<std::size_t>(t[axis])];
      if (place < 0 || place > static_cast<double>(x.shape.extents()[axis + 2] - 1)) return;
      at.push_back(static_cast<std::int64_t>(place));
      weight *= share;
    }
    sum += weight * x.data[offset_of(x.shape, at)];
  });
  return sum;
}

// `spread`: how far beyond the image the grid reaches.
inline Array random_grid(const std::string& name, const Shape& shape, double spread) {
  PhiloxStream draws(std::accumulate(name.begin(), name.end(), std::uint64_t{17},
                                     [](std::uint64_t h, char c) { return h * 31 + static_cast<unsigned char>(c); }));
  Array grid(shape);
  for (double& value : grid.data) value = static_cast<float>(draws.uniform(-spread, spread));
  return grid;
}

inline OpCase grid_sample_case(std::string name, const Shape& x, const std::vector<std::int64_t>& size,
                               const GridSampleAttributes& attributes, double spread = 1.3) {
  std::vector<std::int64_t> extents = size;
  extents.insert(extents.begin(), x[0]);
  extents.insert(attributes.pixels ? extents.begin() + 1 : extents.end(), x.rank() - 2);
  OpCase result{
      .name = fmt::format("{}, {}, {}{}{}", name, to_string(attributes.mode), to_string(attributes.padding_mode),
                          attributes.align_corners ? ", align_corners" : "", attributes.pixels ? ", pixels" : ""),
      .inputs = {{.type = {DType::f32, x}}, {.type = {DType::f32, Shape(extents)}}}};
  result.inputs[1].values = random_grid(result.name, Shape(extents), spread);
  result.build = [=](Graph&, std::span<const Value> in) {
    return std::vector<Value>{grid_sample(in[0], in[1], attributes)};
  };
  result.reference = [=](std::span<const Array> in) {
    std::vector<std::int64_t> sampled = size;
    sampled.insert(sampled.begin(), {x[0], x[1]});
    return std::vector<Array>{generate(Shape(sampled), [&](const Index& out) {
      std::vector<double> coordinates;
      for (std::int64_t k = 0; k < x.rank() - 2; ++k) {
        Index at = out;
        at.erase(at.begin() + 1);
        at.insert(attributes.pixels ? at.begin() + 1 : at.end(), k);
        coordinates.push_back(in[1].data[offset_of(in[1].shape, at)]);
      }
      return sampled_at(in[0], {out[0], out[1]}, coordinates, attributes);
    })};
  };
  return result;
}

inline std::vector<OpCase> grid_sample_cases() {
  std::vector<OpCase> cases;
  for (const GridSampleMode mode : {GridSampleMode::bilinear, GridSampleMode::nearest, GridSampleMode::bicubic})
    for (const GridPadding padding : {GridPadding::zeros, GridPadding::border, GridPadding::reflection})
      for (const bool aligned : {false, true})
        cases.push_back(grid_sample_case("plane", {2, 4, 5, 7}, {4, 6}, {mode, padding, aligned},
                                         padding == GridPadding::reflection ? 3.7 : 1.3));
  for (const GridPadding padding : {GridPadding::zeros, GridPadding::reflection})
    for (const bool aligned : {false, true})
      cases.push_back(grid_sample_case(
          "plane", {2, 3, 5, 7}, {4, 6},
          {.mode = GridSampleMode::bilinear, .padding_mode = padding, .align_corners = aligned, .pixels = true}, 9));
  cases.push_back(grid_sample_case("volume", {2, 4, 3, 4, 5}, {2, 3, 4},
                                   {GridSampleMode::nearest, GridPadding::reflection, false, true}, 6));
  cases.push_back(grid_sample_case("volume", {1, 1, 3, 4, 5}, {2, 3, 4},
                                   {GridSampleMode::bilinear, GridPadding::reflection, false, true}, 6));
  cases.push_back(grid_sample_case("odd channels, larger", {1, 3, 4, 5}, {9, 13}, {}));
  cases.push_back(grid_sample_case("more than two levels of boxes", {2, 4, 6, 6}, {25, 27}, {}));
  cases.push_back(grid_sample_case("volume", {2, 4, 3, 4, 5}, {2, 3, 4}, {}));
  cases.push_back(
      grid_sample_case("volume", {1, 3, 3, 4, 5}, {5, 4, 3}, {GridSampleMode::nearest, GridPadding::border, true}));
  cases.push_back(grid_sample_case("volume", {1, 4, 3, 4, 5}, {5, 4, 3},
                                   {GridSampleMode::bilinear, GridPadding::reflection, true}, 2.6));
  cases.push_back(grid_sample_case("line", {2, 4, 9}, {17}, {}));
  cases.push_back(grid_sample_case("line", {1, 3, 9}, {5}, {GridSampleMode::bicubic, GridPadding::border, false}));
  cases.push_back(
      grid_sample_case("one pixel", {1, 4, 1, 1}, {2, 3}, {GridSampleMode::bilinear, GridPadding::border, false}));
  cases.push_back(grid_sample_case("all beyond the image", {1, 4, 3, 3}, {1, 2}, {}, 0.001));
  for (double& value : cases.back().inputs[1].values->data) value += 5;
  ShapeDraws draws("grid_sample");
  for (int i = 0; i < draws.rounds(5); ++i) {
    const int axes = draws.spatial_axes();
    const Shape x = draws.image(axes, 400);
    GridSampleAttributes attributes{draws.pick({GridSampleMode::bilinear, GridSampleMode::nearest}),
                                    draws.pick({GridPadding::zeros, GridPadding::border, GridPadding::reflection}),
                                    draws.coin(), draws.coin()};
    cases.push_back(grid_sample_case(draws.name(to_string(x)), x, draws.per_axis(axes, 1, 9), attributes));
  }
  return cases;
}

inline OpCase affine_grid_case(std::string name, const Shape& size, bool align_corners) {
  const std::int64_t axes = size.rank() - 2;
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, {size[0], axes, axes + 1}}}}};
  result.build = [=](Graph&, std::span<const Value> theta) {
    return std::vector<Value>{affine_grid(theta[0], size, align_corners)};
  };
  result.reference = [=](std::span<const Array> theta) {
    std::vector<std::int64_t> extents(size.extents().begin() + 2, size.extents().end());
    extents.insert(extents.begin(), size[0]);
    extents.push_back(axes);
    return std::vector<Array>{generate(Shape(extents), [&](const Index& at) {
      double sum = theta[0].at({at[0], at.back(), axes});
      for (std::int64_t j = 0; j < axes; ++j) {
        const auto axis = static_cast<std::size_t>(axes - j);
        const auto count = static_cast<double>(extents[axis]), i = static_cast<double>(at[axis]);
        const double place = count == 1 ? 0 : align_corners ? -1 + 2 * i / (count - 1) : (2 * i + 1) / count - 1;
        sum += theta[0].at({at[0], at.back(), j}) * place;
      }
      return sum;
    })};
  };
  return result;
}

inline std::vector<OpCase> affine_grid_cases() {
  return {
      affine_grid_case("plane", {2, 3, 4, 5}, false),
      affine_grid_case("plane, align_corners", {2, 3, 4, 5}, true),
      affine_grid_case("line", {1, 3, 9}, false),
      affine_grid_case("volume with an extent of 1", {2, 1, 3, 1, 4}, true),
  };
}

}  // namespace tuff::test
