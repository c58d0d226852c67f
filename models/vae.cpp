#include "models/vae.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "base/error.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"

namespace tuff {
namespace {

constexpr std::int64_t kSmallest = 4;         // side of the map that the dense layers see
constexpr float kFirstLogNoise = -2.302585f;  // variance 0.1: about that of an image's values

// The deviation that PyTorch's layers start with, where the fan-in of a transposed convolution counts its outputs. He
// initialization, several times as large in the decoder, begins with far too certain pixels: after 1,000 steps on
// digits its ELBO was still 4 % behind.
Initializer small_normal(std::int64_t channels) {
  return {Initializer::Kind::normal, 0, static_cast<float>(1 / std::sqrt(3.0 * static_cast<double>(channels * 16)))};
}

struct Layer {
  std::string name;
  Value weight;
  Value bias;
};

struct Layers {
  std::vector<Layer> encoder;
  Layer mean, log_variance, expand;
  std::vector<Layer> decoder;
  Value log_noise;  // gaussian only
};

// Adds a convolution's parameters: a transposed one's weights are (in, out, kernel...).
class Declaration {
 public:
  explicit Declaration(Graph& graph) : graph_(graph) {}

  Layer convolution(const std::string& name, std::int64_t in, std::int64_t out) {
    return {name, graph_.parameter(name + ".weight", {out, in, 4, 4}, small_normal(in)), bias(name, out)};
  }

  Layer transposed(const std::string& name, std::int64_t in, std::int64_t out) {
    const Value weight =
        graph_.parameter(name + ".weight", {in, out, 4, 4}, small_normal(out), Layout::transposed_weight);
    return {name, weight, bias(name, out)};
  }

 private:
  Value bias(const std::string& name, std::int64_t channels) {
    return graph_.parameter(name + ".bias", {channels}, Initializer::constant(0));
  }

  Graph& graph_;
};

Layers declare(Graph& graph, const VaeConfig& config) {
  if (!vae_takes(config.side) || config.base < 1 || config.latent < 1 || config.channels < 1)
    throw Error(
        fmt::format("vae: side {} must be 8, 16, 32 ..., and base ({}), latent ({}) and channels ({}) at least 1",
                    config.side, config.base, config.latent, config.channels));
  Declaration add(graph);
  Layers layers;
  std::vector<std::int64_t> channels = {config.channels};  // at each level
  for (std::int64_t side = config.side, next = config.base; side > kSmallest; side /= 2, next *= 2) {
    layers.encoder.push_back(add.convolution(fmt::format("encoder.{}", layers.encoder.size()), channels.back(), next));
    channels.push_back(next);
  }
  const std::int64_t deepest = channels.back();
  layers.mean = add.convolution("mean", deepest, config.latent);
  layers.log_variance = add.convolution("log_variance", deepest, config.latent);
  layers.expand = add.transposed("expand", config.latent, deepest);
  for (std::size_t level = channels.size() - 1; level > 0; --level)
    layers.decoder.push_back(
        add.transposed(fmt::format("decoder.{}", layers.decoder.size()), channels[level], channels[level - 1]));
  if (config.likelihood == VaeConfig::Likelihood::gaussian)
    layers.log_noise = graph.parameter("log_noise", {1}, Initializer::constant(kFirstLogNoise));
  return layers;
}

void require(const Value& value, const char* what, const Shape& wanted) {
  const std::int64_t batch = value.shape().rank() > 0 ? value.shape()[0] : 1;
  const Shape expected{batch, wanted[1], wanted[2], wanted[3]};
  if (value.shape() != expected)
    throw Error(fmt::format("vae: {} is {}, the net takes {}", what, to_string(value.type()), to_string(expected)));
}

Value run(Graph& graph, Value x, const Layer& layer, std::int64_t stride, std::int64_t padding) {
  const auto scope = graph.scope(layer.name);
  const ConvAttributes attributes{.stride = {stride, stride}, .padding = {padding, padding}};
  if (layer.weight.type().layout == Layout::transposed_weight)
    return conv_transpose(x, layer.weight, layer.bias, attributes);
  return conv(x, layer.weight, layer.bias, attributes);
}

VaePosterior encode(Graph& graph, Value x, const Layers& layers) {
  for (const Layer& layer : layers.encoder) x = relu(run(graph, x, layer, 2, 1));
  return {run(graph, x, layers.mean, 1, 0), run(graph, x, layers.log_variance, 1, 0)};
}

Value decode(Graph& graph, Value z, const Layers& layers) {
  Value x = run(graph, z, layers.expand, 1, 0);
  for (const Layer& layer : layers.decoder) x = run(graph, relu(x), layer, 2, 1);
  return x;
}

// -log p of each value: binary cross entropy, or with v the variance ((x - mean)^2 / v + log v + log 2 pi) / 2.
Value minus_log_likelihood(Value x, Value decoded, const Layers& layers) {
  if (!layers.log_noise) return sub(softplus(decoded), mul(decoded, x));
  const Value scaled = mul(square(sub(x, decoded)), exp(neg(layers.log_noise)));
  return mul_scalar(add_scalar(add(scaled, layers.log_noise), std::log(2 * std::numbers::pi_v<float>)), 0.5f);
}

}  // namespace

VaePosterior vae_encode(Graph& graph, Value x, const VaeConfig& config) {
  const Layers layers = declare(graph, config);
  require(x, "the image", {1, config.channels, config.side, config.side});
  return encode(graph, x, layers);
}

Value vae_decode(Graph& graph, Value z, const VaeConfig& config) {
  const Layers layers = declare(graph, config);
  require(z, "z", {1, config.latent, 1, 1});
  return decode(graph, z, layers);
}

Value vae_pixels(Value decoded, const VaeConfig& config) {
  return config.likelihood == VaeConfig::Likelihood::bernoulli ? sigmoid(decoded) : decoded;
}

VaeTerms vae_terms(Graph& graph, Value x, Value noise, const VaeConfig& config) {
  const Layers layers = declare(graph, config);
  require(x, "the image", {1, config.channels, config.side, config.side});
  require(noise, "the noise", {1, config.latent, 1, 1});
  const VaePosterior posterior = encode(graph, x, layers);
  const Value log_variance = posterior.log_variance;
  Value z;
  {
    const auto scope = graph.scope("sample");
    z = add(posterior.mean, mul(exp(mul_scalar(log_variance, 0.5f)), noise));
  }
  const Value decoded = decode(graph, z, layers);
  const auto scope = graph.scope("elbo"), precise = graph.full_precision();
  const std::vector<int> all = {1, 2, 3};
  const Value excess = sub(add(square(posterior.mean), exp(log_variance)), add_scalar(log_variance, 1.0f));
  return {sum(minus_log_likelihood(x, decoded, layers), all), mul_scalar(sum(excess, all), 0.5f)};
}

bool vae_takes(std::int64_t side) {
  return side >= 2 * kSmallest && vae_side_from(side) == side;
}

std::int64_t vae_side_from(std::int64_t side) {
  std::int64_t fitting = 2 * kSmallest;
  while (fitting < side) fitting *= 2;
  return fitting;
}

}  // namespace tuff
