// Operators that are compositions of others: cropping and padding to a size, folding of patches, embeddings by
// rotation.
#include <fmt/format.h>

#include <algorithm>

#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/concat.h"
#include "ops/conv_transpose.h"
#include "ops/elementary.h"
#include "ops/expand.h"
#include "ops/gather.h"
#include "ops/grid_sample.h"
#include "ops/pad.h"
#include "ops/permute.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/slice.h"

namespace tuff::onnx {
namespace {

constexpr std::int64_t kMostPixels = std::int64_t{1} << 28;

void affine_grid_node(DeviceNode& node) {
  const Shape size(integers(node.constant(1)));
  if (size.elements() > kMostPixels) node.fail(fmt::format("a grid for {} is too large", to_string(size)));
  node.set(0, affine_grid(node.real(0), size, node.integer("align_corners", 0) != 0));
}

// The middle, or zeros around it; where that is odd, the larger half is at the end.
void center_crop_pad_node(DeviceNode& node) {
  const Extents wanted = integers(node.constant(1)), shape = node.shape(0);
  Extents axes = node.integers("axes"), lo(shape.size(), 0), hi(shape.size(), 0);
  for (std::size_t i = 0; i < shape.size() && !node.has_attribute("axes"); ++i)
    axes.push_back(static_cast<std::int64_t>(i));
  if (axes.size() != wanted.size()) node.fail("its shape is of another number of axes");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<std::size_t>(node.axis(axes[i], node.rank(0)));
    if (wanted[i] < 1 || wanted[i] > INT32_MAX) node.fail("its shape is impossible");
    const std::int64_t more = wanted[i] - shape[axis];
    lo[axis] = more >= 0 ? more / 2 : -(-more / 2);
    hi[axis] = more - lo[axis];
  }
  node.set(0, pad(node.value(0), lo, hi));
}

// Patches added up where they overlap: a transposed convolution of (N, C patch, rows of patches) with a weight that
// puts each element of a patch to its place.
void col2im_node(DeviceNode& node) {
  const Extents image = integers(node.constant(1)), block = integers(node.constant(2)), shape = node.shape(0);
  const std::size_t axes = image.size();
  const std::int64_t elements = product(block);
  Extents stride = node.integers("strides"), dilation = node.integers("dilations"), pads = node.integers("pads");
  if (stride.empty()) stride.assign(axes, 1);
  if (dilation.empty()) dilation.assign(axes, 1);
  if (pads.empty()) pads.assign(2 * axes, 0);
  const bool fits = shape.size() == 3 && block.size() == axes && elements > 0 && shape[1] % elements == 0 &&
                    stride.size() == axes && dilation.size() == axes && pads.size() == 2 * axes;
  if (!fits) node.fail(fmt::format("{} isn't made of patches of {}", shape_text(shape), shape_text(block)));
  const std::int64_t channels = shape[1] / elements;
  ConvAttributes attributes{.stride = stride,
                            .padding = Extents(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes)),
                            .padding_end = Extents(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end()),
                            .dilation = dilation,
                            .output_size = image,
                            .groups = channels};
  Extents patches = {shape[0], shape[1]}, weight = {shape[1], 1};
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t room = image[i] + pads[i] + pads[i + axes] - dilation[i] * (block[i] - 1) - 1;
    if (stride[i] < 1 || room < 0)
      node.fail(fmt::format("patches of {} don't fit {}", shape_text(block), shape_text(image)));
    patches.push_back(room / stride[i] + 1);
    weight.push_back(block[i]);
  }
  if (product(patches) != product(shape))
    node.fail(fmt::format("{} isn't made of patches of {}", shape_text(shape), shape_text(block)));
  HostTensor places{Shape(weight)};
  for (std::int64_t row = 0; row < shape[1]; ++row)
    places.floats()[static_cast<std::size_t>(row * elements + row % elements)] = 1;
  const Value weights = node.graph().constant(std::move(places), Layout::transposed_weight);
  node.set(0, conv_transpose(reshape(node.real(0), patches), weights, {}, attributes));
}

void lp_normalization_node(DeviceNode& node) {
  const int axis = node.axis(node.integer("axis", -1), node.rank(0));
  const Value x = node.real(0);
  const Value norm = node.integer("p", 2) == 1 ? l1_norm(x, {axis}, true) : norm_root(sum_of_squares(x, {axis}, true));
  const Value divisor = where(norm, norm, node.graph().scalar(1));
  node.set(0, mask(div(x, divisor), norm));  // a line of zeros stays one, and has no gradient
}

void swiglu_node(DeviceNode& node) {
  const Value gate = node.real(0);
  node.set(0, mul(mul(gate, sigmoid(mul_scalar(gate, node.number("alpha", 1)))), node.real(1)));
}

// Each sample's part along the axis, replaced from its own index on.
void tensor_scatter_node(DeviceNode& node) {
  const Extents shape = node.shape(0);
  const int axis = node.axis(node.integer("axis", -2), node.rank(0));
  const std::int64_t extent = shape[static_cast<std::size_t>(axis)],
                     count = node.shape(1)[static_cast<std::size_t>(axis)];
  const bool circular = node.text("mode", "linear") == "circular";
  const Extents starts = node.has(2) ? integers(node.constant(2)) : Extents(static_cast<std::size_t>(shape[0]), 0);
  if (axis == 0 || std::ssize(starts) != shape[0] || count > extent) node.fail("its inputs don't fit");
  const Value cache = node.value(0), update = node.value(1);
  std::vector<Value> samples;
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    const std::int64_t start = starts[static_cast<std::size_t>(n)];
    if (start < 0 || start >= extent || (!circular && start + count > extent))
      node.fail(fmt::format("it writes beyond {} elements", extent));
    const Value old = narrow(cache, 0, n, 1), fresh = narrow(update, 0, n, 1);
    const std::int64_t behind = std::min(count, extent - start), wrapped = count - behind;
    std::vector<Value> parts;
    if (wrapped > 0) parts.push_back(narrow(fresh, axis, behind, wrapped));
    if (start > wrapped) parts.push_back(narrow(old, axis, wrapped, start - wrapped));
    parts.push_back(narrow(fresh, axis, 0, behind));
    if (start + behind < extent) parts.push_back(narrow(old, axis, start + behind, extent - start - behind));
    samples.push_back(concat(parts, axis));
  }
  node.set(0, concat(samples, 0));
}

// Pairs of features turned by an angle that grows with the position; x as (N, heads, length, features).
void rotary_embedding_node(DeviceNode& node) {
  const Extents shape = node.shape(0);
  const bool flat = shape.size() == 3, interleaved = node.integer("interleaved", 0) != 0;
  const std::int64_t heads = node.integer("num_heads", 0);
  if (shape.size() < 3 || shape.size() > 4 || (flat && (heads < 1 || shape[2] % heads != 0)))
    node.fail(fmt::format("its input {} has no heads", shape_text(shape)));
  Value x = node.real(0);
  if (flat) x = permute(reshape(x, {shape[0], shape[1], heads, shape[2] / heads}), {0, 2, 1, 3});
  const Extents whole = x.shape().extents();
  std::int64_t turned = node.integer("rotary_embedding_dim", 0);
  if (turned == 0) turned = whole[3];
  if (turned % 2 != 0 || turned < 2 || turned > whole[3])
    node.fail(fmt::format("{} of {} features can't be turned", turned, whole[3]));
  const auto table = [&](std::size_t input) {  // (N, 1, length, pairs)
    Value angles = node.real(input);
    if (node.has(3)) angles = take(angles, 0, node.index(3));
    const Value found = narrow(angles, -1, 0, turned / 2);
    return reshape(found, {whole[0], 1, whole[2], turned / 2});
  };
  const Value cosine = table(1), sine = table(2), part = narrow(x, 3, 0, turned);
  const Value pairs = interleaved ? reshape(part, {whole[0], whole[1], whole[2], turned / 2, 2}) : part;
  const int axis = interleaved ? 4 : 3;
  const std::int64_t half = interleaved ? 1 : turned / 2;
  const Extents rows = {whole[0], whole[1], whole[2], turned / 2};
  const Value first = reshape(narrow(pairs, axis, 0, half), rows),
              second = reshape(narrow(pairs, axis, half, half), rows);
  Value a = sub(mul(first, cosine), mul(second, sine)), b = add(mul(first, sine), mul(second, cosine));
  Value result = interleaved ? reshape(stack({a, b}, 4), {whole[0], whole[1], whole[2], turned}) : concat({a, b}, 3);
  if (turned < whole[3]) result = concat({result, narrow(x, 3, turned, whole[3] - turned)}, 3);
  if (flat) result = reshape(permute(result, {0, 2, 1, 3}), shape);
  node.set(0, result);
}

}  // namespace

std::span<const HandlerRow> composed_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"AffineGrid", affine_grid_node},           {"CenterCropPad", center_crop_pad_node},    {"Col2Im", col2im_node},
      {"LpNormalization", lp_normalization_node}, {"RotaryEmbedding", rotary_embedding_node}, {"SwiGLU", swiglu_node},
      {"TensorScatter", tensor_scatter_node},
  };
  return kRows;
}

}  // namespace tuff::onnx
