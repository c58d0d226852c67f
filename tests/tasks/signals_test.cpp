// Networks for signals, tiny: they learn, to the same bits each time, and signals of any length come back as long.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "io/signals.h"
#include "io/synthesize_spectra.h"
#include "support/child.h"
#include "support/test_device.h"
#include "tasks/signal_objective.h"
#include "train/trainer.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

// spectra.csv with classes, clean.csv.
fs::path spectra_folder(const std::string& name, std::int64_t count, std::int64_t length) {
  const fs::path folder = scratch_folder(name);
  Signals noisy{.length = length}, clean = noisy;
  for (std::int64_t index = 0; index < count; ++index) {
    const Spectrum spectrum = synthesize_spectrum({.length = length, .noise = 0.1}, 0, index);
    noisy.values.insert(noisy.values.end(), spectrum.noisy.begin(), spectrum.noisy.end());
    clean.values.insert(clean.values.end(), spectrum.clean.begin(), spectrum.clean.end());
    noisy.labels.emplace_back(kPeakShapes[static_cast<std::size_t>(spectrum.shape)]);
  }
  write_signals(folder / "spectra.csv", noisy);
  write_signals(folder / "clean.csv", clean);
  return folder;
}

struct Trained {
  std::vector<double> losses, scores;
};

Trained trained(const std::string& model, const fs::path& folder, std::int64_t steps) {
  TrainOptions options = default_options(model);
  const bool classes = gives_signal_classes(model);
  SignalFiles files{.signals = (folder / "spectra.csv").string(), .classes = classes};
  if (!classes) files.targets = (folder / "clean.csv").string();
  options.out = (scratch_folder(folder.filename().string() + "_run") / "run").string();
  options.base = 8;
  options.depth = 2;
  options.dropout = 0.1;
  options.batch = 8;
  options.steps = steps;
  options.lr = 3e-3;
  validate(options);
  DataFormat format;
  format.normalization = Normalization::range;
  TrainingTask task;
  task.options = options;
  task.objective = signal_objective(options, open_signals(files, format));
  task.run = options.out;
  check_training(task);
  Trained result;
  TrainingHooks hooks;
  hooks.step = [&](const StepReport& report) { result.losses.push_back(report.loss); };
  hooks.epoch = [&](const EpochReport& report) { result.scores = report.scores; };
  train(test_device(), task, hooks);
  return result;
}

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("signals: a denoiser and a classifier learn, bit for bit the same twice") {
  const fs::path folder = spectra_folder("signals_learn", 60, 90);  // 90 isn't a multiple of 4
  for (const auto& [model, factor] : {std::pair(std::string("signal-denoiser"), 0.7), {"signal-classifier", 0.9}}) {
    CAPTURE(model);
    const Trained first = trained(model, folder, 60), second = trained(model, folder, 60);
    const double progress = mean(std::span(first.losses).last(10)) / mean(std::span(first.losses).first(10));
    MESSAGE(model << ": loss factor " << progress << ", score " << first.scores.at(0));
    CHECK(progress < factor);
    CHECK(first.losses == second.losses);
    CHECK(first.scores == second.scores);
  }
}

TEST_CASE("signals: a denoiser's network takes any length, a classifier's one") {
  TrainOptions options = default_options("signal-denoiser");
  DataFormat format{.image_channels = 2};
  for (const std::int64_t length : {1, 16, 77}) {
    const SignalNetwork network = make_signal_network(options, format, length);
    CHECK(network.padded % 16 == 0);
    CHECK(network.padded >= length);
    const auto graph = signal_graph(network, 3);
    CHECK(Value(graph.get(), graph->outputs().at(0).value).shape() == Shape{3, 2, length});
  }
  options = default_options("signal-classifier");
  format.class_names = {"a", "b", "c"};
  const SignalNetwork network = make_signal_network(options, format, 301);
  CHECK(network.padded >= 301);
  CHECK(network.padded < 301 + 32);
  const auto graph = signal_graph(network, 3);
  CHECK(Value(graph.get(), graph->outputs().at(0).value).shape() == Shape{3, 3});
  options.length = 301;
  CHECK_THROWS_WITH_AS(make_signal_network(options, format, 300), doctest::Contains("of 301 values, these have 300"),
                       Error);
}

TEST_CASE("signals: files that don't belong together are refused") {
  const fs::path folder = spectra_folder("signals_refused", 6, 40);
  const std::string signals = (folder / "spectra.csv").string();
  write_signals(folder / "short.csv", Signals{.length = 39, .values = std::vector<float>(6 * 39)});
  write_signals(folder / "one.csv", Signals{.length = 2, .values = {1, 2, 3, 4}, .labels = {"a", "a"}});
  const auto refusal = [&](const SignalFiles& files, const DataFormat& format = {}) {
    try {
      open_signals(files, format);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(contains(refusal({.signals = signals, .targets = (folder / "short.csv").string()}), "must be as many"));
  CHECK(contains(refusal({.signals = (folder / "one.csv").string()}), "all signals are of one class"));
  CHECK(contains(refusal({.signals = signals}, DataFormat{.image_channels = 2}), "of 1 channels, the model takes 2"));
  CHECK(contains(refusal({.signals = signals}, DataFormat{.class_names = {"x", "y"}}), "is none of the model's: x, y"));
  CHECK(open_signals({.signals = signals, .classes = false}, {}).labels.empty());
}

}  // namespace tuff::test
