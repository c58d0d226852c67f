// Classifiers of patches, and the same over whole images. A classifier is stages of 3x3 convolutions without padding
// and 2x2 pooling, then dense layers; without stages it is a multilayer perceptron on the patch's pixels. Made
// convolutional (Sermanet et al. 2014), its dense layers are convolutions of the same weights, and an image of any
// extents gives a map of logits: what the classifier says of each patch, one every `stride` pixels, at a fraction of
// the cost. Poolings beyond the stride wanted keep their extent, and what follows them is dilated (Li, Zhao, Wang
// 2014): the same numbers as of patches moved by that stride.
//
// Parameter names: stages.0.conv1.weight ..., dense.0.weight (out, features in the order C, y, x) ..., head.weight.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "models/geometry.h"
#include "models/layers.h"

namespace tuff {

struct ClassifierConfig {
  std::int64_t in_channels = 1;
  std::int64_t classes = 2;
  std::int64_t side = 32;                       // of a patch, along each axis
  std::vector<std::int64_t> stages = {32, 64};  // channels; empty: a multilayer perceptron
  std::int64_t convolutions = 1;                // of each stage
  std::vector<std::int64_t> dense = {128};      // units of the layers before the head
  NormKind norm = NormKind::batch;              // batch or none: other norms' statistics would be those of the image
  ActivationKind activation = ActivationKind::relu;
  float dropout = 0;  // rate, behind each dense layer but the head
  int rank = 2;

  bool operator==(const ClassifierConfig&) const = default;
};

// Logits (N, classes) of patches x (N, in_channels, side...). Error naming sides that fit where poolings leave pixels
// over.
Value classifier(Graph& graph, Value x, const ClassifierConfig& config, bool training, Value random_state = {});

// Logits (N, classes, h...) of an image at least as large as a patch, by the same parameters: in inference those of the
// patches that begin at multiples of the stride and lie inside. `stride`: a power of two up to classifier_stride(), or
// a multiple of that, at most the side; 0: classifier_stride().
Value classifier_map(Graph& graph, Value x, const ClassifierConfig& config, bool training, Value random_state = {},
                     std::int64_t stride = 0);

// Pixels from patch to patch: 2^stages.
std::int64_t classifier_stride(const ClassifierConfig& config);
bool classifier_takes_stride(const ClassifierConfig& config, std::int64_t stride);
// Patches along an axis of such an extent; 0 where it is smaller than a patch.
std::int64_t classifier_map_size(const ClassifierConfig& config, std::int64_t input, std::int64_t stride = 0);
// The nearest sides of a patch below (0: none) and above this one at which poolings leave nothing over.
std::pair<std::int64_t, std::int64_t> classifier_nearest_sides(const ClassifierConfig& config, std::int64_t side);
// Of the map that the dense layers see; 0 where the side doesn't fit.
std::int64_t classifier_features_side(const ClassifierConfig& config);

}  // namespace tuff
