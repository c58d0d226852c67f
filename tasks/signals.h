// Networks for spectra and other signals of one axis: what they are trained on, what they are, and how they run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "io/dataset.h"
#include "io/signals.h"
#include "runtime/compile.h"
#include "runtime/parameter_store.h"
#include "runtime/tuner.h"
#include "train/options.h"
#include "vulkan/device.h"

namespace tuff {

// Whether a network's name is one of these, and whether it gives classes.
bool takes_signals(std::string_view model);
bool gives_signal_classes(std::string_view model);

struct SignalFiles {
  std::string signals;
  std::string targets;       // clean ones, of the same sizes; empty: none
  std::string labels;        // of classes; empty: those of label_column, if any
  std::string label_column;  // read_signals()
  bool classes = true;       // are of interest, else left out
  std::int64_t length = 0;   // read_signals()
};

// Signals in memory, each normalized by itself.
struct SignalData {
  DataFormat format;  // class_names where there are labels
  std::int64_t length = 0;
  std::vector<Image> inputs;   // (channels, 1, length)
  std::vector<Image> targets;  // in the units of their input: normalized by its numbers; none where there are none
  std::vector<std::vector<ChannelScaling>> scalings;  // of each input's channels
  std::vector<std::int32_t> labels;                   // indices of class_names; none where there are none
  std::string fingerprint;                            // of their values

  std::int64_t count() const { return std::ssize(inputs); }
};

// Error naming the file: other channels than format.image_channels (0: any), targets or labels that don't belong to the
// signals, classes that aren't format.class_names (empty: any). A denoiser's targets are the signals themselves where
// there are no others.
SignalData open_signals(const SignalFiles& files, DataFormat format);

struct SignalNetwork {
  std::string name;
  std::int64_t channels = 1;
  std::int64_t length = 0;   // of the signals
  std::int64_t padded = 0;   // of what the network is given: signals go on with their last value
  std::int64_t classes = 0;  // 0: gives signals (N, channels, length), else logits (N, classes)
  std::function<Value(Graph&, Value x, bool training)> build;  // of x (N, channels, padded)
};

// A denoiser takes signals of any length, a classifier those of options.length alone, else Error.
SignalNetwork make_signal_network(const TrainOptions& options, const DataFormat& format, std::int64_t length);

// Input "signals" (batch, channels, padded), output "denoised" or "logits".
std::unique_ptr<Graph> signal_graph(const SignalNetwork& network, std::int64_t batch);

// One step. Inputs "signals" and "targets" (batch, channels, length) or "labels", i32 (batch); "random_state" where
// something draws; "step_state". Output "loss".
std::unique_ptr<Graph> training_graph(const SignalNetwork& network, const TrainOptions& options);

// What a network gives for many signals.
class SignalRunner {
 public:
  // Device and store must outlive it.
  SignalRunner(Device& device, ParameterStore& store, SignalNetwork network, std::int64_t batch,
               Tuner* tuner = nullptr);

  const SignalNetwork& network() const { return network_; }
  // (1, 1, classes) with probabilities, or (channels, 1, length), for each.
  std::vector<Image> run(std::span<const Image> signals);

 private:
  SignalNetwork network_;
  std::int64_t batch_;
  Device& device_;
  ParameterStore& store_;
  Tuner* tuner_;
  std::unique_ptr<Executable> executable_;  // made by the first run()
};

// Signals as a batch's part of an input (channels, padded).
void pad_signal(const Image& signal, std::span<float> to, std::int64_t padded);

}  // namespace tuff
