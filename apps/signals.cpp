#include "apps/signals.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "apps/confusion_report.h"
#include "apps/session.h"
#include "base/csv.h"
#include "base/error.h"
#include "base/os.h"
#include "io/contact_sheet.h"
#include "tasks/signal_objective.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBatch = 64;
constexpr std::size_t kPictures = 6;

// A model on a device, for signals of one length.
class LoadedSignals {
 public:
  LoadedSignals(const Model& model, const std::string& device, bool autotune)
      : model_(model), device_(open_device(device)), tuner_(open_tuner(*device_, autotune)) {}

  std::vector<Image> run(std::span<const Image> signals) {
    const std::int64_t length = signals.front().width;
    if (!runner_ || runner_->network().length != length) {
      const SignalNetwork network = make_signal_network(model_.options, model_.format, length);
      if (!store_) {
        store_ = std::make_unique<ParameterStore>(*device_, *signal_graph(network, 1));
        restore_averaged(model_, *store_);
      }
      runner_ = std::make_unique<SignalRunner>(*device_, *store_, network, kBatch, tuner_.get());
    }
    return runner_->run(signals);
  }

 private:
  const Model& model_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Tuner> tuner_;
  std::unique_ptr<ParameterStore> store_;
  std::unique_ptr<SignalRunner> runner_;
};

std::size_t decision(const Image& probabilities) {
  return static_cast<std::size_t>(std::ranges::max_element(probabilities.values) - probabilities.values.begin());
}

Curve curve_of(const std::string& name, std::span<const float> values) {
  Curve curve{name, {}, {}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    curve.x.push_back(static_cast<double>(i));
    curve.y.push_back(static_cast<double>(values[i]));
  }
  return curve;
}

// Pictures one below the other.
Image stacked(const std::vector<Canvas>& pictures) {
  std::int64_t height = 0;
  for (const Canvas& picture : pictures) height += picture.height();
  Canvas all(pictures.front().width(), height, {255, 255, 255});
  std::int64_t y = 0;
  for (const Canvas& picture : pictures) {
    all.paste(0, y, picture);
    y += picture.height();
  }
  return all.image();
}

// Of the first channels of input, result and, where it is known, truth.
Canvas picture_of(const std::string& title, const Image& input, const Image& result, const Image* truth) {
  std::vector<Curve> curves = {curve_of("signal", input.channel(0)), curve_of("denoised", result.channel(0))};
  if (truth != nullptr) curves.push_back(curve_of("truth", truth->channel(0)));
  return plot_curves(title, "position", curves, 640, 280);
}

Signals as_signals(const std::vector<Image>& images) {
  Signals signals;
  signals.channels = images.front().channels;
  signals.length = images.front().width;
  for (const Image& image : images)
    signals.values.insert(signals.values.end(), image.values.begin(), image.values.end());
  return signals;
}

fs::path result_of(const fs::path& file, const SignalPrediction& given, const std::string& suffix) {
  const fs::path result = fs::path(given.out) / (file.stem().string() + suffix);
  std::error_code ignored;
  if (fs::equivalent(result, file, ignored))
    throw Error(fmt::format("--out {}: the result would replace {}; name another folder", given.out, file.string()));
  return result;
}

void write_classes(const fs::path& file, const std::vector<std::string>& names, const std::vector<Image>& results) {
  std::string text = "number,class";
  for (const std::string& name : names) text += "," + csv_field(name);
  for (std::size_t i = 0; i < results.size(); ++i) {
    text += fmt::format("\n{},{}", i + 1, csv_field(names[decision(results[i])]));
    for (const float share : results[i].values) text += fmt::format(",{:.6g}", share);
  }
  os::write_file(file, text + "\n");
}

void write_denoised(const SignalPrediction& given, const fs::path& file, SignalData data, std::vector<Image> results) {
  std::vector<Canvas> pictures;
  for (std::size_t i = 0; i < results.size(); ++i) {
    denormalize(results[i], data.scalings[i]);
    denormalize(data.inputs[i], data.scalings[i]);
    if (i < kPictures)
      pictures.push_back(picture_of(fmt::format("Signal {}", i + 1), data.inputs[i], results[i], nullptr));
  }
  const std::string extension = file.extension() == ".npy" ? ".npy" : ".csv";
  write_signals(result_of(file, given, extension), as_signals(results));
  write_image(result_of(file, given, ".png"), stacked(pictures));
}

SignalData open_predicted(const std::string& file, const Model& model) {
  SignalFiles files{.signals = file, .classes = false, .length = model.options.length};
  if (fs::path(file).extension() != ".npy") files.label_column = model.options.label_column;
  return open_signals(files, model.format);
}

void finish(const SignalEvaluation& given, const nlohmann::ordered_json& json) {
  if (given.json == "-") fmt::print("{}\n", json.dump(2));
  if (!given.json.empty() && given.json != "-") os::write_file(given.json, json.dump(2) + "\n");
}

void evaluate_classes(const SignalEvaluation& given, const SignalData& data, const std::vector<Image>& results) {
  Confusion confusion(std::ssize(data.format.class_names));
  for (std::size_t i = 0; i < results.size(); ++i)
    confusion.add(data.labels[i], static_cast<std::int32_t>(decision(results[i])));
  const std::vector<std::string>& names = data.format.class_names;
  if (!given.confusion.empty()) write_confusion(given.confusion, confusion, names);
  if (given.json != "-") {
    print_accuracy(confusion, "signals");
    print_classes(confusion, names, "signals");
  }
  finish(given, confusion_json(confusion, names, "signals"));
}

void evaluate_denoised(const SignalEvaluation& given, SignalData data, const std::vector<Image>& inputs,
                       std::vector<Image> results, const std::vector<std::size_t>& items) {
  const std::vector<double> is = signal_scores(data, items, results), was = signal_scores(data, items, inputs);
  const nlohmann::ordered_json json = {{"mean", {{"psnr", is[0]}, {"rmse", is[1]}}},
                                       {"input", {{"psnr", was[0]}, {"rmse", was[1]}}}};
  if (given.json != "-")
    fmt::print("{} signals  PSNR {:.2f}  RMSE {:.4g}; before PSNR {:.2f}  RMSE {:.4g}\n", items.size(), is[0], is[1],
               was[0], was[1]);
  finish(given, json);
  if (given.sheet.empty()) return;
  std::vector<Canvas> pictures;
  const auto rows = static_cast<std::size_t>(std::max<std::int64_t>(1, given.sheet_rows));
  for (std::size_t i = 0; i < std::min(items.size(), rows); ++i)
    pictures.push_back(picture_of(fmt::format("Signal {}", i + 1), inputs[i], results[i],
                                  data.targets.empty() ? &data.inputs[i] : &data.targets[i]));
  write_image(given.sheet, stacked(pictures));
}

}  // namespace

void predict_signals(const SignalPrediction& given, const Model& model) {
  std::vector<SignalData> all;
  std::set<fs::path> results;
  for (const std::string& file : given.files) {
    all.push_back(open_predicted(file, model));
    make_signal_network(model.options, model.format, all.back().length);  // refuses what doesn't fit
    if (!results.insert(fs::path(file).stem()).second)
      throw Error(fmt::format("{}: two files of one name: predict them one after the other", file));
  }
  LoadedSignals loaded(model, given.device, given.autotune);
  fs::create_directories(given.out);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const fs::path file = given.files[i];
    std::vector<Image> outputs = loaded.run(all[i].inputs);
    count += all[i].count();
    if (gives_signal_classes(model.options.model))
      write_classes(result_of(file, given, "_classes.csv"), model.format.class_names, outputs);
    else
      write_denoised(given, file, std::move(all[i]), std::move(outputs));
  }
  fmt::print("{}: {} signal{}\n", given.out, count, count == 1 ? "" : "s");
}

void evaluate_signals(const SignalEvaluation& given, const Model& model) {
  const bool classes = gives_signal_classes(model.options.model);
  if (classes && !given.sheet.empty()) throw Error("--sheet: is for denoisers; leave it out");
  if (!classes && !given.confusion.empty()) throw Error("--confusion: is for classifiers; leave it out");
  if (classes && !given.targets.empty()) throw Error("--targets: is for denoisers; leave it out");
  TrainOptions options = model.options;
  if (!given.targets.empty()) options.noise = "none";  // signals have noise of their own
  if (!classes && given.targets.empty() && options.noise == "none")
    throw Error("--targets is missing: the signals without noise");
  SignalFiles files{given.signals, given.targets, given.labels, {}, classes};
  if (classes && given.labels.empty()) files.label_column = options.label_column;
  SignalData data = open_signals(files, model.format);
  if (classes && data.labels.empty())
    throw Error(fmt::format("--labels is missing: {} has no column \"class\"", given.signals));
  std::vector<std::size_t> items(static_cast<std::size_t>(data.count()));
  std::iota(items.begin(), items.end(), std::size_t{0});
  const std::vector<Image> inputs = noisy_inputs(data, items, options);
  make_signal_network(model.options, model.format, data.length);
  LoadedSignals loaded(model, given.device, given.autotune);
  std::vector<Image> results = loaded.run(inputs);
  if (classes) return evaluate_classes(given, data, results);
  evaluate_denoised(given, std::move(data), inputs, std::move(results), items);
}

}  // namespace tuff
