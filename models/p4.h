// Convolutions that commute with rotations by 90 degrees (Cohen and Welling 2016, "Group Equivariant Convolutional
// Networks", the group p4): every filter is applied in four orientations, and a map of C features has four channels for
// each, 4 c + r for orientation r. Rotating the input rotates the maps and moves their orientations on by one; what
// takes the maximum over orientations only rotates, and its mean over all pixels doesn't change at all.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "models/layers.h"

namespace tuff {

// x (N, C, H, W): (N, 4 out, ...). NAME.weight (out, C, kernel, kernel), NAME.bias (out).
Value p4_lift(Layers& layers, Value x, const std::string& name, std::int64_t out, std::int64_t kernel = 3,
              Padding padding = Padding::same, bool has_bias = true);

// x (N, 4 C, H, W): (N, 4 out, ...). NAME.weight (out, C, 4, kernel, kernel), NAME.bias (out).
Value p4_convolution(Layers& layers, Value x, const std::string& name, std::int64_t out, std::int64_t kernel = 3,
                     Padding padding = Padding::same, bool has_bias = true);

// The layers' norm and activation, one scale, shift and statistics for a feature's four orientations.
Value p4_norm_and_activation(Layers& layers, Value x, const std::string& norm_name, const std::string& activation_name);

// The maximum over orientations: (N, C, H, W) of (N, 4 C, H, W).
Value p4_pool_orientations(Value x);

struct P4ClassifierConfig {
  std::int64_t in_channels = 1;
  std::int64_t classes = 2;
  std::vector<std::int64_t> stages = {8, 16, 32};  // features; each stage but the last is followed by 2x2 pooling
  std::int64_t convolutions = 2;                   // of each stage
  NormKind norm = NormKind::batch;
  ActivationKind activation = ActivationKind::relu;
  float dropout = 0;  // rate, before the head

  bool operator==(const P4ClassifierConfig&) const = default;
};

// The last stage's features (N, C, h, w), rotated as x is. Extents of x must be multiples of 2^(stages - 1), else
// poolings' windows would fall otherwise in the rotated image: Error with the nearest that are. Parameter names:
// stages.0.conv1.weight ...
Value p4_features(Graph& graph, Value x, const P4ClassifierConfig& config, bool training);

// Logits (N, classes), the same for x rotated by 90 degrees. head.weight, head.bias.
Value p4_classifier(Graph& graph, Value x, const P4ClassifierConfig& config, bool training, Value random_state = {});

// The nearest sides of an image below (0: none) and above this one that fit, or itself where it does.
std::pair<std::int64_t, std::int64_t> p4_nearest_sides(const P4ClassifierConfig& config, std::int64_t side);

}  // namespace tuff
