#include "models/p4.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/expand.h"
#include "ops/permute.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/slice.h"

namespace tuff {
namespace {

constexpr std::int64_t kOrientations = 4;

// A quarter turn counterclockwise of the last two axes, y and x: numpy's rot90.
Value quarter_turn(Value filter) {
  const int x = filter.shape().rank() - 1;
  return flip(transpose(filter, x - 1, x), {x - 1});
}

// Orientation r of the result is r - 1 of the filter's axis 2.
Value next_orientation(Value filter) {
  return concat({narrow(filter, 2, kOrientations - 1, 1), narrow(filter, 2, 0, kOrientations - 1)}, 2);
}

// What conv() takes: filters (out, in..., kernel, kernel) in four orientations as (4 out, channels, kernel, kernel).
Value bank(const std::vector<Value>& orientations, std::int64_t channels) {
  const Shape& one = orientations[0].shape();
  const std::int64_t kernel = one[one.rank() - 1];
  return reshape(stack(orientations, 1), Shape{one[0] * kOrientations, channels, kernel, kernel}, Layout::weight);
}

Value apply(Layers& layers, Value x, const std::string& name, Value weight, Padding padding, bool has_bias) {
  const std::int64_t out = weight.shape()[0] / kOrientations, kernel = weight.shape()[2];
  Value bias;
  if (has_bias) {
    bias = layers.graph().parameter(name + ".bias", {out}, Initializer::constant(0));
    bias = reshape(expand(bias, Shape{out, kOrientations}, std::vector<int>{0}), {out * kOrientations});
  }
  const std::int64_t pixels = padding == Padding::same ? (kernel - 1) / 2 : 0;
  return conv(x, weight, bias, {.padding = {pixels}});
}

void require_kernel(const std::string& name, std::int64_t kernel) {
  if (kernel < 1 || kernel % 2 == 0)
    throw Error(fmt::format("p4: the kernel of \"{}\" is {}; it must be odd, to turn about its middle", name, kernel));
}

std::int64_t features_of(const char* who, Value x) {
  if (x.shape().rank() == 4 && x.shape()[1] % kOrientations == 0) return x.shape()[1] / kOrientations;
  throw Error(fmt::format("{}: x is {}, must be (N, 4 C, H, W)", who, to_string(x.type())));
}

// Pixels that become one by all poolings, along an axis.
std::int64_t reduction(const P4ClassifierConfig& config) {
  return std::int64_t{1} << (config.stages.size() - 1);
}

void check(const P4ClassifierConfig& config, Value x) {
  if (config.stages.empty() || config.convolutions < 1 || config.classes < 1)
    throw Error("p4: there must be at least one stage, convolution and class");
  require_input("p4", x, 2, config.in_channels);
  for (int axis = 2; axis < 4; ++axis) {
    const std::int64_t extent = x.shape()[axis];
    const auto [below, above] = p4_nearest_sides(config, extent);
    if (below == extent) continue;
    throw Error(fmt::format(
        "p4: an extent of {}, of {}, must be a multiple of {} for poolings to commute with "
        "rotations; nearest: {}{}",
        extent, to_string(x.shape()), reduction(config), below > 0 ? fmt::format("{} or ", below) : "", above));
  }
}

}  // namespace

Value p4_lift(Layers& layers, Value x, const std::string& name, std::int64_t out, std::int64_t kernel, Padding padding,
              bool has_bias) {
  require_kernel(name, kernel);
  const auto scope = layers.graph().scope(name);
  const std::int64_t in = x.shape().channels();
  Value filter = layers.graph().parameter(name + ".weight", {out, in, kernel, kernel},
                                          Initializer::he_normal(in * kernel * kernel), Layout::channels_last);
  std::vector<Value> orientations;
  for (std::int64_t r = 0; r < kOrientations; ++r, filter = quarter_turn(filter)) orientations.push_back(filter);
  return apply(layers, x, name, bank(orientations, in), padding, has_bias);
}

Value p4_convolution(Layers& layers, Value x, const std::string& name, std::int64_t out, std::int64_t kernel,
                     Padding padding, bool has_bias) {
  require_kernel(name, kernel);
  const auto scope = layers.graph().scope(name);
  const std::int64_t in = features_of("p4", x);
  Value filter =
      layers.graph().parameter(name + ".weight", {out, in, kOrientations, kernel, kernel},
                               Initializer::he_normal(in * kOrientations * kernel * kernel), Layout::channels_last);
  std::vector<Value> orientations;
  for (std::int64_t r = 0; r < kOrientations; ++r, filter = next_orientation(quarter_turn(filter)))
    orientations.push_back(filter);
  return apply(layers, x, name, bank(orientations, in * kOrientations), padding, has_bias);
}

Value p4_norm_and_activation(Layers& layers, Value x, const std::string& norm_name,
                             const std::string& activation_name) {
  const std::int64_t features = features_of("p4", x);
  const Shape shape = x.shape();
  // Orientations as further rows, so that they share what is a channel's.
  x = reshape(x, {shape[0], features, kOrientations * shape[2], shape[3]});
  x = layers.norm_and_activation(x, norm_name, activation_name);
  return reshape(x, shape.extents());
}

Value p4_pool_orientations(Value x) {
  const std::int64_t features = features_of("p4_pool_orientations", x);
  const Shape shape = x.shape();
  return max(reshape(x, {shape[0], features, kOrientations, shape[2], shape[3]}), {2});
}

Value p4_features(Graph& graph, Value x, const P4ClassifierConfig& config, bool training) {
  check(config, x);
  Layers layers(graph, {.training = training, .norm = config.norm, .activation = config.activation});
  const bool has_bias = config.norm == NormKind::none;
  for (std::size_t stage = 0; stage < config.stages.size(); ++stage) {
    if (stage > 0) x = max_pool(x, {.kernel = {2}}).output;
    for (std::int64_t i = 1; i <= config.convolutions; ++i) {
      const std::string name = fmt::format("stages.{}.", stage), number = std::to_string(i);
      const auto convolve = stage == 0 && i == 1 ? p4_lift : p4_convolution;
      x = convolve(layers, x, name + "conv" + number, config.stages[stage], 3, Padding::same, has_bias);
      x = p4_norm_and_activation(layers, x, name + "norm" + number, name + "act" + number);
    }
  }
  return p4_pool_orientations(x);
}

Value p4_classifier(Graph& graph, Value x, const P4ClassifierConfig& config, bool training, Value random_state) {
  Layers layers(graph, {.training = training, .random_state = random_state});
  const Value features = global_average(p4_features(graph, x, config, training));
  return layers.dense(layers.dropout(features, config.dropout), "head", config.classes);
}

std::pair<std::int64_t, std::int64_t> p4_nearest_sides(const P4ClassifierConfig& config, std::int64_t side) {
  const std::int64_t multiple = reduction(config), below = side / multiple * multiple;
  return {below, below == side ? side : below + multiple};
}

}  // namespace tuff
