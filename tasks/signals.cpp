#include "tasks/signals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/hash.h"
#include "models/classifier.h"
#include "models/unet.h"
#include "ops/cross_entropy.h"
#include "ops/optimizer.h"
#include "ops/slice.h"
#include "passes/keep_statistics_finite.h"
#include "tasks/denoising.h"
#include "tasks/image_task.h"
#include "tasks/networks.h"
#include "train/metrics.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

constexpr std::int64_t kDenseUnits = 64;

void normalize_like(Image& signal, std::span<const ChannelScaling> scalings) {
  for (std::int64_t c = 0; c < signal.channels; ++c) {
    const ChannelScaling& scaling = scalings[static_cast<std::size_t>(c)];
    for (float& value : signal.channel(c))
      value = static_cast<float>((static_cast<double>(value) - scaling.offset) * scaling.scale);
  }
}

Signals read_targets(const SignalFiles& files, const Signals& signals) {
  Signals targets = read_signals(files.targets);
  if (targets.count() != signals.count() || targets.channels != signals.channels || targets.length != signals.length)
    throw Error(fmt::format("{}: holds {} signals of {}x{}, {} has {} of {}x{}: they must be as many, of one size",
                            files.targets, targets.count(), targets.channels, targets.length, files.signals,
                            signals.count(), signals.channels, signals.length));
  return targets;
}

// Fills in the labels and, where the format has none yet, their names.
void take_labels(SignalData& data, const SignalFiles& files, std::vector<std::string> labels) {
  if (!files.labels.empty()) labels = read_signal_labels(files.labels);
  if (labels.empty()) return;
  if (std::ssize(labels) != data.count())
    throw Error(fmt::format("{}: {} classes for {} signals; each has one", files.labels, labels.size(), data.count()));
  if (data.format.class_names.empty()) data.format.class_names = class_names(labels);
  if (data.format.class_names.size() < 2)
    throw Error(fmt::format("{}: all signals are of one class, \"{}\": there is nothing to learn", files.signals,
                            data.format.class_names.front()));
  data.labels = class_indices(labels, data.format.class_names);
}

SignalNetwork denoising_network(const TrainOptions& options, std::int64_t channels, std::int64_t length) {
  UNetConfig config = unet_config(options, channels);
  config.out_channels = channels;
  config.rank = 1;
  SignalNetwork network{.name = options.model, .channels = channels, .length = length};
  const Network net = unet_network(config);
  network.padded = net.axis('x').fitting(length);
  network.build = [build = residual(net.build), length](Graph& graph, Value x, bool training) {
    const Value y = build(graph, x, training);
    return y.shape()[2] == length ? y : narrow(y, 2, 0, length);
  };
  return network;
}

SignalNetwork classifying_network(const TrainOptions& options, const DataFormat& format, std::int64_t length) {
  if (options.length > 0 && length != options.length)
    throw Error(fmt::format("the model takes signals of {} values, these have {}", options.length, length));
  ClassifierConfig config{.in_channels = format.image_channels,
                          .classes = std::ssize(format.class_names),
                          .side = length,
                          .stages = {},
                          .dense = {kDenseUnits},
                          .norm = norm_kind(options),
                          .dropout = static_cast<float>(options.dropout),
                          .rank = 1};
  for (std::int64_t level = 0; level < options.depth; ++level)
    config.stages.push_back(std::min<std::int64_t>(options.base << level, 4 * options.base));
  const std::int64_t most = length + (std::int64_t{4} << options.depth);
  while (classifier_features_side(config) < 1) {
    if (++config.side > most)
      throw Error(
          fmt::format("--depth {}: signals of {} values are too short; use a smaller --depth", options.depth, length));
  }
  SignalNetwork network{.name = options.model,
                        .channels = config.in_channels,
                        .length = length,
                        .padded = config.side,
                        .classes = config.classes};
  network.build = [config](Graph& graph, Value x, bool training) {
    return classifier(graph, x, config, training, dropout_state(graph, training, config.dropout));
  };
  return network;
}

Value signals_input(Graph& graph, const SignalNetwork& network, std::int64_t batch) {
  return graph.input("signals", {batch, network.channels, network.padded});
}

}  // namespace

bool takes_signals(std::string_view model) {
  return applies(*find_field("signals"), model);
}

bool gives_signal_classes(std::string_view model) {
  return takes_signals(model) && applies(*find_field("label-column"), model);
}

SignalData open_signals(const SignalFiles& files, DataFormat format) {
  const Signals signals = read_signals(files.signals, files.label_column, files.length);
  SignalData data{.format = std::move(format), .length = signals.length};
  if (data.format.image_channels == 0) data.format.image_channels = static_cast<int>(signals.channels);
  if (data.format.image_channels != signals.channels)
    throw Error(fmt::format("{}: signals of {} channels, the model takes {}", files.signals, signals.channels,
                            data.format.image_channels));
  const Signals targets = files.targets.empty() ? Signals{} : read_targets(files, signals);
  for (std::int64_t i = 0; i < signals.count(); ++i) {
    data.inputs.push_back(signals.signal(i));
    data.scalings.push_back(normalize(data.inputs.back(), data.format.normalization));
    if (files.targets.empty()) continue;
    data.targets.push_back(targets.signal(i));
    normalize_like(data.targets.back(), data.scalings.back());
  }
  if (files.classes) take_labels(data, files, signals.labels);
  Hash hash;
  hash.add(fmt::format("{} {} {}", signals.count(), signals.channels, signals.length));
  hash.add(std::as_bytes(std::span(signals.values)));
  hash.add(std::as_bytes(std::span(targets.values)));
  hash.add(std::as_bytes(std::span(data.labels)));
  data.fingerprint = fmt::format("{:016x}", hash.value());
  return data;
}

SignalNetwork make_signal_network(const TrainOptions& options, const DataFormat& format, std::int64_t length) {
  return gives_signal_classes(options.model) ? classifying_network(options, format, length)
                                             : denoising_network(options, format.image_channels, length);
}

std::unique_ptr<Graph> signal_graph(const SignalNetwork& network, std::int64_t batch) {
  auto graph = std::make_unique<Graph>();
  const Value x = signals_input(*graph, network, batch);
  graph->output(network.classes > 0 ? "logits" : "denoised", network.build(*graph, x, false));
  return graph;
}

std::unique_ptr<Graph> training_graph(const SignalNetwork& network, const TrainOptions& options) {
  auto graph = std::make_unique<Graph>();
  const Value x = signals_input(*graph, network, options.batch);
  const Value truth = network.classes > 0 ? graph->input("labels", {options.batch}, DType::i32)
                                          : graph->input("targets", {options.batch, network.channels, network.length});
  const Value y = network.build(*graph, x, true);
  Value loss;
  {
    const auto scope = graph->scope("loss"), precise = graph->full_precision();
    loss = network.classes > 0 ? cross_entropy(y, truth) : image_loss(y, truth, options.loss);
  }
  graph->output("loss", loss);
  add_update(*graph, loss, graph->input("step_state", {kStepStateElements}), options);
  return keep_statistics_finite(*graph);
}

void pad_signal(const Image& signal, std::span<float> to, std::int64_t padded) {
  for (std::int64_t c = 0; c < signal.channels; ++c) {
    const std::span<const float> from = signal.channel(c);
    const auto row = to.subspan(static_cast<std::size_t>(c * padded), static_cast<std::size_t>(padded));
    std::ranges::fill(std::ranges::copy(from, row.begin()).out, row.end(), from.back());
  }
}

SignalRunner::SignalRunner(Device& device, ParameterStore& store, SignalNetwork network, std::int64_t batch,
                           Tuner* tuner)
    : network_(std::move(network)), batch_(batch), device_(device), store_(store), tuner_(tuner) {}

std::vector<Image> SignalRunner::run(std::span<const Image> signals) {
  if (!executable_) executable_ = compile(*signal_graph(network_, batch_), device_, &store_, {.tuner = tuner_});
  const bool classes = network_.classes > 0;
  std::vector<Image> results;
  HostTensor input(Shape{batch_, network_.channels, network_.padded});
  const std::size_t each = input.floats().size() / static_cast<std::size_t>(batch_);
  for (std::size_t first = 0; first < signals.size(); first += static_cast<std::size_t>(batch_)) {
    const std::size_t count = std::min(signals.size() - first, static_cast<std::size_t>(batch_));
    for (std::size_t i = 0; i < count; ++i)
      pad_signal(signals[first + i], input.floats().subspan(i * each, each), network_.padded);
    executable_->write("signals", input);
    executable_->run();
    const HostTensor output = executable_->read(classes ? "logits" : "denoised");
    const std::size_t size = output.floats().size() / static_cast<std::size_t>(batch_);
    for (std::size_t i = 0; i < count; ++i) {
      Image result(classes ? 1 : network_.channels, 1, classes ? network_.classes : network_.length);
      std::ranges::copy(output.floats().subspan(i * size, size), result.values.begin());
      if (classes) result.values = probabilities(result.values, network_.classes);
      results.push_back(std::move(result));
    }
  }
  return results;
}

}  // namespace tuff
