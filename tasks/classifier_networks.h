// The classifiers that tuff can train, from a run's options: of whole images or patches, and as maps over larger
// images.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "models/classifier.h"
#include "models/p4.h"
#include "train/network.h"
#include "train/options.h"

namespace tuff {

// Of whole images, all of one size.
struct ClassifierNetwork {
  std::string name;  // "cnn"
  std::int64_t channels = 1;
  std::int64_t classes = 2;
  std::int64_t side = 32;  // of the images
  int rank = 2;
  // With --pooling: outputs are probabilities of each class by itself, of images at least as large as a patch.
  bool pooled = false;
  // (N, classes) of x (N, channels, side...): logits, or where it is pooled probabilities.
  std::function<Value(Graph&, Value x, bool training)> build;
};

// options.size must be set. Error where the options name no classifier.
ClassifierNetwork make_classifier(const TrainOptions& options, std::int64_t channels);

// The patches of a cnn or mlp: of options.patch with --pooling, else of options.size.
ClassifierConfig classifier_config(const TrainOptions& options, std::int64_t channels);

// --stride, or what stands for 0.
std::int64_t map_stride(const TrainOptions& options);

// As a map over images of any size, one decision every map_stride() pixels, which the pixels around share: outputs are
// as large as the image. Training is of patches alone, and gives one pixel. Error where the stride doesn't fit.
Network classifier_network(const TrainOptions& options, std::int64_t channels);

// The least side from this one on that the network takes.
std::int64_t classifier_side_from(const TrainOptions& options, std::int64_t side);

// Fills in options.size and options.patch where they are 0: `largest` is that of the images', with masks 0. Error with
// the nearest sizes where the network takes no such side.
void set_classifier_sizes(TrainOptions& options, std::int64_t largest);

}  // namespace tuff
