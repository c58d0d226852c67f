#include "ops/star_distances.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "ops/division.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

// Inputs: labels, and of each ray z, y, x and what is added to the number of its last step.
class StarDistances : public Op {
 public:
  explicit StarDistances(StarDistancesAttributes attributes) : attributes_(attributes) {}
  const StarDistancesAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "star_distances"; }
  std::string attributes() const override { return fmt::format("rays={} grid={}", attributes_.rays, attributes_.grid); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext&) const override { return {Value{}, Value{}}; }

 private:
  StarDistancesAttributes attributes_;
};

std::vector<TensorType> StarDistances::infer(std::span<const TensorType> inputs) const {
  const Shape& shape = inputs[0].shape;
  const int rank = shape.rank();
  if (inputs[0].dtype != DType::i32 || inputs[0].layout != Layout::channels_last || rank < 3 || rank > 5 ||
      (rank > 3 && shape[1] != 1))
    throw Error(fmt::format("star_distances: labels are {}, must be i32 ids (N, H, W), (N, 1, H, W) or (N, 1, D, H, W)",
                            to_string(inputs[0])));
  const auto sampled = [&](int axis, std::int64_t grid) { return (shape[axis] - 1) / grid + 1; };
  const std::int64_t height = sampled(rank - 2, attributes_.grid), width = sampled(rank - 1, attributes_.grid);
  if (rank < 5) return {{DType::f32, Shape{shape[0], attributes_.rays, height, width}}};
  return {{DType::f32, Shape{shape[0], attributes_.rays, sampled(2, attributes_.depth_grid), height, width}}};
}

KernelDispatches emit(const KernelRequest& request) {
  const TensorType& labels = request.inputs[0];
  const Volume result = volume(request.outputs[0]);
  const auto count = static_cast<std::uint64_t>(request.outputs[0].shape.elements());
  const int rank = labels.shape.rank();
  const std::vector<std::int64_t> steps = strides(labels);  // (N, H, W) lies as N, W, H
  const StarDistancesAttributes& attributes = static_cast<const StarDistances&>(request.op).values();
  Dispatch dispatch;
  dispatch.shader = "star_distances/march.i32";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), reads_input(1), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count)};
  for (const std::int64_t value : {rank < 5 ? 1 : labels.shape[2], labels.shape[rank - 2], labels.shape[rank - 1],
                                   rank < 5 ? 0 : steps[2], steps[static_cast<std::size_t>(rank - 2)],
                                   steps[static_cast<std::size_t>(rank - 1)], attributes.depth_grid, attributes.grid})
    dispatch.constants.push_back(static_cast<std::uint32_t>(value));
  for (const std::uint32_t extent : {result.channels, result.width, result.height, result.depth})
    append_division(dispatch.constants, extent);
  dispatch.groups = linear_groups(count, request.caps);
  // A ray of some 16 steps; how many they are depends on the objects.
  dispatch.flops = 64.0 * static_cast<double>(count);
  dispatch.bytes = static_cast<double>(request.outputs[0].bytes() + 16 * static_cast<std::int64_t>(count));
  dispatch.linear = true;
  return {{std::move(dispatch)}, {}};
}

// Rays along rows stay in them, where sin(pi) would be 1e-16.
float clean(double value) {
  return static_cast<float>(std::round(value * 0x1p40) * 0x1p-40);
}

}  // namespace

std::vector<StarRay> star_rays(std::int64_t rays) {
  std::vector<StarRay> result;
  for (std::int64_t k = 0; k < rays; ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(rays);
    result.push_back({0, clean(std::sin(angle)), clean(std::cos(angle))});
  }
  return result;
}

std::vector<StarRay> star_rays_3d(std::int64_t rays, double anisotropy) {
  if (rays < star_least_rays(3) || !(anisotropy > 0))
    throw Error(fmt::format("star_distances: volumes need at least {} rays and an anisotropy above 0, not {} and {}",
                            star_least_rays(3), rays, anisotropy));
  const double golden_angle = (3 - std::sqrt(5.0)) * std::numbers::pi;
  std::vector<StarRay> result;
  for (std::int64_t k = 0; k < rays; ++k) {
    const double z = 2.0 * static_cast<double>(k) / static_cast<double>(rays - 1) - 1;
    const double across = std::sqrt(std::max(0.0, 1 - z * z)), angle = golden_angle * static_cast<double>(k);
    const double length = std::hypot(z / anisotropy, across);
    result.push_back({clean(z / anisotropy / length), clean(across * std::sin(angle) / length),
                      clean(across * std::cos(angle) / length)});
  }
  return result;
}

Value star_distances(Value labels, const StarDistancesAttributes& attributes) {
  if (attributes.rays < star_least_rays(2) || attributes.rays > 4096)
    throw Error(fmt::format("star_distances: rays is {}, must be {} to 4096", attributes.rays, star_least_rays(2)));
  const std::int64_t grid = std::min(attributes.grid, attributes.depth_grid);
  if (grid < 1) throw Error(fmt::format("star_distances: grid is {}, must be at least 1", grid));
  const bool flat = labels.shape().rank() < 5;
  std::vector<float> table;
  for (const auto& [z, y, x] : flat ? star_rays(attributes.rays) : star_rays_3d(attributes.rays, attributes.anisotropy))
    table.insert(table.end(), {z, y, x, 0.5f / std::max({std::abs(z), std::abs(y), std::abs(x)}) - 1.0f});
  Graph& graph = labels.graph();
  Value rays = graph.constant(HostTensor::from_floats(Shape{attributes.rays, 4}, table));
  return graph.add(std::make_shared<StarDistances>(attributes), {labels, rays})[0];
}

std::vector<Kernel> star_distances_kernels() {
  return {{"march", refuse_large, emit}};
}

}  // namespace tuff
