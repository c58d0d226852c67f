#include "apps/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/options.h"
#include "apps/progress.h"
#include "base/error.h"
#include "base/os.h"
#include "tasks/networks.h"
#include "train/trainer.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

// Of an image of any size: the variables are the same.
std::unique_ptr<Graph> smallest_graph(const Network& network) {
  const auto least = [&](char axis) { return network.axis(axis).fitting(1); };
  return inference_graph(network, 1, {network.rank == 3 ? least('z') : 1, least('y'), least('x')});
}

}  // namespace

std::unique_ptr<Device> open_device(const std::string& wanted, const OpenOptions& given) {
  DeviceOptions options;
  options.device = wanted;
  if (given.cached) options.cache_folder = os::cache_folder();
  options.caps_profile = os::environment("TUFF_CAPS").value_or("");
  options.log = stderr_log();
  options.pipeline_statistics = given.pipeline_statistics;
  return Device::open(options);
}

Model load_dense_model(const std::filesystem::path& run_or_file) {
  Model model = load_model(run_or_file);
  make_dense_task(model.options, model.format);
  return model;
}

DType storage_on(const Device& device, const std::string& dtype) {
  return storage_on(device, dtype, stderr_log());
}

void warn_of_range(DType storage, const std::string& name, std::span<const float> values) {
  if (storage != DType::f16 || values.empty()) return;
  const auto bad = std::ranges::count_if(values, [](float value) { return !std::isfinite(value); });
  const bool zero = std::ranges::all_of(values, [](float value) { return value == 0; });
  if (bad > 0)
    stderr_log()(LogLevel::warning,
                 fmt::format("{}: {} of {} values are infinite or no numbers; f16, which overflows above 65504, "
                             "may be why: compare with --dtype f32",
                             name, bad, values.size()));
  if (zero)
    stderr_log()(LogLevel::warning,
                 fmt::format("{}: all values are 0; f16, which has none below 6e-8, may be why: compare with "
                             "--dtype f32",
                             name));
}

std::unique_ptr<Tuner> open_tuner(Device& device, bool autotune) {
  if (!autotune) return nullptr;
  return std::make_unique<Tuner>(device, TunerOptions{.measure = true,
                                                      .cache_folder = os::cache_folder(),
                                                      .log = stderr_log(),
                                                      .progress = tuning_progress(),
                                                      .stop = [] { return os::interrupted(); }});
}

std::function<void(std::size_t, std::size_t, const std::string&)> tuning_progress() {
  const auto shown = std::make_shared<std::unique_ptr<Progress>>();
  return [shown](std::size_t operation, std::size_t operations, const std::string& text) {
    if (text.empty()) return shown->reset();
    if (!*shown) *shown = std::make_unique<Progress>("operations tuned", static_cast<std::int64_t>(operations));
    (*shown)->update(static_cast<std::int64_t>(operation) - 1, text);
  };
}

LoadedModel open_model(Model model, const std::string& device) {
  LoadedModel loaded;
  loaded.model = std::move(model);
  loaded.task = make_dense_task(loaded.model.options, loaded.model.format);
  loaded.device = open_device(device);
  loaded.store = std::make_unique<ParameterStore>(*loaded.device, *smallest_graph(loaded.task->network()));
  restore_averaged(loaded.model, *loaded.store);
  return loaded;
}

std::uint64_t memory_beside(const ParameterStore& store, const std::string& memory) {
  const std::uint64_t allowed = parse_memory(memory);
  std::uint64_t weights = 0;
  for (const std::string& arena : store.arenas()) weights += store.arena_bytes(arena);
  if (allowed > 0 && allowed <= weights)
    throw OutOfMemory(fmt::format("--memory {}: the model's weights alone take {:.1f} MiB; allow more", memory,
                                  static_cast<double>(weights) / (1 << 20)));
  return allowed == 0 ? 0 : allowed - weights;
}

bool knows_classes(const Model& model) {
  return is_classifier(model.options.model) && !model.format.class_names.empty();
}

LoadedClassifier open_classifier(const Model& model, const std::string& device, const std::string& memory,
                                 bool autotune) {
  const ClassifierNetwork network = make_classifier(model.options, model.format.image_channels);
  LoadedClassifier loaded{open_device(device), nullptr, nullptr, nullptr};
  loaded.store =
      std::make_unique<ParameterStore>(*loaded.device, *classifying_graph(network, 1, classifier_image(network)));
  restore_averaged(model, *loaded.store);
  loaded.tuner = open_tuner(*loaded.device, autotune);
  loaded.classifier = std::make_unique<ClassifierRunner>(*loaded.device, *loaded.store, network, kClassifierBatch,
                                                         memory_beside(*loaded.store, memory), loaded.tuner.get());
  return loaded;
}

LoadedAutoencoder open_autoencoder(const Model& model, const std::string& device) {
  LoadedAutoencoder loaded{make_autoencoder(model.options, model.format.image_channels), open_device(device), nullptr};
  loaded.store = std::make_unique<ParameterStore>(*loaded.device, *decoding_graph(loaded.network, 1));
  restore_averaged(model, *loaded.store);
  return loaded;
}

}  // namespace tuff
