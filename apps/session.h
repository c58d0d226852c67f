// What most commands begin with: a device that the user chose, and a model loaded onto it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "graph/dtype.h"
#include "runtime/parameter_store.h"
#include "runtime/tuner.h"
#include "tasks/classifier_runner.h"
#include "tasks/dense_task.h"
#include "train/autoencoder.h"
#include "train/checkpoint.h"
#include "vulkan/device.h"

namespace tuff {

struct OpenOptions {
  bool cached = true;                // else no pipelines are read or kept
  bool pipeline_statistics = false;  // see DeviceOptions
};

// `wanted`: a number or part of a name, empty for the best. $TUFF_CAPS lowers what the device seems to be
// able to (see plan/device_caps.h). Says on stderr which device it is.
std::unique_ptr<Device> open_device(const std::string& wanted, const OpenOptions& given = {});

// load_model(), for commands that give images for images: Error where the model is of another kind.
Model load_dense_model(const std::filesystem::path& run_or_file);

// CompileOptions::storage from --dtype. Where the device can't store f16, f32, and a line on stderr that says so.
DType storage_on(const Device& device, const std::string& dtype);

// A line on stderr where results of activations stored as f16 are infinite or no numbers, or all 0: f16 has nothing
// beyond 65504 nor below 6e-8.
void warn_of_range(DType storage, const std::string& name, std::span<const float> values);

// What --autotune gives: a tuner that measures, tells on stderr how far it is, and keeps what it finds with the
// compiled pipelines. Null where it isn't wanted.
std::unique_ptr<Tuner> open_tuner(Device& device, bool autotune);

// TunerOptions::progress on a terminal.
std::function<void(std::size_t, std::size_t, const std::string&)> tuning_progress();

struct LoadedModel {
  Model model;
  std::unique_ptr<DenseTask> task;
  std::unique_ptr<Device> device;
  std::unique_ptr<ParameterStore> store;
};

// A model (see load_model()) on a device, ready to predict.
LoadedModel open_model(Model model, const std::string& device);

// What of --memory is left for activations beside a model's weights; 0: no limit was given. Error where nothing is
// left.
std::uint64_t memory_beside(const ParameterStore& store, const std::string& memory);

// Images that autoencoders work on at once.
inline constexpr std::int64_t kAutoencoderBatch = 64;
// Images that classifiers work on at once.
inline constexpr std::int64_t kClassifierBatch = 64;

struct LoadedAutoencoder {
  AutoencoderNetwork network;
  std::unique_ptr<Device> device;
  std::unique_ptr<ParameterStore> store;
};

// Whether a model learned from labels of whole images, so that it says of an image what it shows.
bool knows_classes(const Model& model);

struct LoadedClassifier {
  std::unique_ptr<Device> device;
  std::unique_ptr<ParameterStore> store;
  std::unique_ptr<Tuner> tuner;  // null without --autotune
  std::unique_ptr<ClassifierRunner> classifier;
};

// A classifier of whole images on a device.
LoadedClassifier open_classifier(const Model& model, const std::string& device, const std::string& memory,
                                 bool autotune);

// A variational autoencoder on a device, ready to generate. Error where the model is another.
LoadedAutoencoder open_autoencoder(const Model& model, const std::string& device);

}  // namespace tuff
