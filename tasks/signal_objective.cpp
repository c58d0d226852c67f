#include "tasks/signal_objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "io/noise.h"
#include "tasks/denoising.h"
#include "train/image_metrics.h"
#include "train/rounds.h"
#include "train/split_options.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

constexpr std::int64_t kLeastSteps = 100;

const Image& target_of(const SignalData& data, std::size_t item) {
  return data.targets.empty() ? data.inputs[item] : data.targets[item];
}

// As files, of which split_dataset() holds some back.
Split split_signals(const SignalData& data, const TrainOptions& options) {
  Dataset items;
  for (std::int64_t i = 0; i < data.count(); ++i) {
    const std::string name = fmt::format("{:09}", i);
    items.items.push_back({.name = name, .images = {name}, .size = {1, data.length}});
  }
  return split_dataset(items, split_options(options));
}

class SignalObjective : public Objective {
 public:
  SignalObjective(TrainOptions options, SignalData data)
      : options_(std::move(options)),
        data_(std::move(data)),
        network_(make_signal_network(options_, data_.format, data_.length)),
        split_(split_signals(data_, options_)) {}

  void check() const override {
    const bool classes = gives_signal_classes(options_.model);
    if (std::ssize(split_.train) < options_.batch)
      throw Error(fmt::format("--batch {}: there are only {} signals to train with; use a smaller one", options_.batch,
                              split_.train.size()));
    if (classes && data_.labels.empty())
      throw Error("--label-column is missing, where in --signals the classes stand; or give them by --labels");
    if (!classes) check_noise(options_, !data_.targets.empty(), "signals");
  }

  std::unique_ptr<Graph> graph() const override { return training_graph(network_, options_); }
  const DataFormat& format() const override { return data_.format; }
  std::string fingerprint() const override { return data_.fingerprint; }
  std::int64_t steps_per_epoch() const override {
    return std::max(kLeastSteps, std::ssize(split_.train) / options_.batch);
  }
  std::vector<Metric> metrics() const override { return signal_metrics(options_.model); }
  std::uint64_t validation_bytes(const DeviceCaps& caps) const override {
    return split_.validation.empty() && split_.test.empty()
               ? 0
               : planned(*signal_graph(network_, options_.batch), caps).device_bytes;
  }
  std::unique_ptr<Session> start(const Place& place, std::int64_t epoch, std::int64_t step) const override;
  std::vector<std::string> held_out() const override {
    std::vector<std::string> names;
    for (const std::size_t item : split_.test) names.push_back(fmt::format("signal {}", item + 1));
    return names;
  }

 private:
  class Batches;

  TrainOptions options_;
  SignalData data_;
  SignalNetwork network_;
  Split split_;
};

class SignalObjective::Batches : public Objective::Session {
 public:
  Batches(const SignalObjective& objective, const Place& place, std::int64_t epoch, std::int64_t step)
      : objective_(objective),
        noise_(parse_noise(objective.options_.noise)),
        runner_(place.device, place.store, objective.network_, objective.options_.batch,
                place.memory == 0 ? place.tuner : nullptr),
        draws_(has_random_state(*objective.graph())),
        next_(epoch * objective.steps_per_epoch() + step),
        rounds_(objective.split_.train, seed_of(objective.options_)) {}

  std::vector<NamedTensor> next() override {
    const std::int64_t batch = objective_.options_.batch, steps = objective_.steps_per_epoch();
    const std::int64_t epoch = next_ / steps, first = next_ % steps * batch;
    const SignalNetwork& network = objective_.network_;
    HostTensor signals(Shape{batch, network.channels, network.padded}), truth = empty_truth();
    const std::size_t each = signals.floats().size() / static_cast<std::size_t>(batch);
    for (std::int64_t i = 0; i < batch; ++i) {
      const std::size_t item = item_of(epoch, first + i), at = static_cast<std::size_t>(i);
      pad_signal(input_of(item, epoch, first + i), signals.floats().subspan(at * each, each), network.padded);
      add_truth(truth, at, item, epoch, first + i);
    }
    std::vector<NamedTensor> tensors;
    tensors.push_back({"signals", std::move(signals)});
    tensors.push_back({network.classes > 0 ? "labels" : "targets", std::move(truth)});
    if (draws_) tensors.push_back({"random_state", random_state_tensor(seed_of(objective_.options_), next_)});
    ++next_;
    return tensors;
  }

  std::vector<double> validate() override { return score(objective_.split_.validation); }
  std::vector<double> score_held_out() override { return score(objective_.split_.test); }

  SafeTensors validation_images() override {
    SafeTensors file;
    const std::vector<std::size_t>& items = objective_.split_.validation;
    const std::vector<Image> inputs = noisy_inputs(objective_.data_, items, objective_.options_);
    for (std::size_t i = 0; i < items.size(); ++i)
      file.tensors.push_back(
          StoredTensor::from_tensor(fmt::format("{}.signal", items[i]),
                                    HostTensor::from_floats({inputs[i].channels, inputs[i].width}, inputs[i].values)));
    return file;
  }

 private:
  std::vector<double> score(const std::vector<std::size_t>& items) {
    if (items.empty()) return {};
    return signal_scores(objective_.data_, items,
                         runner_.run(noisy_inputs(objective_.data_, items, objective_.options_)));
  }

  HostTensor empty_truth() const {
    const SignalNetwork& network = objective_.network_;
    const std::int64_t batch = objective_.options_.batch;
    return network.classes > 0 ? HostTensor({batch}, DType::i32)
                               : HostTensor(Shape{batch, network.channels, network.length});
  }

  void add_truth(HostTensor& truth, std::size_t at, std::size_t item, std::int64_t epoch, std::int64_t number) {
    const SignalData& data = objective_.data_;
    if (objective_.network_.classes > 0) {
      truth.ints()[at] = data.labels[item];
      return;
    }
    Image target = target_of(data, item);
    if (objective_.options_.noisy_targets) {
      PhiloxStream random = noise_stream(objective_.options_, epoch, -1 - number);
      add_noise(target.values, noise_, random);
    }
    std::ranges::copy(target.values, truth.floats().begin() + static_cast<std::ptrdiff_t>(at * target.values.size()));
  }

  Image input_of(std::size_t item, std::int64_t epoch, std::int64_t number) const {
    Image signal = objective_.data_.inputs[item];
    PhiloxStream random = noise_stream(objective_.options_, epoch, number);
    add_noise(signal.values, noise_, random);
    return signal;
  }

  // Sample `number` of an epoch, which goes through the signals in rounds.
  std::size_t item_of(std::int64_t epoch, std::int64_t number) {
    const std::int64_t count = std::ssize(objective_.split_.train);
    return rounds_.order(epoch, number / count)[static_cast<std::size_t>(number % count)];
  }

  const SignalObjective& objective_;
  Noise noise_;
  SignalRunner runner_;
  bool draws_;
  std::int64_t next_;  // batches are numbered through all epochs
  Rounds<std::size_t> rounds_;
};

std::unique_ptr<Objective::Session> SignalObjective::start(const Place& place, std::int64_t epoch,
                                                           std::int64_t step) const {
  return std::make_unique<Batches>(*this, place, epoch, step);
}

std::vector<double> denoising_scores(const SignalData& data, const std::vector<std::size_t>& items,
                                     std::span<const Image> results) {
  double ratio = 0, error = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Image& truth = target_of(data, items[i]);
    for (std::int64_t c = 0; c < truth.channels; ++c) {
      const auto is = results[i].channel(c), should = truth.channel(c);
      ratio += psnr(is, should);
      double squares = 0;
      for (std::size_t k = 0; k < is.size(); ++k) squares += std::pow(static_cast<double>(is[k] - should[k]), 2);
      const double scale = data.scalings[items[i]][static_cast<std::size_t>(c)].scale;
      error += scale > 0 ? std::sqrt(squares / static_cast<double>(is.size())) / scale : 0;
    }
  }
  const auto count = static_cast<double>(items.size()) * static_cast<double>(data.format.image_channels);
  return {ratio / count, error / count};
}

}  // namespace

std::vector<Image> noisy_inputs(const SignalData& data, const std::vector<std::size_t>& items,
                                const TrainOptions& options) {
  const Noise noise = parse_noise(options.noise);
  std::vector<Image> inputs;
  for (const std::size_t item : items) {
    inputs.push_back(data.inputs[item]);
    PhiloxStream random = noise_stream(options, kValidationEpoch, static_cast<std::int64_t>(item));
    add_noise(inputs.back().values, noise, random);
  }
  return inputs;
}

std::vector<Metric> signal_metrics(std::string_view model) {
  if (gives_signal_classes(model)) return {{"val_accuracy", "accuracy"}};
  return {{"val_psnr", "PSNR", 2}, {"val_rmse", "RMSE"}};
}

std::vector<double> signal_scores(const SignalData& data, const std::vector<std::size_t>& items,
                                  std::span<const Image> results) {
  if (data.labels.empty()) return denoising_scores(data, items, results);
  double right = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::vector<float>& shares = results[i].values;
    right += std::ranges::max_element(shares) - shares.begin() == data.labels[items[i]];
  }
  return {right / static_cast<double>(items.size())};
}

std::unique_ptr<Objective> signal_objective(TrainOptions options, SignalData data) {
  return std::make_unique<SignalObjective>(std::move(options), std::move(data));
}

}  // namespace tuff
