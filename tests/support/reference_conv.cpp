#include "support/reference_conv.h"

#include <array>
#include <cmath>
#include <functional>
#include <span>

namespace tuff::test {

namespace {

using Triple = std::array<std::int64_t, 3>;

Triple to_triple(std::span<const std::int64_t> values, std::int64_t fallback) {
  Triple result{fallback, fallback, fallback};
  for (std::size_t i = 0; i < values.size(); ++i) result[3 - values.size() + i] = values[i];
  return result;
}

Triple spatial(const Shape& shape) {
  return to_triple(std::span(shape.extents()).subspan(2), 1);
}

double activated(double x, const ConvAttributes& attributes) {
  switch (attributes.activation) {
    case Activation::none: return x;
    case Activation::relu: return x <= 0 ? 0 : x;  // keeps NaN
    case Activation::leaky_relu: return x > 0 ? x : x * attributes.slope;
    case Activation::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::tanh: return std::tanh(x);
  }
  return x;
}

struct Product {
  std::size_t small;   // element at the strided side: y of conv, x of conv_transpose
  std::size_t large;   // element at the side that is walked with padding and dilation: x of conv, y of conv_transpose
  std::size_t weight;  // (small channel, large channel / groups, kernel...)
};

// Every product of a convolution from `large` (N, L, spatial...) to `small` (N, S, spatial...).
void for_each_product(const Shape& large, const Shape& small, const Shape& weight, const ConvAttributes& a,
                      const std::function<void(const Product&)>& visit) {
  const Triple in = spatial(large), out = spatial(small), kernel = spatial(weight);
  const Triple stride = to_triple(a.stride, 1), padding = to_triple(a.padding, 0), dilation = to_triple(a.dilation, 1);
  const std::int64_t per_group = weight[1], small_group = small[1] / a.groups;
  const auto flat = [](std::int64_t outer, const Triple& extents, std::int64_t z, std::int64_t y, std::int64_t x) {
    return static_cast<std::size_t>(((outer * extents[0] + z) * extents[1] + y) * extents[2] + x);
  };
  for (std::int64_t n = 0; n < large[0]; ++n)
    for (std::int64_t s = 0; s < small[1]; ++s)
      for (std::int64_t l = 0; l < per_group; ++l)
        for (std::int64_t kz = 0; kz < kernel[0]; ++kz)
          for (std::int64_t ky = 0; ky < kernel[1]; ++ky)
            for (std::int64_t kx = 0; kx < kernel[2]; ++kx)
              for (std::int64_t oz = 0; oz < out[0]; ++oz)
                for (std::int64_t oy = 0; oy < out[1]; ++oy)
                  for (std::int64_t ox = 0; ox < out[2]; ++ox) {
                    const std::int64_t iz = oz * stride[0] - padding[0] + kz * dilation[0];
                    const std::int64_t iy = oy * stride[1] - padding[1] + ky * dilation[1];
                    const std::int64_t ix = ox * stride[2] - padding[2] + kx * dilation[2];
                    if (iz < 0 || iz >= in[0] || iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2]) continue;
                    const std::int64_t channel = s / small_group * per_group + l;
                    visit({flat(n * small[1] + s, out, oz, oy, ox), flat(n * large[1] + channel, in, iz, iy, ix),
                           flat(s * per_group + l, kernel, kz, ky, kx)});
                  }
}

void add_bias_and_activate(Array& y, const Array* bias, const ConvAttributes& attributes) {
  const auto plane = static_cast<std::size_t>(y.shape.spatial()), channels = static_cast<std::size_t>(y.shape[1]);
  for (std::size_t i = 0; i < y.data.size(); ++i)
    y.data[i] = activated(y.data[i] + (bias ? bias->data[i / plane % channels] : 0), attributes);
}

Shape with_channels(std::int64_t batch, std::int64_t channels, std::vector<std::int64_t> extents) {
  extents.insert(extents.begin(), {batch, channels});
  return Shape(std::move(extents));
}

}  // namespace

Array conv_reference(const Array& x, const Array& weight, const Array* bias, const ConvAttributes& attributes) {
  const ConvAttributes a = complete("conv", attributes, x.shape.rank() - 2);
  Array y(with_channels(x.shape[0], weight.shape[0], conv_output_size("conv", x.shape, weight.shape, a)));
  for_each_product(x.shape, y.shape, weight.shape, a,
                   [&](const Product& p) { y.data[p.small] += x.data[p.large] * weight.data[p.weight]; });
  add_bias_and_activate(y, bias, a);
  return y;
}

Array conv_transpose_reference(const Array& x, const Array& weight, const Array* bias,
                               const ConvAttributes& attributes) {
  const ConvAttributes a = complete("conv_transpose", attributes, x.shape.rank() - 2);
  Array y(with_channels(x.shape[0], weight.shape[1] * a.groups, conv_transpose_output_size(x.shape, weight.shape, a)));
  for_each_product(y.shape, x.shape, weight.shape, a,
                   [&](const Product& p) { y.data[p.large] += x.data[p.small] * weight.data[p.weight]; });
  add_bias_and_activate(y, bias, a);
  return y;
}

Array conv_weight_gradient_reference(const Array& x, const Array& upstream, const Shape& weight,
                                     const ConvAttributes& attributes) {
  const ConvAttributes a = complete("conv_weight_gradient", attributes, x.shape.rank() - 2);
  Array result(weight);
  for_each_product(x.shape, upstream.shape, weight, a,
                   [&](const Product& p) { result.data[p.weight] += x.data[p.large] * upstream.data[p.small]; });
  return result;
}

}  // namespace tuff::test
