#include "ops/grid_sample.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/expand.h"
#include "ops/grid_sample_kernels.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/slice.h"
#include "ops/spatial.h"

namespace tuff {

std::string_view to_string(GridSampleMode mode) {
  switch (mode) {
    case GridSampleMode::bilinear: return "bilinear";
    case GridSampleMode::nearest: return "nearest";
    case GridSampleMode::bicubic: return "bicubic";
  }
  return "?";
}

std::string_view to_string(GridPadding padding) {
  switch (padding) {
    case GridPadding::zeros: return "zeros";
    case GridPadding::border: return "border";
    case GridPadding::reflection: return "reflection";
  }
  return "?";
}

std::string GridSampleOp::attributes() const {
  return fmt::format("mode={} padding_mode={} align_corners={} pixels={} image={}", to_string(attributes_.mode),
                     to_string(attributes_.padding_mode), attributes_.align_corners, attributes_.pixels,
                     to_string(image_));
}

Shape GridSampleOp::sampled(const TensorType& grid) const {
  const int rank = image_.rank();
  require_float(name(), "grid", grid);
  const int coordinates = attributes_.pixels ? 1 : rank - 1;  // their axis
  if (grid.shape.rank() != rank || grid.shape[0] != image_[0] || grid.shape[coordinates] != rank - 2)
    throw Error(fmt::format("{}: grid is {}, must be ({}, {}{} extents{}) for x ({})", name(), to_string(grid),
                            image_[0], attributes_.pixels ? fmt::format("{}, ", rank - 2) : "", rank - 2,
                            attributes_.pixels ? "" : fmt::format(", {}", rank - 2), to_string(image_)));
  std::vector<std::int64_t> extents = grid.shape.extents();
  extents.erase(extents.begin() + coordinates);
  extents.insert(extents.begin() + 1, image_[1]);
  return Shape(std::move(extents));
}

namespace {

class GridSampleInputGradient : public GridSampleOp {
 public:
  using GridSampleOp::GridSampleOp;
  std::string_view name() const override { return "grid_sample_input_gradient"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_float(name(), "upstream", inputs[0]);
    if (inputs[0].shape != sampled(inputs[1]))
      throw Error(
          fmt::format("{}: upstream is {}, must be {}", name(), to_string(inputs[0]), to_string(sampled(inputs[1]))));
    return {{DType::f32, image()}};
  }
};

class GridSampleGridGradient : public GridSampleOp {
 public:
  using GridSampleOp::GridSampleOp;
  std::string_view name() const override { return "grid_sample_grid_gradient"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0, 1}, {}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_float(name(), "upstream", inputs[0]);
    if (inputs[0].shape != sampled(inputs[2]))
      throw Error(
          fmt::format("{}: upstream is {}, must be {}", name(), to_string(inputs[0]), to_string(sampled(inputs[2]))));
    return {inputs[2]};
  }
};

class GridSample : public GridSampleOp {
 public:
  using GridSampleOp::GridSampleOp;
  std::string_view name() const override { return "grid_sample"; }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_image(name(), "x", inputs[0]);
    if (values().mode == GridSampleMode::bicubic && image().rank() > 4)
      throw Error(
          fmt::format("grid_sample: mode bicubic takes one or two spatial axes, x is {}", to_string(inputs[0])));
    return {{DType::f32, sampled(inputs[1])}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    Graph& graph = context.inputs[0].graph();
    const Value x = context.inputs[0], grid = context.inputs[1], upstream = context.upstream[0];
    const Value dx = graph.add(std::make_shared<GridSampleInputGradient>(values(), image()), {upstream, grid})[0];
    if (values().mode == GridSampleMode::nearest) return {dx, mul_scalar(grid, 0)};
    return {dx, graph.add(std::make_shared<GridSampleGridGradient>(values(), image()), {upstream, x, grid})[0]};
  }
};

// Of the pixels along one axis, as torch's affine_grid takes them.
std::vector<float> base_coordinates(std::int64_t extent, bool align_corners) {
  std::vector<float> places;
  const auto count = static_cast<double>(extent);
  for (std::int64_t i = 0; i < extent; ++i) {
    const double at = 2 * static_cast<double>(i) + 1 - count;
    places.push_back(static_cast<float>(at / (align_corners ? std::max(count - 1, 1.0) : count)));
  }
  return places;
}

}  // namespace

Value grid_sample(Value x, Value grid, const GridSampleAttributes& attributes) {
  require_image("grid_sample", "x", x.type());
  return x.graph().add(std::make_shared<GridSample>(attributes, x.shape()), {x, grid})[0];
}

Value affine_grid(Value theta, Shape size, bool align_corners) {
  const Shape shape = theta.shape();
  const int axes = size.rank() - 2;
  require_float("affine_grid", "theta", theta.type());
  if (axes < 1 || axes > 3 || shape != Shape{size[0], axes, axes + 1})
    throw Error(
        fmt::format("affine_grid: theta is {}, must be (N, d, d + 1) for an image of {} with d = 1 to 3 spatial axes",
                    to_string(theta.type()), to_string(size)));
  std::vector<std::int64_t> single(static_cast<std::size_t>(axes) + 2, 1);
  single.front() = size[0];
  single.back() = axes;
  // A column of theta, (N, 1 ..., d).
  const auto column = [&](std::int64_t j) {
    return expand(sum(slice(theta, {0, 0, j}, {size[0], axes, j + 1}), {2}), Shape(single), {0, axes + 1});
  };
  Value grid = column(axes);
  for (int j = 0; j < axes; ++j) {
    const int axis = axes - j;  // of the grid; x runs along the last
    std::vector<std::int64_t> extents(static_cast<std::size_t>(axes) + 2, 1);
    extents[static_cast<std::size_t>(axis)] = size[axis + 1];
    const std::vector<float> places = base_coordinates(size[axis + 1], align_corners);
    grid = add(grid, mul(column(j), theta.graph().constant(HostTensor::from_floats(Shape(extents), places))));
  }
  return grid;
}

}  // namespace tuff
