// A classifier on a device: what it says of whole images, many at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "io/image.h"
#include "runtime/compile.h"
#include "runtime/parameter_store.h"
#include "runtime/tuner.h"
#include "tasks/classifier_networks.h"

namespace tuff {

// (N, classes) of images x: they sum to 1, or where the network is pooled or has one output each
// stands by itself.
Value class_probabilities(const ClassifierNetwork& network, Graph& graph, Value x);

// Input "images" (batch, channels, [z,] y, x), output "probabilities" (batch, classes). Images other than of
// the network's side are for pooled ones alone.
std::unique_ptr<Graph> classifying_graph(const ClassifierNetwork& network, std::int64_t batch, const ImageSize& size);
// Of the network's own side.
ImageSize classifier_image(const ClassifierNetwork& network);

class ClassifierRunner {
 public:
  // Device and store must outlive it. `memory`: bytes of the device that it may take, the store apart; 0: any. Where
  // that is too little for a batch, fewer images go through at once.
  ClassifierRunner(Device& device, ParameterStore& store, ClassifierNetwork network, std::int64_t batch,
                   std::uint64_t memory = 0, Tuner* tuner = nullptr);

  const ClassifierNetwork& network() const { return network_; }
  // (count, classes) of `count` normalized images that `image` gives.
  std::vector<float> probabilities(std::size_t count, const std::function<Image(std::size_t)>& image);

 private:
  void prepare(const ImageSize& size);
  void check(const Image& image) const;

  Device& device_;
  ParameterStore& store_;
  ClassifierNetwork network_;
  std::int64_t batch_;
  std::uint64_t memory_;
  Tuner* tuner_;
  ImageSize size_;  // that the executable takes
  std::int64_t at_once_ = 0;
  std::unique_ptr<Executable> executable_;
};

// The index of the largest of each image's probabilities, the first of equals.
std::vector<std::int32_t> decisions(std::span<const float> probabilities, std::int64_t classes);

}  // namespace tuff
