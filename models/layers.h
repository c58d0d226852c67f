// The layers that networks are made of, over 1 to 3 spatial axes. A Layers object knows what all layers of a network
// share (rank, norm, activation, training or not); its functions declare a layer's parameters and add its nodes.
//
//   Layers layers(graph, {.rank = x.shape().rank() - 2, .training = training});
//   x = layers.double_convolution(x, "encoder.0", 32);
//
// Parameters have the names of PyTorch modules: "encoder.0.conv1.weight", "encoder.0.norm1.bias". Weights start by He's
// rule or PyTorch's, biases at 0, norms at 1 and 0. Errors name the layer's op and the shapes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "models/geometry.h"

namespace tuff {

enum class NormKind : std::uint8_t { batch, group, instance, none };
enum class ActivationKind : std::uint8_t { relu, leaky_relu, prelu, elu, silu, none };
// Normal weights: he by the inputs of an output, deviation sqrt(2 / fan_in); pytorch as pytorch_normal(), where the
// fan-in of a transposed convolution counts its outputs, as PyTorch does.
enum class Initialization : std::uint8_t { he, pytorch };
enum class Padding : std::uint8_t { same, valid };
// The others than transpose: 1x1 convolution to the channels wanted (of a pixel shuffle: to those of whole blocks),
// then the enlargement. A 1x1 convolution commutes with interpolation, and before it costs less.
enum class Upsampling : std::uint8_t { transpose, bilinear, nearest, pixel_shuffle };

// One value per spatial axis, or one for all.
using PerAxis = std::vector<std::int64_t>;

struct LayerOptions {
  int rank = 2;           // spatial axes, 1 to 3
  bool training = false;  // batch norm by the batch's statistics, which update the running ones
  NormKind norm = NormKind::batch;
  std::int64_t groups = 8;  // of group norm; C channels have gcd(groups, C)
  ActivationKind activation = ActivationKind::relu;
  float slope = 0.01f;      // of leaky_relu; PReLU starts at 0.25
  float momentum = 0.1f;    // of batch norm's running statistics
  bool running = true;      // batch norm has running statistics, else always the batch's
  Value random_state = {};  // of dropout, see ops/random.h
  Initialization initialization = Initialization::he;
};

struct ConvolutionOptions {
  PerAxis kernel = {3};
  PerAxis stride = {1};
  PerAxis dilation = {1};
  Padding padding = Padding::same;  // same: dilation (kernel - 1) / 2 on both sides, rounded down
  std::int64_t groups = 1;
  bool bias = true;
  std::optional<Initializer> initializer = {};  // of the weight
};

struct TransposedOptions {
  PerAxis factors = {2};  // the stride: how many times the extents
  PerAxis kernel = {};    // empty: the factors; what is more, padding takes off
  bool bias = true;
  std::optional<Initializer> initializer = {};  // of the weight
};

// Of blocks of several convolutions.
struct BlockOptions {
  PerAxis kernel = {3};
  PerAxis stride = {1};  // of the first convolution
  PerAxis dilation = {1};
  Padding padding = Padding::same;
  bool separable = false;  // convolutions are depthwise-separable
};

class Layers {
 public:
  // Error unless the rank is 1 to 3.
  Layers(Graph& graph, LayerOptions options);

  Graph& graph() const { return graph_; }
  const LayerOptions& options() const { return options_; }

  // NAME.weight, NAME.bias.
  Value convolution(Value x, const std::string& name, std::int64_t out, const ConvolutionOptions& options = {});
  // The same with a kernel for each channel (NAME.depthwise), then a 1x1 convolution (NAME.pointwise).
  Value separable_convolution(Value x, const std::string& name, std::int64_t out,
                              const ConvolutionOptions& options = {});
  // Exactly `factors` times the extents, by kernels no smaller than that, else Error: where a kernel has an odd number
  // more, padding takes one off too many and output_padding adds it, as PyTorch's (kernel 3, stride 2, padding 1,
  // output_padding 1). NAME.weight (in, out, ...), NAME.bias.
  Value transposed_convolution(Value x, const std::string& name, std::int64_t out,
                               const TransposedOptions& options = {});
  // x (N, C, ...) to `factor` times the extents, by a transposed convolution without bias whose weight (C, C, 2 factor
  // ...) starts as linear interpolation of each channel by itself (Long et al. 2015); factor is even, else Error.
  Value learned_interpolation(Value x, const std::string& name, std::int64_t factor);
  // `out` channels, `factors` times the extents.
  Value upsample(Value x, const std::string& name, std::int64_t out, const PerAxis& factors, Upsampling kind);
  // x (N, I): (N, out). NAME.weight (out, I).
  Value dense(Value x, const std::string& name, std::int64_t out, bool bias = true);

  // NAME.weight, NAME.bias, NAME.running_mean, NAME.running_var; x itself without a norm.
  Value norm(Value x, const std::string& name);
  // PReLU's slopes are NAME.weight.
  Value activate(Value x, const std::string& name);
  Value norm_and_activation(Value x, const std::string& norm_name, const std::string& activation_name);
  // Pre-activation (He et al. 2016, "Identity mappings"): norm, activation, convolution to (N, out, ...). Parameters as
  // those of norm_and_activation() and convolution(), in this order; the bias is the options', whatever the norm.
  Value preactivated(Value x, const std::string& norm_name, const std::string& activation_name,
                     const std::string& convolution_name, std::int64_t out, const ConvolutionOptions& options = {});
  // NAME.convNUMBER, NAME.normNUMBER and the activation, for PReLU NAME.actNUMBER. The convolution has a bias where no
  // norm follows.
  Value block_layer(Value x, const std::string& name, const std::string& number, std::int64_t out,
                    const BlockOptions& options = {});

  // Two block layers.
  Value double_convolution(Value x, const std::string& name, std::int64_t out, const BlockOptions& options = {});
  // He et al. 2016: two block layers, where x is added before the last activation: cropped where padding is valid, and
  // through a 1x1 convolution (NAME.shortcut) where channels or extents differ.
  Value residual_block(Value x, const std::string& name, std::int64_t out, const BlockOptions& options = {});

  // Oktay et al. 2018, "Attention U-Net": skip times sigmoid(psi(relu(skip_part(skip) + gate_part(gate)))), one number
  // a pixel, computed at the resolution of the coarser `gate`, whose extents times `factors` are skip's (else Error),
  // and interpolated linearly. NAME.skip, NAME.gate, NAME.psi.
  Value attention_gate(Value skip, Value gate, const std::string& name, const PerAxis& factors);

  // Elements with probability `rate` 0, in each run others, where there is a random state; x without. In training with
  // a rate above 0 a missing state is an Error. A state without training is Monte Carlo dropout (Gal & Ghahramani).
  Value dropout(Value x, float rate);

 private:
  Value plain_or_separable(Value x, const std::string& name, std::int64_t out, const BlockOptions& options);
  PerAxis per_axis(const PerAxis& values, const char* what) const;
  Initializer normal(std::int64_t he_fan_in, std::int64_t pytorch_fan_in) const;

  Graph& graph_;
  LayerOptions options_;
};

// x (N, C, spatial...) cut to the middle of `like`'s extents.
Value crop_to(Value x, Value like);

// x with one channel more for each spatial axis: where a pixel lies, -1 at the first and 1 at the last (CoordConv, Liu
// et al. 2018). What follows sees absolute positions, so it can't be run in tiles.
Value with_coordinates(Value x);

// Means over all pixels: (N, C).
Value global_average(Value x);

// x (N, C) as (N, C, 1...), with `rank` spatial axes.
Value with_spatial_axes(Value x, int rank);

// Normal with the deviation that PyTorch's layers start with, sqrt(1 / (3 fan_in)).
Initializer pytorch_normal(std::int64_t fan_in);

// Parameters of a graph, in numbers.
std::int64_t parameter_count(const Graph& graph);

// Error naming the model and shapes unless x is (N, channels, `rank` spatial axes).
void require_input(const char* model, Value x, int rank, std::int64_t channels);

// Error naming the model, the extent and the nearest ones unless the geometry of each axis, or of an axis by its number
// from 0 on, takes x's.
void require_extents(const char* model, Value x, const AxisGeometry& geometry);
void require_extents(const char* model, Value x, const std::function<AxisGeometry(int)>& geometry_of);

}  // namespace tuff
