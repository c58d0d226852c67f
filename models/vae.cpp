#include "models/vae.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/resize.h"

namespace tuff {
namespace {

using Config = VaeConfig;

constexpr std::int64_t kSmallest = 4;         // side of the map that the dense layers see
constexpr float kFirstLogNoise = -2.302585f;  // variance 0.1: about that of an image's values

// The deviation that PyTorch's layers start with, where the fan-in of a transposed convolution counts its outputs. He
// initialization, several times as large in the decoder, begins with far too certain pixels: after 1,000 steps on
// digits its ELBO was still 4 % behind.
Initializer small_normal(std::int64_t fan_in) {
  return {Initializer::Kind::normal, 0, static_cast<float>(1 / std::sqrt(3.0 * static_cast<double>(fan_in)))};
}

struct Layer {
  std::string name;
  Value weight;
  Value bias;
};

struct Norm {
  std::string name;
  Value weight, bias;
  Value mean, variance;  // batch norm's running ones
};

// Pre-activation: norm, ReLU, convolution, twice, beside the shortcut.
struct Block {
  Norm norm1, norm2;
  Layer conv1, conv2;
  Layer shortcut;  // without weight: the identity
};

struct Layers {
  std::vector<Layer> encoder;
  Layer mean, log_variance, expand;
  std::vector<Layer> decoder;
  // residual instead of encoder and decoder
  Layer stem, head;
  std::vector<Block> down, up;
  Norm encoder_norm, decoder_norm;

  Layer embedding;  // conditional only
  Value log_noise;  // gaussian only
};

// Adds parameters. A transposed convolution's weights are (in, out, kernel...).
class Declaration {
 public:
  Declaration(Graph& graph, const Config& config) : graph_(graph), config_(config) {}

  Layer convolution(const std::string& name, std::int64_t in, std::int64_t out) {
    return {name, graph_.parameter(name + ".weight", {out, in, 4, 4}, small_normal(in * 16)), bias(name, out)};
  }

  Layer transposed(const std::string& name, std::int64_t in, std::int64_t out, bool has_bias = true) {
    const Value weight =
        graph_.parameter(name + ".weight", {in, out, 4, 4}, small_normal(out * 16), Layout::transposed_weight);
    return {name, weight, has_bias ? bias(name, out) : Value{}};
  }

  Layer square(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t kernel,
               const Initializer& initializer, bool has_bias) {
    const Value weight = graph_.parameter(name + ".weight", {out, in, kernel, kernel}, initializer);
    return {name, weight, has_bias ? bias(name, out) : Value{}};
  }

  // Whether what comes before norms has a bias: those would take it off again.
  bool biased() const { return config_.norm == Config::Norm::none; }

  // Every block begins as its shortcut: its last convolution is 0, so depth and missing norms don't blow values up.
  Block block(const std::string& name, std::int64_t in, std::int64_t out, bool same_side) {
    Block block;
    block.norm1 = norm(name + ".norm1", in);
    block.conv1 = square(name + ".conv1", in, out, 3, Initializer::he_normal(in * 9), biased());
    block.norm2 = norm(name + ".norm2", out);
    block.conv2 = square(name + ".conv2", out, out, 3, Initializer::constant(0), biased());
    if (in != out || !same_side) block.shortcut = square(name + ".shortcut", in, out, 1, small_normal(in), biased());
    return block;
  }

  Norm norm(const std::string& name, std::int64_t channels) {
    Norm norm{name, {}, {}, {}, {}};
    if (config_.norm == Config::Norm::none) return norm;
    norm.weight = graph_.parameter(name + ".weight", {channels}, Initializer::constant(1));
    norm.bias = bias(name, channels);
    if (config_.norm != Config::Norm::batch) return norm;
    norm.mean = graph_.buffer(name + ".running_mean", {channels}, Initializer::constant(0));
    norm.variance = graph_.buffer(name + ".running_var", {channels}, Initializer::constant(1));
    return norm;
  }

 private:
  Value bias(const std::string& name, std::int64_t channels) {
    return graph_.parameter(name + ".bias", {channels}, Initializer::constant(0));
  }

  Graph& graph_;
  const Config& config_;
};

void check(const Config& config) {
  if (!vae_takes(config.side) || config.base < 1 || config.latent < 1 || config.channels < 1 || config.classes < 0)
    throw Error(
        fmt::format("vae: side {} must be 8, 16, 32 ..., and base ({}), latent ({}) and channels ({}) at least 1",
                    config.side, config.base, config.latent, config.channels));
  if (config.block == Config::Block::plain && config.norm != Config::Norm::none)
    throw Error("vae: norms go with residual blocks");
}

// `channels` of the maps from the image's on, each half as large as the one before.
void declare_plain(Declaration& add, Layers& layers, const std::vector<std::int64_t>& channels, bool encoder) {
  if (encoder) {
    for (std::size_t level = 1; level < channels.size(); ++level)
      layers.encoder.push_back(
          add.convolution(fmt::format("encoder.{}", level - 1), channels[level - 1], channels[level]));
    return;
  }
  for (std::size_t level = channels.size() - 1; level > 0; --level)
    layers.decoder.push_back(
        add.transposed(fmt::format("decoder.{}", layers.decoder.size()), channels[level], channels[level - 1]));
}

// The first block has as many channels before as behind it, so that little is computed at full size.
void declare_residual(Declaration& add, Layers& layers, const std::vector<std::int64_t>& maps, bool encoder) {
  std::vector<std::int64_t> channels = maps;
  const std::int64_t image = std::exchange(channels[0], channels[1]), base = channels[0];
  if (encoder) {
    layers.stem = add.square("encoder.stem", image, base, 3, small_normal(image * 9), add.biased());
    for (std::size_t level = 1; level < channels.size(); ++level)
      layers.down.push_back(
          add.block(fmt::format("encoder.blocks.{}", level - 1), channels[level - 1], channels[level], false));
    layers.encoder_norm = add.norm("encoder.norm", channels.back());
    return;
  }
  for (std::size_t level = channels.size() - 1; level > 0; --level)
    layers.up.push_back(
        add.block(fmt::format("decoder.blocks.{}", layers.up.size()), channels[level], channels[level - 1], true));
  layers.decoder_norm = add.norm("decoder.norm", base);
  layers.head = add.square("decoder.head", base, image, 3, small_normal(base * 9), true);
}

Layers declare(Graph& graph, const Config& config) {
  check(config);
  Declaration add(graph, config);
  Layers layers;
  std::vector<std::int64_t> channels = {config.channels};  // at each level
  for (std::int64_t side = config.side, next = config.base; side > kSmallest; side /= 2, next *= 2)
    channels.push_back(next);
  const auto& declare_half = config.block == Config::Block::plain ? declare_plain : declare_residual;
  declare_half(add, layers, channels, true);
  const std::int64_t deepest = channels.back();
  layers.mean = add.convolution("mean", deepest, config.latent);
  layers.log_variance = add.convolution("log_variance", deepest, config.latent);
  layers.expand = add.transposed("expand", config.latent + config.classes, deepest, add.biased());
  declare_half(add, layers, channels, false);
  if (config.classes > 0)
    layers.embedding = {
        "embedding",
        graph.parameter("embedding.weight", {deepest, config.classes, 1, 1}, small_normal(config.classes)),
        {}};
  if (config.likelihood == Config::Likelihood::gaussian)
    layers.log_noise = graph.parameter("log_noise", {1}, Initializer::constant(kFirstLogNoise));
  return layers;
}

void require(const Value& value, const char* what, const Shape& wanted) {
  const std::int64_t batch = value.shape().rank() > 0 ? value.shape()[0] : 1;
  const Shape expected{batch, wanted[1], wanted[2], wanted[3]};
  if (value.shape() != expected)
    throw Error(fmt::format("vae: {} is {}, the net takes {}", what, to_string(value.type()), to_string(expected)));
}

void require_classes(const VaeContext& context, const Config& config) {
  if (static_cast<bool>(context.classes) != (config.classes > 0))
    throw Error(config.classes > 0 ? fmt::format("vae: the net draws one of {} classes: say which", config.classes)
                                   : "vae: the net knows no classes");
  if (config.classes > 0) require(context.classes, "the one-hot class", {1, config.classes, 1, 1});
}

// Adds the nodes of a pass through the layers.
class Pass {
 public:
  Pass(Graph& graph, const Layers& layers, const Config& config, const VaeContext& context)
      : graph_(graph), layers_(layers), config_(config), context_(context) {}

  VaePosterior encode(Value x) {
    if (config_.block == Config::Block::plain) {
      for (std::size_t i = 0; i < layers_.encoder.size(); ++i) {
        x = run(x, layers_.encoder[i], 2, 1);
        x = relu(i + 1 == layers_.encoder.size() ? with_class(x) : x);
      }
    } else {
      x = run(x, layers_.stem, 1, 1);
      for (const Block& block : layers_.down) x = halve(x, block);
      x = context_.classes ? relu(with_class(normalize(x, layers_.encoder_norm, NormalizeActivation::none)))
                           : activate(x, layers_.encoder_norm);
    }
    return {run(x, layers_.mean, 1, 0), run(x, layers_.log_variance, 1, 0)};
  }

  Value decode(Value z) {
    Value x = run(context_.classes ? concat({z, context_.classes}) : z, layers_.expand, 1, 0);
    for (const Layer& layer : layers_.decoder) x = run(relu(x), layer, 2, 1);
    if (config_.block == Config::Block::plain) return x;
    for (const Block& block : layers_.up) x = double_size(x, block);
    return run(activate(x, layers_.decoder_norm), layers_.head, 1, 1);
  }

 private:
  Value run(Value x, const Layer& layer, std::int64_t stride, std::int64_t padding) {
    const auto scope = graph_.scope(layer.name);
    const ConvAttributes attributes{.stride = {stride, stride}, .padding = {padding, padding}};
    if (layer.weight.type().layout == Layout::transposed_weight)
      return conv_transpose(x, layer.weight, layer.bias, attributes);
    return conv(x, layer.weight, layer.bias, attributes);
  }

  Value with_class(Value x) { return context_.classes ? add(x, run(context_.classes, layers_.embedding, 1, 0)) : x; }

  Value normalize(Value x, const Norm& norm, NormalizeActivation activation) {
    if (!norm.weight) return x;
    const auto scope = graph_.scope(norm.name);
    if (!norm.mean)
      return group_norm(x, std::gcd(config_.groups, x.shape()[1]), norm.weight, norm.bias, 1e-5f, activation);
    return batch_norm(x, norm.weight, norm.bias, norm.mean, norm.variance,
                      {.training = context_.training, .activation = activation})
        .output;
  }

  Value activate(Value x, const Norm& norm) {
    return norm.weight ? normalize(x, norm, NormalizeActivation::relu) : relu(x);
  }

  Value twice_as_large(Value x, const std::string& name) {
    const auto scope = graph_.scope(name);
    return resize(x, {.scale = {2, 2}, .mode = ResizeMode::nearest});
  }

  Value halve(Value x, const Block& block) {
    const Value first = run(activate(x, block.norm1), block.conv1, 2, 1);
    return add(run(activate(first, block.norm2), block.conv2, 1, 1), run(x, block.shortcut, 2, 0));
  }

  Value double_size(Value x, const Block& block) {
    const Value larger = twice_as_large(activate(x, block.norm1), block.conv1.name);
    const Value first = run(larger, block.conv1, 1, 1);
    // A 1x1 convolution commutes with repeating pixels, and before it costs a quarter.
    const Value beside = block.shortcut.weight ? run(x, block.shortcut, 1, 0) : x;
    return add(run(activate(first, block.norm2), block.conv2, 1, 1),
               twice_as_large(beside, block.conv2.name + ".shortcut"));
  }

  Graph& graph_;
  const Layers& layers_;
  const Config& config_;
  const VaeContext& context_;
};

// -log p of each value: binary cross entropy, or with v the variance ((x - mean)^2 / v + log v + log 2 pi) / 2.
Value minus_log_likelihood(Value x, Value decoded, const Layers& layers) {
  if (!layers.log_noise) return sub(softplus(decoded), mul(decoded, x));
  const Value scaled = mul(square(sub(x, decoded)), exp(neg(layers.log_noise)));
  return mul_scalar(add_scalar(add(scaled, layers.log_noise), std::log(2 * std::numbers::pi_v<float>)), 0.5f);
}

}  // namespace

VaePosterior vae_encode(Graph& graph, Value x, const VaeConfig& config, const VaeContext& context) {
  const Layers layers = declare(graph, config);
  require(x, "the image", {1, config.channels, config.side, config.side});
  require_classes(context, config);
  return Pass(graph, layers, config, context).encode(x);
}

Value vae_decode(Graph& graph, Value z, const VaeConfig& config, const VaeContext& context) {
  const Layers layers = declare(graph, config);
  require(z, "z", {1, config.latent, 1, 1});
  require_classes(context, config);
  return Pass(graph, layers, config, context).decode(z);
}

Value vae_pixels(Value decoded, const VaeConfig& config) {
  return config.likelihood == VaeConfig::Likelihood::bernoulli ? sigmoid(decoded) : decoded;
}

VaeTerms vae_terms(Graph& graph, Value x, Value noise, const VaeConfig& config, const VaeContext& context) {
  const Layers layers = declare(graph, config);
  require(x, "the image", {1, config.channels, config.side, config.side});
  require(noise, "the noise", {1, config.latent, 1, 1});
  require_classes(context, config);
  Pass pass(graph, layers, config, context);
  const VaePosterior posterior = pass.encode(x);
  const Value log_variance = posterior.log_variance;
  Value z;
  {
    const auto scope = graph.scope("sample");
    z = add(posterior.mean, mul(exp(mul_scalar(log_variance, 0.5f)), noise));
  }
  const Value decoded = pass.decode(z);
  const auto scope = graph.scope("elbo"), precise = graph.full_precision();
  const std::vector<int> all = {1, 2, 3};
  const Value excess = sub(add(square(posterior.mean), exp(log_variance)), add_scalar(log_variance, 1.0f));
  return {sum(minus_log_likelihood(x, decoded, layers), all), mul_scalar(sum(excess, all), 0.5f), excess};
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
