// Tasks of networks that give an image for an image: classes, distances, flows, other images. A task says what the
// network is, what it is trained towards, by which loss, how a result is read from its output, and how good it is.
// The rest is the same for all: crops, tiles, whole held-back images for validation (dense_objective.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "instances/labels.h"
#include "io/crop.h"
#include "io/dataset.h"
#include "train/network.h"
#include "train/objective.h"
#include "train/options.h"
#include "vulkan/device.h"

namespace tuff {

// What a network's output means for one image or volume.
struct DenseResult {
  enum class Kind : std::uint8_t {
    classes,    // labels are classes; channels of `image` their logits
    instances,  // labels are ids of objects
    image,      // `image` is what was asked for, normalized as the data were
  };
  Kind kind = Kind::classes;
  Labels labels;
  Image image;
};

// Makes results of what a network gave for whole images; may use the device.
class DenseReader {
 public:
  virtual ~DenseReader() = default;
  // `output`: (out_channels, [Z,] Y, X).
  virtual DenseResult read(Image output) = 0;
};

// Takes in results of one image after the other.
class Scorer {
 public:
  virtual ~Scorer() = default;
  // `sample`: with its targets, as DenseTask::prepare() left it. Gives this image's own values of metrics().
  virtual std::vector<double> add(const Sample& sample, const DenseResult& result) = 0;
  // Values for each of DenseTask::metrics(), over all images.
  virtual std::vector<double> total() const = 0;
};

class DenseTask {
 public:
  virtual ~DenseTask() = default;

  virtual const Network& network() const = 0;

  // What a batch holds beside "images"; see LoaderOptions.
  struct Needs {
    std::optional<DType> labels;
    std::int64_t target_channels = 0;
    std::int64_t vectors = -1;      // CropBuffers::vectors
    std::int64_t target_scale = 1;  // CropSize::target_scale: files of so many times the network's images' size
    bool nearest_targets = false;   // BatchLayout::nearest_targets
  };
  virtual Needs needs() const = 0;
  // Of a crop's labels, around its centre, where it isn't the size of network()'s output for the crop.
  virtual std::optional<ImageSize> label_size() const { return std::nullopt; }

  // Why pixels can be neither resampled nor changed in intensity for training; empty: they can.
  virtual std::string_view fixed_pixels() const { return {}; }

  // Checks of options and data that need no device, before anything is written. Error names the option or file.
  virtual void check(const Dataset&) const {}
  // Makes a decoded sample's targets, and whatever else differs from what files hold. Called by several threads.
  virtual void prepare(Sample&) const {}
  // Changes a crop; a function of the key alone. Called by several threads.
  virtual bool changes() const { return false; }
  virtual void change(std::span<float>, std::span<float>, const SampleKey&) const {}

  // Graph inputs of a training step. Those that needs() leaves out are empty.
  struct Inputs {
    Value images;   // (N, C, spatial...)
    Value labels;   // i32: (N, spatial...), f32: (N, 1, spatial...), of the network's output size
    Value targets;  // (N, target_channels, spatial...)
  };
  // A scalar. Where the network or the loss draws random numbers, by random_state_input() of train/training_graph.h.
  virtual Value loss(Graph& graph, const Inputs& inputs) const = 0;
  // All that a step computes: output "loss", and the update by it. Where several networks learn, their losses are the
  // outputs parts(), too.
  virtual void add_step(Graph& graph, const Inputs& inputs, Value step_state, const TrainOptions& options) const;
  virtual std::vector<std::string> parts() const { return {}; }

  // What the network sees of a held-back image; `item`: its number in the data set, for noise.
  virtual Image input_of(const Sample& sample, std::size_t) const { return sample.image; }
  // What one would have of that without the network, for comparison, and what it is called; no name: nothing.
  virtual std::string_view baseline_name() const { return {}; }
  virtual Image baseline(const Image& input) const { return input; }
  virtual DenseResult::Kind result_kind() const = 0;
  // Whether images are in the units of the input's channels, once its normalization is taken back.
  virtual bool gives_input_units() const { return false; }
  // The device must outlive it, as must the task.
  virtual std::unique_ptr<DenseReader> reader(Device& device) const = 0;

  virtual std::vector<Metric> metrics() const = 0;  // the first one chooses the best model
  virtual std::unique_ptr<Scorer> scorer() const = 0;
};

// Error where the options name no network of this kind.
std::unique_ptr<DenseTask> make_dense_task(const TrainOptions& options, const DataFormat& format);

// Whether a network learns from masks whose ids tell objects apart (DataFormat::instances).
bool learns_objects(std::string_view model);

// Whether a network's name is one that make_dense_task() knows.
bool is_dense(std::string_view model);

}  // namespace tuff
