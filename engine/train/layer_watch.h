// Measures a run's layers at the ends of epochs, beside training, and keeps what it finds in norms.csv.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "base/log.h"
#include "train/layer_norms.h"
#include "train/norms_file.h"

namespace tuff {

class LayerWatch {
 public:
  struct Options {
    std::int64_t every = 0;    // steps between two measurements at least; 0: none
    std::uint64_t memory = 0;  // of the device in bytes, the store apart; 0: half of what is free then
    LogSink log;
  };

  // What is handed over must outlive it. Takes up the file's rows to `steps_done`.
  LayerWatch(const Graph& step, Device& device, ParameterStore& store, std::filesystem::path file,
             std::int64_t steps_done, Options options);

  // Whether it is time for it after this step.
  bool is_due(std::int64_t step) const;
  // Measures and writes the file. Layers are left out, with a line to the log, where memory is short or an op has no
  // gradient; parameters are always there.
  void measure(std::int64_t step, std::span<const NamedTensor> batch, double gradient_scale);

  const std::vector<LayerNormsRow>& rows() const { return rows_; }

 private:
  std::vector<LayerNorm> layers(std::span<const NamedTensor> batch);

  const Graph& step_;
  Device& device_;
  ParameterStore& store_;
  std::filesystem::path file_;
  Options options_;
  bool told_ = false;  // why layers are left out
  std::vector<LayerNormsRow> rows_;
};

// Device memory in bytes that measuring layers takes at least, the store apart; nothing where they can't be.
std::optional<std::uint64_t> layer_watch_bytes(const Graph& step, const DeviceCaps& caps);

}  // namespace tuff
