#include "models/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/error.h"
#include "base/text.h"
#include "ops/activation.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/dropout.h"
#include "ops/expand.h"
#include "ops/matmul.h"
#include "ops/normalize.h"
#include "ops/pixel_shuffle.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "ops/reshape.h"
#include "ops/resize.h"
#include "ops/slice.h"

namespace tuff {
namespace {

std::int64_t product(const PerAxis& values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{1}, std::multiplies<>());
}

Shape weight_shape(std::int64_t first, std::int64_t second, const PerAxis& kernel) {
  std::vector<std::int64_t> extents = {first, second};
  extents.insert(extents.end(), kernel.begin(), kernel.end());
  return Shape(std::move(extents));
}

// (C, C, 2 factor ...): each channel's linear interpolation, the product of a triangle along each axis.
HostTensor interpolation_filter(std::int64_t channels, std::int64_t factor, int rank) {
  HostTensor filter(weight_shape(channels, channels, PerAxis(static_cast<std::size_t>(rank), 2 * factor)));
  const std::int64_t side = 2 * factor, elements = filter.shape.elements() / (channels * channels);
  for (std::int64_t channel = 0; channel < channels; ++channel)
    for (std::int64_t element = 0; element < elements; ++element) {
      double weight = 1;
      std::int64_t rest = element;
      for (int axis = 0; axis < rank; ++axis, rest /= side) {
        const double distance = std::abs(static_cast<double>(rest % side) - (static_cast<double>(factor) - 0.5));
        weight *= 1 - distance / static_cast<double>(factor);
      }
      const std::int64_t at = (channel * channels + channel) * elements + element;
      filter.floats()[static_cast<std::size_t>(at)] = static_cast<float>(weight);
    }
  return filter;
}

}  // namespace

Layers::Layers(Graph& graph, LayerOptions options) : graph_(graph), options_(std::move(options)) {
  if (options_.rank < 1 || options_.rank > 3)
    throw Error(fmt::format("layers: {} spatial axes; there must be 1 to 3", options_.rank));
}

PerAxis Layers::per_axis(const PerAxis& values, const char* what) const {
  const auto rank = static_cast<std::size_t>(options_.rank);
  if (values.size() == rank) return values;
  if (values.size() != 1)
    throw Error(fmt::format("layers: {} values of {} for {} spatial axes; give one for each or one for all",
                            values.size(), what, rank));
  return PerAxis(rank, values[0]);
}

Initializer Layers::normal(std::int64_t he_fan_in, std::int64_t pytorch_fan_in) const {
  return options_.initialization == Initialization::he ? Initializer::he_normal(he_fan_in)
                                                       : pytorch_normal(pytorch_fan_in);
}

Value Layers::convolution(Value x, const std::string& name, std::int64_t out, const ConvolutionOptions& options) {
  const auto scope = graph_.scope(name);
  const PerAxis kernel = per_axis(options.kernel, "kernel"), dilation = per_axis(options.dilation, "dilation");
  const std::int64_t in = x.shape()[1] / options.groups;
  const std::int64_t fan_in = in * product(kernel);
  const Initializer initializer = options.initializer.value_or(normal(fan_in, fan_in));
  const Value weight = graph_.parameter(name + ".weight", weight_shape(out, in, kernel), initializer);
  const Value bias = options.bias ? graph_.parameter(name + ".bias", {out}, Initializer::constant(0)) : Value{};
  PerAxis padding(kernel.size(), 0);
  if (options.padding == Padding::same)
    for (std::size_t axis = 0; axis < kernel.size(); ++axis) padding[axis] = dilation[axis] * (kernel[axis] - 1) / 2;
  return conv(x, weight, bias,
              {.stride = per_axis(options.stride, "stride"),
               .padding = padding,
               .dilation = dilation,
               .groups = options.groups});
}

Value Layers::separable_convolution(Value x, const std::string& name, std::int64_t out,
                                    const ConvolutionOptions& options) {
  ConvolutionOptions depthwise = options;
  depthwise.groups = x.shape()[1];
  depthwise.bias = false;
  x = convolution(x, name + ".depthwise", x.shape()[1], depthwise);
  return convolution(x, name + ".pointwise", out, {.kernel = {1}, .bias = options.bias});
}

Value Layers::transposed_convolution(Value x, const std::string& name, std::int64_t out,
                                     const TransposedOptions& options) {
  const auto scope = graph_.scope(name);
  const PerAxis factors = per_axis(options.factors, "factors");
  const PerAxis kernel = options.kernel.empty() ? factors : per_axis(options.kernel, "kernel");
  PerAxis padding(kernel.size()), output_padding(kernel.size());
  for (std::size_t axis = 0; axis < kernel.size(); ++axis) {
    if (kernel[axis] < factors[axis] || (factors[axis] == 1 && kernel[axis] % 2 == 0))
      throw Error(
          fmt::format("layers: \"{}\" enlarges {} times with a kernel of {}; it must be at least as large, and "
                      "odd where nothing is enlarged",
                      name, factors[axis], kernel[axis]));
    const AxisLayer layer = AxisLayer::expansion(factors[axis], kernel[axis]);
    padding[axis] = layer.padding;
    output_padding[axis] = layer.output_padding;
  }
  const std::int64_t in = x.shape()[1];
  // So many weights of each input channel reach an output pixel.
  const std::int64_t fan_in = std::max<std::int64_t>(in * product(kernel) / product(factors), 1);
  const Value weight =
      graph_.parameter(name + ".weight", weight_shape(in, out, kernel),
                       options.initializer.value_or(normal(fan_in, out * product(kernel))), Layout::transposed_weight);
  const Value bias = options.bias ? graph_.parameter(name + ".bias", {out}, Initializer::constant(0)) : Value{};
  if (std::ranges::max(output_padding) == 0) output_padding.clear();
  return conv_transpose(x, weight, bias, {.stride = factors, .padding = padding, .output_padding = output_padding});
}

Value Layers::learned_interpolation(Value x, const std::string& name, std::int64_t factor) {
  if (factor < 2 || factor % 2 != 0)
    throw Error(fmt::format("layers: interpolation by a factor of {}; it must be 2, 4, 6 ...", factor));
  const std::int64_t channels = x.shape()[1];
  return transposed_convolution(
      x, name, channels,
      {.factors = {factor},
       .kernel = {2 * factor},
       .bias = false,
       .initializer = Initializer::of(interpolation_filter(channels, factor, options_.rank))});
}

Value Layers::upsample(Value x, const std::string& name, std::int64_t out, const PerAxis& factors, Upsampling kind) {
  const PerAxis scale = per_axis(factors, "factors");
  if (kind == Upsampling::transpose) return transposed_convolution(x, name, out, {.factors = scale});
  if (kind == Upsampling::pixel_shuffle) {
    if (std::ranges::adjacent_find(scale, std::not_equal_to<>()) != scale.end())
      throw Error("layers: a pixel shuffle enlarges all axes alike; take another upsampling");
    x = convolution(x, name, out * product(scale), {.kernel = {1}});
    const auto scope = graph_.scope(name);
    return pixel_shuffle(x, scale[0]);
  }
  x = convolution(x, name, out, {.kernel = {1}});
  const auto scope = graph_.scope(name);
  return resize(x, {.scale = std::vector<double>(scale.begin(), scale.end()),
                    .mode = kind == Upsampling::bilinear ? ResizeMode::bilinear : ResizeMode::nearest});
}

Value Layers::dense(Value x, const std::string& name, std::int64_t out, bool has_bias) {
  const auto scope = graph_.scope(name);
  if (x.shape().rank() != 2)
    throw Error(fmt::format("layers: \"{}\" takes (N, features), not {}", name, to_string(x.shape())));
  const std::int64_t in = x.shape()[1];
  const Value weight = graph_.parameter(name + ".weight", {out, in}, normal(in, in));
  return linear(x, weight, has_bias ? graph_.parameter(name + ".bias", {out}, Initializer::constant(0)) : Value{});
}

Value Layers::norm(Value x, const std::string& name) {
  Layers plain(graph_, options_);
  plain.options_.activation = ActivationKind::none;
  return plain.norm_and_activation(x, name, {});
}

Value Layers::activate(Value x, const std::string& name) {
  switch (options_.activation) {
    case ActivationKind::relu: return relu(x);
    case ActivationKind::leaky_relu: return leaky_relu(x, options_.slope);
    case ActivationKind::prelu:
      return prelu(x, graph_.parameter(name + ".weight", {x.shape()[1]}, Initializer::constant(0.25f)));
    case ActivationKind::elu: return elu(x);
    case ActivationKind::silu: return silu(x);
    case ActivationKind::none: return x;
  }
  return x;
}

Value Layers::norm_and_activation(Value x, const std::string& norm_name, const std::string& activation_name) {
  if (options_.norm == NormKind::none) return activate(x, activation_name);
  const auto scope = graph_.scope(norm_name);
  const std::int64_t channels = x.shape()[1];
  const bool rectified = options_.activation == ActivationKind::relu;  // in the norm's kernel
  const auto within = rectified ? NormalizeActivation::relu : NormalizeActivation::none;
  const Value weight = graph_.parameter(norm_name + ".weight", {channels}, Initializer::constant(1));
  const Value bias = graph_.parameter(norm_name + ".bias", {channels}, Initializer::constant(0));
  if (options_.norm == NormKind::group) {
    x = group_norm(x, std::gcd(options_.groups, channels), weight, bias, 1e-5f, within);
  } else if (options_.norm == NormKind::instance) {
    x = instance_norm(x, weight, bias, 1e-5f, within);
  } else if (!options_.running) {
    x = batch_norm(x, weight, bias, {}, {}, {.training = true, .activation = within}).output;
  } else {
    const Value mean = graph_.buffer(norm_name + ".running_mean", {channels}, Initializer::constant(0));
    const Value variance = graph_.buffer(norm_name + ".running_var", {channels}, Initializer::constant(1));
    x = batch_norm(x, weight, bias, mean, variance,
                   {.momentum = options_.momentum, .training = options_.training, .activation = within})
            .output;
  }
  return rectified ? x : activate(x, activation_name);
}

Value Layers::preactivated(Value x, const std::string& norm_name, const std::string& activation_name,
                           const std::string& convolution_name, std::int64_t out, const ConvolutionOptions& options) {
  return convolution(norm_and_activation(x, norm_name, activation_name), convolution_name, out, options);
}

Value Layers::plain_or_separable(Value x, const std::string& name, std::int64_t out, const BlockOptions& options) {
  const ConvolutionOptions convolved{.kernel = options.kernel,
                                     .stride = options.stride,
                                     .dilation = options.dilation,
                                     .padding = options.padding,
                                     .bias = options_.norm == NormKind::none};
  return options.separable ? separable_convolution(x, name, out, convolved) : convolution(x, name, out, convolved);
}

Value Layers::block_layer(Value x, const std::string& name, const std::string& number, std::int64_t out,
                          const BlockOptions& options) {
  x = plain_or_separable(x, name + ".conv" + number, out, options);
  return norm_and_activation(x, name + ".norm" + number, name + ".act" + number);
}

Value Layers::double_convolution(Value x, const std::string& name, std::int64_t out, const BlockOptions& options) {
  BlockOptions second = options;
  second.stride = {1};
  return block_layer(block_layer(x, name, "1", out, options), name, "2", out, second);
}

Value Layers::residual_block(Value x, const std::string& name, std::int64_t out, const BlockOptions& options) {
  BlockOptions second = options;
  second.stride = {1};
  Value y = block_layer(x, name, "1", out, options);
  y = norm(plain_or_separable(y, name + ".conv2", out, second), name + ".norm2");
  const bool strided = product(per_axis(options.stride, "stride")) != 1;
  if (strided && options.padding == Padding::valid)
    throw Error(fmt::format("layers: residual block \"{}\" has a stride and no padding; give one or the other", name));
  Value shortcut = x;
  if (strided || x.shape()[1] != out)
    shortcut = norm(convolution(x, name + ".shortcut", out,
                                {.kernel = {1}, .stride = options.stride, .bias = options_.norm == NormKind::none}),
                    name + ".shortcut_norm");
  const auto scope = graph_.scope(name);
  return activate(add(y, crop_to(shortcut, y)), name + ".act2");
}

Value Layers::attention_gate(Value skip, Value gate, const std::string& name, const PerAxis& factors) {
  const PerAxis scale = per_axis(factors, "factors");
  for (int axis = 0; axis < options_.rank; ++axis)
    if (gate.shape()[axis + 2] * scale[static_cast<std::size_t>(axis)] != skip.shape()[axis + 2])
      throw Error(fmt::format("layers: attention gate \"{}\": the gating map {} times {} isn't the skip's {}", name,
                              to_string(gate.shape()), to_string(Shape(scale)), to_string(skip.shape())));
  const std::int64_t inner = std::max<std::int64_t>(skip.shape()[1] / 2, 1);
  const Value from_skip = convolution(skip, name + ".skip", inner,
                                      {.kernel = scale, .stride = scale, .padding = Padding::valid, .bias = false});
  const Value from_gate = convolution(gate, name + ".gate", inner, {.kernel = {1}});
  Value weight = convolution(relu(add(from_skip, from_gate)), name + ".psi", 1, {.kernel = {1}});
  const auto scope = graph_.scope(name);
  weight =
      resize(sigmoid(weight), {.scale = std::vector<double>(scale.begin(), scale.end()), .mode = ResizeMode::bilinear});
  return mul(skip, weight);
}

Value Layers::dropout(Value x, float rate) {
  if (rate == 0 || (!options_.training && !options_.random_state)) return x;
  const auto scope = graph_.scope("dropout");
  return tuff::dropout(x, options_.random_state, {.p = rate});
}

Value crop_to(Value x, Value like) {
  const std::vector<std::int64_t>& extents = like.shape().extents();
  const std::vector<std::int64_t> spatial(extents.begin() + 2, extents.end());
  if (std::equal(spatial.begin(), spatial.end(), x.shape().extents().begin() + 2, x.shape().extents().end())) return x;
  return center_crop(x, spatial);
}

Value with_coordinates(Value x) {
  std::vector<std::int64_t> extents = x.shape().extents();
  const int rank = x.shape().rank() - 2;
  extents[0] = 1;
  extents[1] = rank;
  HostTensor places{Shape(extents)};
  const std::int64_t pixels = places.shape.spatial();
  std::int64_t inner = pixels;
  for (int axis = 0; axis < rank; ++axis) {
    const std::int64_t extent = x.shape()[axis + 2];
    inner /= extent;
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
      const auto at = static_cast<double>(pixel / inner % extent);
      const double place = extent > 1 ? 2 * at / static_cast<double>(extent - 1) - 1 : 0;
      places.floats()[static_cast<std::size_t>(axis * pixels + pixel)] = static_cast<float>(place);
    }
  }
  extents[0] = x.shape()[0];
  const auto scope = x.graph().scope("coordinates");
  return concat({x, expand(x.graph().constant(std::move(places)), Shape(extents))});
}

Value global_average(Value x) {
  const auto scope = x.graph().scope("global_average");
  return flatten(global_avg_pool(x), 1);
}

Value with_spatial_axes(Value x, int rank) {
  std::vector<std::int64_t> shape = {x.shape()[0], x.shape()[1]};
  shape.resize(static_cast<std::size_t>(rank + 2), 1);
  return reshape(x, shape);
}

Initializer pytorch_normal(std::int64_t fan_in) {
  return {Initializer::Kind::normal, 0, static_cast<float>(1 / std::sqrt(3.0 * static_cast<double>(fan_in)))};
}

std::int64_t parameter_count(const Graph& graph) {
  std::int64_t count = 0;
  for (const Variable& variable : graph.variables())
    if (variable.arena == "parameters") count += variable.type.shape.elements();
  return count;
}

void require_input(const char* model, Value x, int rank, std::int64_t channels) {
  if (x.shape().rank() == rank + 2 && x.shape()[1] == channels) return;
  throw Error(fmt::format("{}: the input is {}; the net takes (N, {}, {})", model, to_string(x.type()), channels,
                          rank == 1   ? "X"
                          : rank == 2 ? "H, W"
                                      : "D, H, W"));
}

void require_extents(const char* model, Value x, const std::function<AxisGeometry(int)>& geometry_of) {
  for (int axis = 0; axis < x.shape().rank() - 2; ++axis) {
    const std::int64_t extent = x.shape()[axis + 2];
    const AxisGeometry geometry = geometry_of(axis);
    if (geometry.output_size(extent) > 0) continue;
    throw Error(fmt::format("{}: the net can't take an extent of {} (x is {}); the nearest that it can: {}", model,
                            extent, to_string(x.shape()), sizes_text(geometry.nearest_sizes(extent))));
  }
}

void require_extents(const char* model, Value x, const AxisGeometry& geometry) {
  require_extents(model, x, [&](int) { return geometry; });
}

}  // namespace tuff
