// Every option of a training run, once: the command line, config.json and the help text come from the
// same table, and so does the configuration that a model file carries.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tuff {

struct TrainOptions {
  // data
  std::string images;
  std::string masks;
  std::int64_t dims = 2;
  std::string labels;
  std::int64_t crop = 256;
  std::int64_t crop_depth = 0;
  double val_fraction = 0.1;
  std::string val_images;
  std::string val_masks;
  std::string val_targets;
  std::int64_t folds = 0;
  std::int64_t fold = 0;
  double test_fraction = 0;
  std::string augment = "auto";
  std::string normalize = "percentile";
  bool replace_nan = false;
  std::string axes;
  std::string channels;
  std::int64_t classes = 1;
  std::string foreground;
  std::int64_t undefined = -1;
  std::int64_t boundary = 0;
  std::int64_t centers = 0;
  std::string class_weights;
  double border_weight = 0;
  double border_sigma = 5;
  std::int64_t threads = 2;
  std::int64_t size = 0;
  std::string fit = "pad";
  std::int64_t val_last = 0;
  bool balance = false;
  std::string targets;
  std::string signals;
  std::string label_column;
  bool watch = false;
  std::string noise = "none";
  bool noisy_targets = false;
  std::string lamp_grid;
  // model
  std::string model = "unet";
  std::int64_t base = 32;
  std::int64_t depth = 4;
  std::string padding = "same";
  std::string norm = "batch";
  std::string up = "transpose";
  std::string down = "pool";
  std::string skip = "concat";
  std::int64_t latent = 16;
  double beta = 1;
  std::string likelihood = "bernoulli";
  std::int64_t rays = 0;
  double anisotropy = 0;
  double prob_threshold = 0.5;
  double nms_threshold = 0.4;
  double flow_threshold = 0.4;
  std::int64_t min_size = 15;
  std::int64_t bins = 0;
  std::int64_t scale = 2;
  std::int64_t blocks = 16;
  std::string global_skip = "none";
  std::int64_t length = 0;
  double adversarial = 0;
  std::int64_t discriminator_base = 64;
  std::string content_network;
  std::string content_output;
  std::string content_normalize = "none";
  double content_weight = 1;
  std::string variant = "8s";
  std::string block = "plain";
  bool attention = false;
  std::int64_t deep_supervision = 0;
  bool coords = false;
  double dropout = 0;
  std::int64_t flat_levels = 0;
  std::int64_t convolutions = 1;
  std::string dense = "128";
  std::int64_t stride = 0;
  std::string pooling = "none";
  std::int64_t patch = 0;
  std::int64_t kl_warmup = 0;
  double free_bits = 0;
  std::int64_t patterns = 1;
  bool uniform = false;
  // training
  std::int64_t steps = 0;
  std::int64_t epochs = 0;
  std::int64_t batch = 4;
  std::string loss = "auto";
  double label_smoothing = 0;
  double tversky_alpha = 0.3;
  double tversky_beta = 0.7;
  double focal_gamma = 2;
  std::string optimizer = "adam";
  double lr = 1e-3;
  std::string schedule = "constant";
  double warmup = 0;
  double lr_factor = 0.1;
  std::int64_t lr_patience = 3;
  std::int64_t patience = 0;
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  double l1 = 0;
  std::string no_decay;
  double clip = 0;
  double clip_value = 0;
  double ema = 0;
  std::string dtype = "f32";
  std::int64_t seed = 0;
  // run
  std::string out;
  std::string init;
  std::string device;
  std::string memory;
  bool autotune = false;
  std::string config;
  bool resume = false;
  bool find_lr = false;
  std::int64_t save_every = 0;
  std::int64_t layer_norms = 50;
  std::string tensorboard = "on";
  std::string dump;

  bool operator==(const TrainOptions&) const = default;
};

struct TrainField {
  std::variant<std::int64_t TrainOptions::*, double TrainOptions::*, std::string TrainOptions::*, bool TrainOptions::*>
      member;
  std::string_view name;   // "val-fraction": --val-fraction on the command line, the same key in config.json
  std::string_view group;  // heading in the help text
  std::string_view value;  // what stands behind the option in the help text: "N", "DIR", "same|valid"
  std::string_view help;
  double minimum = 0;     // numbers: the smallest allowed
  double maximum = 1e15;  // numbers: the largest allowed
  enum class Kept : std::uint8_t {
    model,  // part of the model's configuration; a resumed run can't change it
    run,    // kept in config.json, and a resumed run may change it
    never,  // about this call alone
  } kept = Kept::model;
  bool hidden = false;
};

struct TrainableModel {
  std::string_view name;     // "unet": the word after `tuff train`
  std::string_view summary;  // one line of help
};

std::vector<TrainableModel> trainable_models();

// What a network's options are before any is given.
TrainOptions default_options(std::string_view model);

// Error naming `source` where a configuration has options that mean nothing to the network.
void require_own_options(std::string_view json, std::string_view model, const std::string& source);

// Those of a configuration: the defaults of the network that it names, then apply_json().
TrainOptions options_from_json(std::string_view json, const std::string& source);

// Whether an option means anything to a network. Configurations hold those that do.
bool applies(const TrainField& field, std::string_view model);

// Whether a network says of whole images or patches what they show (models/classifier.h, models/p4.h).
bool is_classifier(std::string_view model);

// What a field's value may be for a network: "mse|l1" where the field itself has more.
std::string_view choices_of(const TrainField& field, std::string_view model);

// "same|valid" as words.
std::vector<std::string> words_of(std::string_view list);

// All options in the order of the help text.
std::span<const TrainField> train_fields();

// Null where there is no such option.
const TrainField* find_field(std::string_view name);

// Sets one option from text as typed by a user; Error names the option, the value and what is allowed.
void set_field(TrainOptions& options, std::string_view name, std::string_view text);
std::string field_text(const TrainOptions& options, const TrainField& field);

// Checks that concern several options, and fills in what depends on others ("auto"). Error where they don't fit.
void validate(TrainOptions& options);

// JSON object of the options that are kept: all of them (config.json), or only those the model depends on
// (in model files, which so don't tell where the data lay). And back: unknown keys and wrong types are an
// Error that names `source`.
std::string to_json(const TrainOptions& options, bool model_only = false);
void apply_json(TrainOptions& options, std::string_view json, const std::string& source);

// The options of a resumed run: those saved, with `given` (name, text) on top. Error where `given` would
// change what the saved model depends on.
TrainOptions resumed_options(const TrainOptions& saved, std::span<const std::pair<std::string, std::string>> given);

// "0,2,5" as numbers; Error with the option's name. Empty text: no numbers.
std::vector<std::int64_t> number_list(std::string_view text, std::string_view option);

// --dense; "none": none.
std::vector<std::int64_t> dense_units(const TrainOptions& options);

// "1,2.5" as numbers, none below 0; Error with the option's name. Empty text: no numbers.
std::vector<double> decimal_list(std::string_view text, std::string_view option);

// --seed, as random streams take it.
inline std::uint64_t seed_of(const TrainOptions& options) {
  return static_cast<std::uint64_t>(options.seed);
}

// --memory in bytes; 0 where it isn't given. Error where it is no amount.
std::uint64_t memory_bytes(const TrainOptions& options);

// "norm,bias" as words, each "norm" or "bias"; Error naming the option. Empty text: none.
std::vector<std::string> no_decay_groups(std::string_view text);

// The word nearest to a misspelt one by edit distance; empty where none is near.
std::string nearest_word(std::string_view word, std::span<const std::string> words);

}  // namespace tuff
