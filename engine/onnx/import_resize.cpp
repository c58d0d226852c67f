// Interpolation: Resize, Upsample, GridSample.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/grid_sample.h"
#include "ops/resize.h"

namespace tuff::onnx {
namespace {

constexpr std::int64_t kLongestAxis = std::int64_t{1}
                                      << 22;  // what weights are computed for on the host, in 2 s and 0.6 GB

// What a Resize asks of each axis of its input.
struct Target {
  std::int64_t size = 0;
  double scale = 1;
  bool changes = false;
};

ResizeMode mode_of(const DeviceNode& node) {
  const std::string mode = node.text("mode", "nearest");
  if (mode == "nearest") return ResizeMode::nearest;
  if (mode == "linear" || mode == "bilinear") return ResizeMode::bilinear;
  if (mode == "cubic") return ResizeMode::cubic;
  node.unsupported("mode " + mode);
}

// Before opset 11 there were no coordinates or modes of nearest to choose.
bool is_old(const DeviceNode& node) {
  return node.node().op == "Upsample" || node.opset() < 11;
}

ResizeCoordinates coordinates_of(const DeviceNode& node) {
  if (is_old(node)) return ResizeCoordinates::asymmetric;
  const std::string mode = node.text("coordinate_transformation_mode", "half_pixel");
  if (mode == "half_pixel") return ResizeCoordinates::half_pixel;
  if (mode == "tf_half_pixel_for_nn") return ResizeCoordinates::tf_half_pixel;
  if (mode == "pytorch_half_pixel") return ResizeCoordinates::pytorch_half_pixel;
  if (mode == "align_corners") return ResizeCoordinates::align_corners;
  if (mode == "asymmetric") return ResizeCoordinates::asymmetric;
  if (mode == "half_pixel_symmetric") return ResizeCoordinates::half_pixel_symmetric;
  if (mode == "tf_crop_and_resize") return ResizeCoordinates::crop_and_resize;
  node.unsupported("coordinate_transformation_mode " + mode);
}

NearestMode nearest_of(const DeviceNode& node) {
  const std::string mode = node.text("nearest_mode", "round_prefer_floor");
  if (mode == "floor") return NearestMode::floor;
  if (mode == "ceil") return NearestMode::ceil;
  if (mode == "round_prefer_floor") return NearestMode::round_prefer_floor;
  if (mode == "round_prefer_ceil") return NearestMode::round_prefer_ceil;
  node.unsupported("nearest_mode " + mode);
}

std::vector<double> scales_of(const DeviceNode& node) {
  const std::size_t input = is_old(node) ? 1 : 2;
  if (node.has(input) && !node.empty(input)) return numbers(node.constant(input));
  const std::vector<float> attribute = node.numbers("scales");  // Upsample before opset 9
  return {attribute.begin(), attribute.end()};
}

// Rounded down, and never outside what an integer holds: 0 for no number, more than any axis has for more than 1e15.
std::int64_t whole(double extent) {
  return extent > 0 ? static_cast<std::int64_t>(std::floor(std::min(extent, 1e15))) : 0;
}

std::string aspect_policy(const DeviceNode& node) {
  return node.choice("keep_aspect_ratio_policy", "stretch", {"stretch", "not_larger", "not_smaller"});
}

// One scale for all axes, by which the result is no larger, or no smaller, than wanted.
void keep_aspect(const DeviceNode& node, const std::vector<int>& axes, std::vector<Target>& targets) {
  const std::string policy = aspect_policy(node);
  if (policy == "stretch") return;
  const bool smaller = policy == "not_larger";
  double scale = smaller ? INFINITY : 0;
  for (const int axis : axes) {
    const double own = targets[static_cast<std::size_t>(axis)].scale;
    scale = smaller ? std::min(scale, own) : std::max(scale, own);
  }
  for (const int axis : axes) {
    Target& target = targets[static_cast<std::size_t>(axis)];
    target.scale = scale;
    target.size = whole(scale * static_cast<double>(node.shape(0)[static_cast<std::size_t>(axis)]) + 0.5);
  }
}

std::vector<int> axes_of(const DeviceNode& node) {
  const auto rank = static_cast<std::size_t>(node.rank(0));
  std::vector<int> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (!node.has_attribute("axes")) return axes;
  axes.clear();
  for (const std::int64_t axis : node.integers("axes")) axes.push_back(node.axis(axis, node.rank(0)));
  return axes;
}

std::vector<Target> targets_of(const DeviceNode& node, const std::vector<int>& axes, bool& sized) {
  const Extents shape = node.shape(0);
  std::vector<Target> targets;
  for (const std::int64_t extent : shape) targets.push_back({.size = extent});
  sized = node.node().op == "Resize" && node.has(3) && !node.empty(3);
  const std::vector<double> scales = sized ? std::vector<double>{} : scales_of(node);
  const std::vector<std::int64_t> sizes = sized ? integers(node.constant(3)) : std::vector<std::int64_t>{};
  if ((sized ? sizes.size() : scales.size()) != axes.size())
    node.fail("it has another number of scales or sizes than axes");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Target& target = targets[static_cast<std::size_t>(axes[i])];
    const auto extent = static_cast<double>(shape[static_cast<std::size_t>(axes[i])]);
    target.scale = sized ? static_cast<double>(sizes[i]) / extent : scales[i];
    target.size = sized ? sizes[i] : whole(extent * scales[i]);
    if (!(target.scale > 0) || target.size < 1) node.fail("a scale or size is impossible");
  }
  if (sized) keep_aspect(node, axes, targets);
  for (const Target& target : targets)
    if (target.size < 1 || target.size > kLongestAxis) node.fail(fmt::format("an extent of {}", target.size));
  return targets;
}

// x, of the node's first input, with those axes changed.
Value resized(const DeviceNode& node, Value x, const std::vector<int>& axes, const std::vector<Target>& targets,
              bool sized, NearestMode nearest) {
  const Extents shape = node.shape(0);
  const bool scaled = !sized || aspect_policy(node) != "stretch";  // else the scale is what the size makes it
  ResizeAttributes attributes{.mode = mode_of(node),
                              .coordinates = coordinates_of(node),
                              .nearest_mode = nearest,
                              .antialias = node.integer("antialias", 0) != 0,
                              .exclude_outside = node.integer("exclude_outside", 0) != 0,
                              .cubic_coeff_a = static_cast<double>(node.number("cubic_coeff_a", -0.75f)),
                              .extrapolation_value = static_cast<double>(node.number("extrapolation_value", 0))};
  const bool crop = attributes.coordinates == ResizeCoordinates::crop_and_resize;
  const std::vector<double> roi = crop ? numbers(node.constant(1)) : std::vector<double>{};
  if (crop && roi.size() != 2 * axes.size()) node.fail("its roi is of another number of axes");
  std::vector<double> ends;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<std::size_t>(axes[i]);
    const bool whole = !crop || (roi[i] == 0 && roi[i + axes.size()] == 1);
    if (whole && targets[axis].size == shape[axis] && (!scaled || targets[axis].scale == 1)) continue;
    attributes.axes.push_back(axes[i]);
    if (sized) attributes.size.push_back(targets[axis].size);
    if (scaled) attributes.scale.push_back(targets[axis].scale);
    if (crop) attributes.roi.push_back(roi[i]), ends.push_back(roi[i + axes.size()]);
  }
  attributes.roi.insert(attributes.roi.end(), ends.begin(), ends.end());
  return attributes.axes.empty() ? x : resize(x, attributes);
}

void resize_node(DeviceNode& node) {
  const std::vector<int> axes = axes_of(node);
  bool sized = false;
  const std::vector<Target> targets = targets_of(node, axes, sized);
  const Value x = node.real(0);
  if (!is_old(node)) return node.set(0, resized(node, x, axes, targets, sized, nearest_of(node)));
  // The nearest pixel was the next one along axes that shrink, the one before along others.
  std::vector<int> shrinking = axes, growing = axes;
  std::erase_if(shrinking, [&](int axis) { return targets[static_cast<std::size_t>(axis)].scale >= 1; });
  std::erase_if(growing, [&](int axis) { return targets[static_cast<std::size_t>(axis)].scale < 1; });
  const Value shrunk = resized(node, x, shrinking, targets, sized, NearestMode::ceil);
  node.set(0, resized(node, shrunk, growing, targets, sized, NearestMode::floor));
}

void grid_sample_node(DeviceNode& node) {
  const std::string mode = node.text("mode", "bilinear"), padding = node.text("padding_mode", "zeros");
  GridSampleAttributes attributes{.align_corners = node.integer("align_corners", 0) != 0};
  if (mode == "nearest")
    attributes.mode = GridSampleMode::nearest;
  else if (mode == "bicubic" || mode == "cubic")
    attributes.mode = GridSampleMode::bicubic;
  else if (mode != "bilinear" && mode != "linear")
    node.unsupported("mode " + mode);
  if (padding == "border")
    attributes.padding_mode = GridPadding::border;
  else if (padding == "reflection")
    attributes.padding_mode = GridPadding::reflection;
  else if (padding != "zeros")
    node.unsupported("padding_mode " + padding);
  node.set(0, grid_sample(node.real(0), node.real(1), attributes));
}

}  // namespace

std::span<const HandlerRow> resize_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"GridSample", grid_sample_node},
      {"Resize", resize_node},
      {"Upsample", resize_node},
  };
  return kRows;
}

}  // namespace tuff::onnx
