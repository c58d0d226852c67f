// Model files: safetensors with PyTorch's names and layouts and the whole configuration in the metadata, so
// that the file alone is enough to predict. A checkpoint is a model file with the optimizer's moments
// ("optimizer.adam.m.encoder.0.conv1.weight") and the position in training, so that a resumed run goes on
// bit for bit. Files are replaced whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/dataset.h"
#include "io/safetensors.h"
#include "plan/plan.h"
#include "runtime/parameter_store.h"
#include "train/options.h"
#include "train/schedule.h"

namespace tuff {

// Where a run stands. Holds nothing that differs between two equal runs (no times).
struct TrainingState {
  std::int64_t step = 0;  // steps done
  double loss_sum = 0;    // of the steps of the epoch so far
  std::int64_t loss_count = 0;
  std::optional<double> best_score;  // of validation
  std::int64_t best_step = 0;
  Plateau plateau;      // of --schedule plateau
  std::string dataset;  // fingerprint() of the images that it is trained on
  // Which kernels ran the operations so far, and the device that they ran on: a run that goes on there uses the same,
  // so that its bits are.
  KernelChoices kernels;
  std::string device;
  bool operator==(const TrainingState&) const = default;
};

struct Model {
  std::filesystem::path path;
  TrainOptions options;
  DataFormat format;
  SafeTensors file;
  std::optional<TrainingState> state;  // checkpoints only
};

// Names inside a run's folder.
inline constexpr const char* kBestModel = "best.safetensors";
inline constexpr const char* kLastModel = "last.safetensors";
inline constexpr const char* kConfigFile = "config.json";
inline constexpr const char* kMetricsFile = "metrics.csv";
inline constexpr const char* kLossesFile = "losses.csv";
inline constexpr const char* kNormsFile = "norms.csv";
inline constexpr const char* kHeldOutFile = "test.json";

// What a checkpoint holds of the store: parameters, buffers and the optimizer's moments.
ParameterSnapshot take_snapshot(const ParameterStore& store);

void save_model(const std::filesystem::path& path, const TrainOptions& options, const DataFormat& format,
                const ParameterSnapshot& snapshot);
// Of another model's values: of these variables alone (see averaged_values()).
void save_model(const std::filesystem::path& path, const TrainOptions& options, const DataFormat& format,
                const Model& source, std::span<const Variable> variables);
void save_checkpoint(const std::filesystem::path& path, const TrainOptions& options, const DataFormat& format,
                     const ParameterSnapshot& snapshot, const TrainingState& state);

// A model file, or a run's folder: its best model, else its last. Error names the path and what is wrong.
Model load_model(const std::filesystem::path& run_or_file);
Model load_model_file(const std::filesystem::path& file);

// The arena of the weights' moving average (--ema).
inline constexpr const char* kAverageArena = "parameters.ema";

// A discriminator's variables begin with it. As the buffers of --dtype f16 (ops/loss_scale.h) they are of training
// alone: model files don't hold them, checkpoints do.
inline constexpr const char* kDiscriminatorPrefix = "discriminator.";

inline constexpr const char* kLossScaleBuffer = "loss_scale";
inline constexpr const char* kLossScaleCountsBuffer = "loss_scale.counts";

// Fills the store's parameters and buffers. Error where the file lacks one or its shape differs.
void restore_parameters(const Model& model, ParameterStore& store);
// The same for prediction: where a checkpoint has the weights' average, that. What only training has starts anew where
// the file lacks it.
void restore_averaged(const Model& model, ParameterStore& store);
// One variable for prediction, on the host.
HostTensor averaged_values(const Model& model, const Variable& variable);
// Fills what the model has of the same name and shape (with an average, that), for training that begins where another
// ended; gives the names of the others. Error where nothing fits.
std::vector<std::string> restore_matching(const Model& model, ParameterStore& store);
// Fills the optimizer's arenas from a checkpoint; those it lacks become zeros.
void restore_optimizer(const Model& model, ParameterStore& store);

}  // namespace tuff
