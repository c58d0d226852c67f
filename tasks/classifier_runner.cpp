#include "tasks/classifier_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/softmax.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

Shape batch_shape(const ClassifierNetwork& network, std::int64_t batch, const ImageSize& size) {
  if (network.rank == 3) return {batch, network.channels, size.depth, size.height, size.width};
  return {batch, network.channels, size.height, size.width};
}

}  // namespace

ImageSize classifier_image(const ClassifierNetwork& network) {
  return {network.rank == 3 ? network.side : 1, network.side, network.side};
}

Value class_probabilities(const ClassifierNetwork& network, Graph& graph, Value x) {
  const Value outputs = network.build(graph, x, false);
  if (network.pooled) return outputs;
  return network.classes == 1 ? sigmoid(outputs) : softmax(outputs);
}

std::unique_ptr<Graph> classifying_graph(const ClassifierNetwork& network, std::int64_t batch, const ImageSize& size) {
  auto graph = std::make_unique<Graph>();
  const Value images = graph->input("images", batch_shape(network, batch, size));
  graph->output("probabilities", class_probabilities(network, *graph, images));
  return graph;
}

ClassifierRunner::ClassifierRunner(Device& device, ParameterStore& store, ClassifierNetwork network, std::int64_t batch,
                                   std::uint64_t memory, Tuner* tuner)
    : device_(device), store_(store), network_(std::move(network)), batch_(batch), memory_(memory), tuner_(tuner) {}

void ClassifierRunner::check(const Image& image) const {
  if (image.channels != network_.channels)
    throw Error(fmt::format("the image has {} channels, the model takes {}; choose them with --channels",
                            image.channels, network_.channels));
  if (!network_.pooled && image.size() != classifier_image(network_))
    throw Error(fmt::format("the image is {}, the net takes {}", to_string(image.size()),
                            to_string(classifier_image(network_))));
}

// Halves the number of images at once until that fits.
void ClassifierRunner::prepare(const ImageSize& size) {
  if (executable_ && size == size_) return;
  executable_.reset();
  for (at_once_ = batch_;; at_once_ /= 2) {
    PlannedGraph plan = planned(*classifying_graph(network_, at_once_, size), device_.caps(), {.tuner = tuner_});
    if (memory_ == 0 || plan.device_bytes <= memory_) {
      executable_ = compile(std::move(plan), device_, &store_, {.tuner = tuner_});
      size_ = size;
      return;
    }
    if (at_once_ == 1)
      throw OutOfMemory(fmt::format(
          "one image of {} pixels takes {:.1f} MiB on the device beside the weights, of {:.1f} MiB that are "
          "left; allow more with --memory",
          to_string(size), static_cast<double>(plan.device_bytes) / (1 << 20),
          static_cast<double>(memory_) / (1 << 20)));
  }
}

std::vector<float> ClassifierRunner::probabilities(std::size_t count, const std::function<Image(std::size_t)>& image) {
  std::vector<float> result;
  const auto classes = static_cast<std::size_t>(network_.classes);
  Image next = count > 0 ? image(0) : Image();
  for (std::size_t first = 0; first < count;) {
    check(next);
    prepare(next.size());
    HostTensor batch(batch_shape(network_, at_once_, size_));
    const std::size_t each = batch.floats().size() / static_cast<std::size_t>(at_once_);
    std::size_t filled = 0;
    while (filled < static_cast<std::size_t>(at_once_) && first + filled < count && next.size() == size_) {
      check(next);
      std::ranges::copy(next.values, batch.floats().subspan(filled * each, each).begin());
      if (++filled + first < count) next = image(first + filled);
    }
    executable_->write("images", batch);
    executable_->run();
    const HostTensor output = executable_->read("probabilities");
    result.insert(result.end(), output.floats().begin(),
                  output.floats().begin() + static_cast<std::ptrdiff_t>(filled * classes));
    first += filled;
  }
  return result;
}

std::vector<std::int32_t> decisions(std::span<const float> probabilities, std::int64_t classes) {
  const auto each = static_cast<std::size_t>(classes);
  std::vector<std::int32_t> result;
  for (std::size_t first = 0; first < probabilities.size(); first += each) {
    const auto of_image = probabilities.subspan(first, each);
    result.push_back(static_cast<std::int32_t>(std::ranges::max_element(of_image) - of_image.begin()));
  }
  return result;
}

}  // namespace tuff
