#include "models/vae.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "base/error.h"
#include "ops/concat.h"
#include "ops/fill.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/resize.h"

namespace tuff {
namespace {

constexpr std::int64_t kSmallest = 4;         // side of the map that the dense layers see
constexpr float kFirstLogNoise = -2.302585f;  // variance 0.1: about that of an image's values

// He initialization, several times as large in the decoder, begins with far too certain pixels: after 1,000 steps on
// digits its ELBO was still 4 % behind.
constexpr Initialization kInitialization = Initialization::pytorch;

bool is_residual(const VaeConfig& config) {
  return config.block == VaeConfig::Block::residual;
}

// Of the maps from the image's side on, each half as large as the one before. A residual net's first block has as many
// before as behind it, so that little is computed at full size.
std::vector<std::int64_t> map_channels(const VaeConfig& config) {
  std::vector<std::int64_t> channels = {is_residual(config) ? config.base : config.channels};
  for (std::int64_t side = config.side, next = config.base; side > kSmallest; side /= 2, next *= 2)
    channels.push_back(next);
  return channels;
}

class Net {
 public:
  Net(Graph& graph, const VaeConfig& config, bool training)
      : layers_(
            graph,
            {.training = training, .norm = config.norm, .groups = config.groups, .initialization = kInitialization}),
        config_(config),
        channels_(map_channels(config)),
        biased_(config.norm == NormKind::none) {}

  // `classes`: one-hot, or empty.
  VaePosterior encode(Value x, Value classes) {
    x = is_residual(config_) ? residual_encoder(x, classes) : plain_encoder(x, classes);
    const ConvolutionOptions dense{.kernel = {kSmallest}, .padding = Padding::valid};
    const Value mean = layers_.convolution(x, "mean", config_.latent, dense);
    return {mean, layers_.convolution(x, "log_variance", config_.latent, dense)};
  }

  Value decode(Value z, Value classes) {
    const Value x = layers_.transposed_convolution(classes ? concat({z, classes}) : z, "expand", channels_.back(),
                                                   {.factors = {kSmallest}, .bias = biased_});
    return is_residual(config_) ? residual_decoder(x) : plain_decoder(x);
  }

  // What the classes add to the encoder's last map.
  Value embed(Value classes) {
    return layers_.convolution(classes, "embedding", channels_.back(), {.kernel = {1}, .bias = false});
  }

 private:
  Value plain_encoder(Value x, Value classes) {
    for (std::size_t level = 1; level < channels_.size(); ++level) {
      if (level > 1) x = relu(x);
      x = layers_.convolution(x, fmt::format("encoder.{}", level - 1), channels_[level],
                              {.kernel = {4}, .stride = {2}});
    }
    return relu(classes ? add(x, embed(classes)) : x);
  }

  Value plain_decoder(Value x) {
    for (std::size_t level = channels_.size() - 1, number = 0; level > 0; --level, ++number)
      x = layers_.transposed_convolution(relu(x), fmt::format("decoder.{}", number), channels_[level - 1],
                                         {.kernel = {4}});
    return x;
  }

  Value residual_encoder(Value x, Value classes) {
    x = layers_.convolution(x, "encoder.stem", config_.base, {.bias = biased_});
    for (std::size_t level = 1; level < channels_.size(); ++level)
      x = halve(x, fmt::format("encoder.blocks.{}", level - 1), channels_[level]);
    if (!classes) return layers_.norm_and_activation(x, "encoder.norm", "encoder.act");
    return relu(add(layers_.norm(x, "encoder.norm"), embed(classes)));
  }

  Value residual_decoder(Value x) {
    for (std::size_t level = channels_.size() - 1, number = 0; level > 0; --level, ++number)
      x = enlarge(x, fmt::format("decoder.blocks.{}", number), channels_[level - 1]);
    return layers_.preactivated(x, "decoder.norm", "decoder.act", "decoder.head", config_.channels);
  }

  Value halve(Value x, const std::string& name, std::int64_t out) {
    ConvolutionOptions strided = first_options(x);
    strided.stride = {2};
    Value y = layers_.preactivated(x, name + ".norm1", name + ".act1", name + ".conv1", out, strided);
    y = second(y, name);
    return add(y, layers_.convolution(x, name + ".shortcut", out, {.kernel = {1}, .stride = {2}, .bias = biased_}));
  }

  Value enlarge(Value x, const std::string& name, std::int64_t out) {
    Value y = layers_.norm_and_activation(x, name + ".norm1", name + ".act1");
    y = layers_.convolution(repeat_pixels(y, name + ".conv1"), name + ".conv1", out, first_options(x));
    y = second(y, name);
    // A 1x1 convolution commutes with repeating pixels, and before it costs a quarter.
    if (x.shape()[1] != out) x = layers_.convolution(x, name + ".shortcut", out, {.kernel = {1}, .bias = biased_});
    return add(y, repeat_pixels(x, name + ".shortcut"));
  }

  ConvolutionOptions first_options(Value x) const {
    return {.bias = biased_, .initializer = Initializer::he_normal(x.shape()[1] * 9)};
  }

  // At 0 every block begins as its shortcut, so depth and missing norms don't blow values up.
  Value second(Value x, const std::string& name) {
    return layers_.preactivated(x, name + ".norm2", name + ".act2", name + ".conv2", x.shape()[1],
                                {.bias = biased_, .initializer = Initializer::constant(0)});
  }

  Value repeat_pixels(Value x, const std::string& name) {
    const auto scope = x.graph().scope(name);
    return resize(x, {.scale = {2, 2}, .mode = ResizeMode::nearest});
  }

  Layers layers_;
  const VaeConfig& config_;
  std::vector<std::int64_t> channels_;
  bool biased_;  // whether what comes before norms has a bias: those would take it off again
};

Value log_noise(Graph& graph) {
  return graph.parameter("log_noise", {1}, Initializer::constant(kFirstLogNoise));
}

void check(const VaeConfig& config) {
  if (!vae_takes(config.side) || config.base < 1 || config.latent < 1 || config.channels < 1 || config.classes < 0)
    throw Error(
        fmt::format("vae: side {} must be 8, 16, 32 ..., and base ({}), latent ({}) and channels ({}) at least 1",
                    config.side, config.base, config.latent, config.channels));
  if (!is_residual(config) && config.norm != NormKind::none) throw Error("vae: norms go with residual blocks");
}

// All parameters in order, by both halves on zeros: nothing depends on those, so they never run. The embedding of
// classes comes behind the decoder.
void declare(Graph& graph, const VaeConfig& config) {
  check(config);
  Net net(graph, config, false);
  const auto blank = [&](std::int64_t channels, std::int64_t side) {
    return zeros(graph, {DType::f32, {1, channels, side, side}});
  };
  const Value classes = config.classes > 0 ? blank(config.classes, 1) : Value{};
  net.encode(blank(config.channels, config.side), {});
  net.decode(blank(config.latent, 1), classes);
  if (classes) net.embed(classes);
  if (config.likelihood == VaeConfig::Likelihood::gaussian) log_noise(graph);
}

void require(const Value& value, const char* what, const Shape& wanted) {
  const std::int64_t batch = value.shape().rank() > 0 ? value.shape()[0] : 1;
  const Shape expected{batch, wanted[1], wanted[2], wanted[3]};
  if (value.shape() != expected)
    throw Error(fmt::format("vae: {} is {}, the net takes {}", what, to_string(value.type()), to_string(expected)));
}

void require_classes(const VaeContext& context, const VaeConfig& config) {
  if (static_cast<bool>(context.classes) != (config.classes > 0))
    throw Error(config.classes > 0 ? fmt::format("vae: the net draws one of {} classes: say which", config.classes)
                                   : "vae: the net knows no classes");
  if (config.classes > 0) require(context.classes, "the one-hot class", {1, config.classes, 1, 1});
}

// -log p of each value: binary cross entropy, or with v the variance ((x - mean)^2 / v + log v + log 2 pi) / 2.
Value minus_log_likelihood(Value x, Value decoded, const VaeConfig& config) {
  if (config.likelihood == VaeConfig::Likelihood::bernoulli) return sub(softplus(decoded), mul(decoded, x));
  const Value log_variance = log_noise(x.graph());
  const Value scaled = mul(square(sub(x, decoded)), exp(neg(log_variance)));
  return mul_scalar(add_scalar(add(scaled, log_variance), std::log(2 * std::numbers::pi_v<float>)), 0.5f);
}

}  // namespace

VaePosterior vae_encode(Graph& graph, Value x, const VaeConfig& config, const VaeContext& context) {
  declare(graph, config);
  require(x, "the image", {1, config.channels, config.side, config.side});
  require_classes(context, config);
  return Net(graph, config, context.training).encode(x, context.classes);
}

Value vae_decode(Graph& graph, Value z, const VaeConfig& config, const VaeContext& context) {
  declare(graph, config);
  require(z, "z", {1, config.latent, 1, 1});
  require_classes(context, config);
  return Net(graph, config, context.training).decode(z, context.classes);
}

Value vae_pixels(Value decoded, const VaeConfig& config) {
  return config.likelihood == VaeConfig::Likelihood::bernoulli ? sigmoid(decoded) : decoded;
}

VaeTerms vae_terms(Graph& graph, Value x, Value noise, const VaeConfig& config, const VaeContext& context) {
  declare(graph, config);
  require(x, "the image", {1, config.channels, config.side, config.side});
  require(noise, "the noise", {1, config.latent, 1, 1});
  require_classes(context, config);
  Net net(graph, config, context.training);
  const VaePosterior posterior = net.encode(x, context.classes);
  const Value log_variance = posterior.log_variance;
  Value z;
  {
    const auto scope = graph.scope("sample");
    z = add(posterior.mean, mul(exp(mul_scalar(log_variance, 0.5f)), noise));
  }
  const Value decoded = net.decode(z, context.classes);
  const auto scope = graph.scope("elbo"), precise = graph.full_precision();
  const std::vector<int> all = {1, 2, 3};
  const Value excess = sub(add(square(posterior.mean), exp(log_variance)), add_scalar(log_variance, 1.0f));
  return {sum(minus_log_likelihood(x, decoded, config), all), mul_scalar(sum(excess, all), 0.5f), excess};
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
