// Kernels of grid_sample and of its gradients.
#include <fmt/format.h>

#include "ops/grid_sample_kernels.h"
#include "ops/spatial.h"

namespace tuff {

namespace {

// The shaders' GRID_CONSTANTS and specialization; `grid` is the grid's type, `lanes` channels are done together.
Dispatch over_grid(const KernelRequest& request, std::string shader, const TensorType& grid, std::uint32_t lanes) {
  const auto& op = static_cast<const GridSampleOp&>(request.op);
  const int axes = op.image().rank() - 2;
  const Volume in = volume({DType::f32, op.image()});
  const int coordinates = op.values().pixels ? 1 : axes + 1;  // the grid's axis that holds them
  std::vector<std::int64_t> spatial = grid.shape.extents(), steps = strides(grid);
  const std::int64_t coordinate_step = steps[static_cast<std::size_t>(coordinates)];
  for (std::vector<std::int64_t>* per_axis : {&spatial, &steps}) per_axis->erase(per_axis->begin() + coordinates);
  const std::int64_t sample_step = steps.front();
  for (std::vector<std::int64_t>* per_axis : {&spatial, &steps}) per_axis->erase(per_axis->begin());
  Dispatch dispatch;
  dispatch.shader = std::move(shader);
  dispatch.specialization = {kGroupSize, 1, 1, static_cast<std::uint32_t>(axes),
                             static_cast<std::uint32_t>(op.values().mode)};
  dispatch.constants = {in.batch, in.channels / lanes, in.depth, in.height, in.width};
  for (const std::uint32_t extent : to_3d(spatial, 1)) dispatch.constants.push_back(extent);
  for (const std::uint32_t step : to_3d(steps, 0)) dispatch.constants.push_back(step);
  dispatch.constants.insert(dispatch.constants.end(),
                            {static_cast<std::uint32_t>(sample_step), static_cast<std::uint32_t>(coordinate_step),
                             static_cast<std::uint32_t>(op.values().padding_mode),
                             (op.values().pixels ? 2u : 0u) + (op.values().align_corners ? 1u : 0u)});
  dispatch.linear = true;
  for (const TensorType& type : request.inputs) dispatch.bytes += static_cast<double>(type.bytes());
  for (const TensorType& type : request.outputs) dispatch.bytes += static_cast<double>(type.bytes());
  return dispatch;
}

std::string variant(std::string_view shader, std::uint32_t lanes) {
  return fmt::format("grid_sample/{}.{}", shader, lanes == 4 ? "vec4" : "scalar");
}

// The image's channels are a multiple of four.
std::optional<std::string> refuse_channels(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  const std::int64_t channels = static_cast<const GridSampleOp&>(request.op).image()[1];
  if (channels % 4 != 0) return fmt::format("{} channels are no multiple of 4", channels);
  return std::nullopt;
}

// The pixels of the result, of all samples.
std::uint64_t grid_pixels(const TensorType& grid) {
  return static_cast<std::uint64_t>(grid.shape.elements() / (grid.shape.rank() - 2));
}

template <std::uint32_t lanes>
KernelDispatches emit_sample(const KernelRequest& request) {
  Dispatch dispatch = over_grid(request, variant("sample", lanes), request.inputs[1], lanes);
  dispatch.buffers = {reads_input(0), reads_input(1), writes_output(0)};
  dispatch.groups =
      linear_groups(static_cast<std::uint64_t>(request.outputs[0].shape.elements()) / lanes, request.caps);
  return {{std::move(dispatch)}, {}};
}

template <std::uint32_t lanes>
KernelDispatches emit_grid_gradient(const KernelRequest& request) {
  Dispatch dispatch = over_grid(request, variant("grid_gradient", lanes), request.inputs[2], lanes);
  dispatch.buffers = {reads_input(0), reads_input(1), reads_input(2), writes_output(0)};
  dispatch.groups = linear_groups(grid_pixels(request.inputs[2]), request.caps);
  return {{std::move(dispatch)}, {}};
}

// Boxes of 8 pixels each, then of 8 boxes each, until one level has 8 or fewer.
std::vector<std::uint32_t> tree_levels(std::uint64_t pixels) {
  std::vector<std::uint32_t> levels;
  do {
    pixels = (pixels + 7) / 8;
    levels.push_back(static_cast<std::uint32_t>(pixels));
  } while (pixels > 8);
  return levels;
}

template <std::uint32_t lanes>
KernelDispatches emit_input_gradient(const KernelRequest& request) {
  const TensorType& grid = request.inputs[1];
  const auto batch = static_cast<std::uint64_t>(grid.shape[0]);
  const std::vector<std::uint32_t> levels = tree_levels(grid_pixels(grid) / batch);
  std::uint32_t boxes = 0;
  for (const std::uint32_t level : levels) boxes += level;
  KernelDispatches result{{}, {batch * boxes * 6 * sizeof(std::int32_t)}};
  Dispatch leaves = over_grid(request, "grid_sample/bounds.scalar", grid, 1);
  leaves.buffers = {reads_input(1), writes_workspace(0)};
  leaves.constants.push_back(boxes);
  leaves.groups = linear_groups(batch * levels[0], request.caps);
  result.dispatches.push_back(leaves);
  std::uint32_t first = 0;
  for (std::size_t level = 1; level < levels.size(); ++level) {
    Dispatch merge{
        "grid_sample/merge_bounds.scalar", {kGroupSize, 1, 1}, {{{Operand::Kind::workspace, 0}, Access::read_write}}};
    merge.constants = {static_cast<std::uint32_t>(batch), boxes, first, levels[level - 1], levels[level]};
    merge.groups = linear_groups(batch * levels[level], request.caps);
    merge.bytes = 24.0 * static_cast<double>(batch) * levels[level - 1];
    first += levels[level - 1];
    result.dispatches.push_back(std::move(merge));
  }
  Dispatch gather = over_grid(request, variant("input_gradient", lanes), grid, lanes);
  gather.buffers = {reads_input(0), reads_input(1), reads_workspace(0), writes_output(0)};
  gather.constants.insert(gather.constants.end(), {boxes, static_cast<std::uint32_t>(levels.size()) - 1});
  gather.groups = linear_groups(static_cast<std::uint64_t>(request.outputs[0].shape.elements()) / lanes, request.caps);
  result.dispatches.push_back(std::move(gather));
  return result;
}

}  // namespace

std::vector<Kernel> grid_sample_kernels() {
  return {{"sample_vec4", refuse_channels, emit_sample<4>}, {"sample", refuse_large, emit_sample<1>}};
}

std::vector<Kernel> grid_sample_input_gradient_kernels() {
  return {{"gather_vec4", refuse_channels, emit_input_gradient<4>}, {"gather", refuse_large, emit_input_gradient<1>}};
}

std::vector<Kernel> grid_sample_grid_gradient_kernels() {
  return {{"per_sample_vec4", refuse_channels, emit_grid_gradient<4>},
          {"per_sample", refuse_large, emit_grid_gradient<1>}};
}

}  // namespace tuff
