#include "support/random_conv.h"

#include <fmt/format.h>

#include <algorithm>

namespace tuff::test {

namespace {

constexpr std::int64_t kMostProducts = 300'000;
constexpr std::int64_t kMostPixels = 500;

struct Channels {
  std::int64_t in, out;
};

// Of one group.
Channels draw_channels(ShapeDraws& draws, std::int64_t groups) {
  const std::int64_t most = groups == 1 ? 33 : 9;
  const std::int64_t in = draws.channels(most);
  return {in, draws.channels(most)};
}

ConvAttributes draw_attributes(ShapeDraws& draws, const std::vector<std::int64_t>& kernel) {
  const auto axes = static_cast<int>(kernel.size());
  ConvAttributes attributes;
  for (const std::int64_t extent : kernel) {
    attributes.stride.push_back(draws.pick({1, 1, 2, 3}));
    attributes.padding.push_back(draws.between(0, extent));
  }
  if (draws.coin())
    for (const std::int64_t extent : kernel) attributes.padding_end.push_back(draws.between(0, extent));
  attributes.dilation = draws.per_axis(axes, 1, 2);
  attributes.groups = draws.pick({1, 1, 1, 1, 2, 3, 8});
  attributes.activation = draws.pick({Activation::none, Activation::none, Activation::relu, Activation::tanh});
  return attributes;
}

Shape joined(std::int64_t first, std::int64_t second, const std::vector<std::int64_t>& spatial) {
  std::vector<std::int64_t> extents = {first, second};
  extents.insert(extents.end(), spatial.begin(), spatial.end());
  return Shape(std::move(extents));
}

// The dilated kernel's extent.
std::int64_t reach(const RandomConv& conv, std::size_t axis) {
  return conv.attributes.dilation[axis] * (conv.weight.extents()[axis + 2] - 1) + 1;
}

std::int64_t padding(const RandomConv& conv, std::size_t axis) {
  const std::vector<std::int64_t>& after =
      conv.attributes.padding_end.empty() ? conv.attributes.padding : conv.attributes.padding_end;
  return conv.attributes.padding[axis] + after[axis];
}

// Pixels of conv's result; 0 where the kernel doesn't fit.
std::int64_t conv_pixels(const RandomConv& conv) {
  std::int64_t pixels = 1;
  for (std::size_t axis = 0; axis < conv.attributes.stride.size(); ++axis) {
    const std::int64_t room = conv.x.extents()[axis + 2] + padding(conv, axis) - reach(conv, axis);
    pixels *= room < 0 ? 0 : room / conv.attributes.stride[axis] + 1;
  }
  return pixels;
}

std::int64_t conv_transpose_pixels(const RandomConv& conv) {
  std::int64_t pixels = 1;
  for (std::size_t axis = 0; axis < conv.attributes.stride.size(); ++axis) {
    const std::int64_t extent = (conv.x.extents()[axis + 2] - 1) * conv.attributes.stride[axis] - padding(conv, axis) +
                                reach(conv, axis) + conv.attributes.output_padding[axis];
    pixels *= std::max<std::int64_t>(extent, 0);
  }
  return pixels;
}

// Each pixel of the strided side meets the whole weight.
bool small_enough(const RandomConv& conv, std::int64_t strided_pixels) {
  return conv.x.elements() <= ShapeDraws::kMostElements && conv.weight.elements() <= ShapeDraws::kMostElements &&
         conv.x.batch() * strided_pixels * conv.weight.elements() <= kMostProducts;
}

RandomConv draw(ShapeDraws& draws, bool transposed) {
  const int axes = draws.spatial_axes();
  const std::vector<std::int64_t> kernel = draws.per_axis(axes, 1, 5);
  RandomConv conv;
  conv.attributes = draw_attributes(draws, kernel);
  const std::int64_t groups = conv.attributes.groups;
  const Channels channels = draw_channels(draws, groups);
  const std::int64_t batch = draws.between(1, 3);
  conv.x = joined(batch, channels.in * groups, draws.shape(axes, kMostPixels).extents());
  conv.weight = transposed ? joined(channels.in * groups, channels.out, kernel)
                           : joined(channels.out * groups, channels.in, kernel);
  if (transposed)
    for (const std::int64_t stride : conv.attributes.stride)
      conv.attributes.output_padding.push_back(draws.between(0, stride - 1));
  return conv;
}

}  // namespace

std::string to_string(const RandomConv& conv) {
  return fmt::format("{} by {}, {}", to_string(conv.x), to_string(conv.weight), to_string(conv.attributes));
}

RandomConv random_conv(ShapeDraws& draws) {
  RandomConv conv;
  std::int64_t pixels = 0;
  do {
    conv = draw(draws, false);
    pixels = conv_pixels(conv);
  } while (pixels == 0 || !small_enough(conv, pixels));
  return conv;
}

RandomConv random_conv_transpose(ShapeDraws& draws) {
  RandomConv conv;
  std::int64_t pixels = 0;
  do {
    conv = draw(draws, true);
    pixels = conv_transpose_pixels(conv);
  } while (pixels == 0 || pixels * conv.weight[1] > ShapeDraws::kMostElements || !small_enough(conv, conv.x.spatial()));
  return conv;
}

}  // namespace tuff::test
