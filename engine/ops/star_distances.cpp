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

// Inputs: labels, star_rays().
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
  if (inputs[0].dtype != DType::i32 || inputs[0].layout != Layout::channels_last || rank < 3 || rank > 4 ||
      (rank == 4 && shape[1] != 1))
    throw Error(
        fmt::format("star_distances: labels are {}, must be i32 ids (N, H, W) or (N, 1, H, W)", to_string(inputs[0])));
  const auto sampled = [&](int axis) { return (shape[axis] - 1) / attributes_.grid + 1; };
  return {{DType::f32, Shape{shape[0], attributes_.rays, sampled(rank - 2), sampled(rank - 1)}}};
}

KernelDispatches emit(const KernelRequest& request) {
  const TensorType& labels = request.inputs[0];
  const TensorType& result = request.outputs[0];
  const auto count = static_cast<std::uint64_t>(result.shape.elements());
  const int rank = labels.shape.rank();
  const std::vector<std::int64_t> steps = strides(labels);  // (N, H, W) lies as N, W, H
  Dispatch dispatch;
  dispatch.shader = "star_distances/march.i32";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.buffers = {reads_input(0), reads_input(1), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count)};
  for (const std::int64_t value :
       {labels.shape[rank - 2], labels.shape[rank - 1], steps[static_cast<std::size_t>(rank - 2)],
        steps[static_cast<std::size_t>(rank - 1)], static_cast<const StarDistances&>(request.op).values().grid})
    dispatch.constants.push_back(static_cast<std::uint32_t>(value));
  for (const int axis : {1, 3, 2}) append_division(dispatch.constants, static_cast<std::uint32_t>(result.shape[axis]));
  dispatch.groups = linear_groups(count, request.caps);
  // A ray of some 16 steps; how many they are depends on the objects.
  dispatch.flops = 64.0 * static_cast<double>(count);
  dispatch.bytes = static_cast<double>(result.bytes() + 16 * static_cast<std::int64_t>(count));
  dispatch.linear = true;
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::vector<float> star_rays(std::int64_t rays) {
  std::vector<float> table;
  for (std::int64_t k = 0; k < rays; ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(rays);
    // Axes and diagonals exactly, where sin(pi) would give 1e-16 and a ray could leave its row.
    const auto clean = [](double value) { return static_cast<float>(std::round(value * 0x1p40) * 0x1p-40); };
    const float dy = clean(std::sin(angle)), dx = clean(std::cos(angle));
    table.insert(table.end(), {dy, dx, 0.5f / std::max(std::abs(dy), std::abs(dx)) - 1.0f});
  }
  return table;
}

Value star_distances(Value labels, const StarDistancesAttributes& attributes) {
  if (attributes.rays < 3 || attributes.rays > 4096)
    throw Error(fmt::format("star_distances: rays is {}, must be 3 to 4096", attributes.rays));
  if (attributes.grid < 1) throw Error(fmt::format("star_distances: grid is {}, must be at least 1", attributes.grid));
  Graph& graph = labels.graph();
  const std::vector<float> table = star_rays(attributes.rays);
  Value rays = graph.constant(HostTensor::from_floats(Shape{attributes.rays, 3}, table));
  return graph.add(std::make_shared<StarDistances>(attributes), {labels, rays})[0];
}

std::vector<Kernel> star_distances_kernels() {
  return {{"march", refuse_large, emit}};
}

}  // namespace tuff
