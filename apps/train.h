// What the commands that train have in common: options as typed, and a run with its progress on the terminal.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/image_labels.h"
#include "train/trainer.h"

namespace tuff {

// Options as typed: name, text. The network's name is that of "model".
using GivenOptions = std::vector<std::pair<std::string, std::string>>;

// Null where it wasn't typed.
const std::string* find_given(const GivenOptions& given, std::string_view name);

// Defaults, then the configuration file, then what was typed.
TrainOptions collect_options(const GivenOptions& given);

// An option of the command line for a field, which `keep` is given as it is typed.
void add_train_option(CLI::App& command, const TrainField& field, const TrainOptions& defaults,
                      const std::function<void(const std::string&)>& keep);

// Those of a network, collected in `given` as they are typed; but for some.
void add_train_options(CLI::App& command, const std::string& network, const std::shared_ptr<GivenOptions>& given,
                       const std::vector<std::string_view>& without = {});

// Those of training, kept in `given` as they are typed: under a subcommand for each network, and for the command
// itself those that name a run, for runs that go on and configuration files.
void add_training_options(CLI::App& command, const std::shared_ptr<GivenOptions>& given);

// Error where --out is there already and holds more than the finder of learning rates leaves.
void refuse_existing(const std::filesystem::path& run);

// Checks the options and opens the data; `resume`: the run's last checkpoint. The run's folder is options.out.
TrainingTask prepare_training(TrainOptions options, std::optional<Model> resume);

// Trains, with progress and a line an epoch on stderr. `epoch`, where there is one, hears of each epoch too; where it
// says false the run stops.
TrainingSummary run_training(Device& device, const TrainingTask& task,
                             const std::function<bool(const EpochReport&)>& epoch = {});

// What `tuff train` does: the whole run, to its end or until it is interrupted (os::interrupted()).
void train_with(const GivenOptions& given);

// The images and classes that an autoencoder's options name.
LabelledImages open_autoencoder_images(const TrainOptions& options);

}  // namespace tuff
