#include "train/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/error.h"
#include "base/number.h"
#include "train/split_options.h"

namespace tuff {
namespace {

using Kept = TrainField::Kept;
using Options = TrainOptions;

// clang-format off
const TrainField kFields[] = {
    {&Options::images, "images", "Data", "DIR|IDX", "folder of images (PNG, JPEG, BMP, TIFF, MRC, NIfTI), or for a vae an idx file, gzip or plain", 0, 0, Kept::run},
    {&Options::masks, "masks", "Data", "DIR", "folder of masks, paired with the images by file name", 0, 0, Kept::run},
    {&Options::targets, "targets", "Data", "DIR", "folder of the images to be predicted, paired with the images by file name; of signals a file of as many", 0, 0, Kept::run},
    {&Options::signals, "signals", "Data", "FILE", "spectra or other signals: .npy of (N, L) or (N, channels, L), or CSV with one a row", 0, 0, Kept::run},
    {&Options::label_column, "label-column", "Data", "NAME|N", "column of a CSV that holds the classes, by its heading or counted from 1"},
    {&Options::watch, "watch", "Data", "", "masks are still being drawn: take in, after each epoch of 100 steps, those that are new or have changed"},
    {&Options::noise, "noise", "Data", "KIND:AMOUNT", "noise to add: gaussian:DEVIATION, poisson:PHOTONS or salt-pepper:SHARE, on values of about 0..1"},
    {&Options::noisy_targets, "noisy-targets", "Data", "", "noise-to-noise: the truth gets noise of its own, as if there were no clean images"},
    {&Options::lamp_grid, "lamp-grid", "Data", "ROWSxCOLUMNS", "how the lamps stand, row after row as the images' channels, for the pictures of the patterns", 0, 0, Kept::model},
    {&Options::labels, "labels", "Data", "FILE|folders", "classes of whole images: a CSV of name,class, an idx file, or \"folders\", one a class, in --images; a vae becomes conditional. Of signals: .npy, or one a line", 0, 0, Kept::run},
    {&Options::balance, "balance", "Data", "", "train with each class as often as the others; with --masks, with each of an image's classes"},
    {&Options::foreground, "foreground", "Data", "IDS", "mask ids that are foreground, e.g. 0 or 1,3; default: all but 0"},
    {&Options::undefined, "undefined", "Data", "ID", "mask id of pixels that nothing is said of: they count neither in training nor in scores; -1: none", -1, 1e9},
    {&Options::boundary, "boundary", "Data", "PIXELS", "masks of ids: learn three classes, background, inside and boundaries so wide; 0: no", 0, 64},
    {&Options::centers, "centers", "Data", "PIXELS", "masks of ids: learn where objects' centers are, for tuff detect; what is so near to one counts as it, what is up to twice as far away not at all; goes well with --balance; 0: no", 0, 1024},
    {&Options::classes, "classes", "Data", "N", "masks hold class ids 0 to N-1; 1: foreground against background", 1, 255},
    {&Options::channels, "channels", "Data", "IDS", "image channels to use, e.g. 0,2; default: all"},
    {&Options::dims, "dims", "Data", "2|3", "2: each slice of a stack is an image; 3: stacks are volumes", 2, 3},
    {&Options::axes, "axes", "Data", "AXES", "meaning of a TIFF's pages and samples where the file doesn't say, e.g. CYX"},
    {&Options::replace_nan, "replace-nan", "Data", "", "where images have values that are no finite numbers, such as the borders of registered ones, take their channel's smallest instead of refusing them"},
    {&Options::normalize, "normalize", "Data", "percentile|mean-std|range", "how each image is brought to a common scale"},
    {&Options::crop, "crop", "Data", "PIXELS", "side of the square crops that the net trains on", 1, 16384},
    {&Options::crop_depth, "crop-depth", "Data", "SLICES", "with --dims 3: depth of the crops; 0: as --crop"},
    {&Options::augment, "augment", "Data", "LIST|auto|none", "how training changes its crops: flip, rot90, rotate=DEGREES, elastic, noise ... (docs/augmentation.md); auto: all for small data sets, else flip,rot90"},
    {&Options::val_fraction, "val-fraction", "Data", "X", "part of the images held back for validation (3 images at least)", 0, 0.9},
    {&Options::val_images, "val-images", "Data", "DIR", "validate on these images instead of a part of --images", 0, 0, Kept::run},
    {&Options::val_masks, "val-masks", "Data", "DIR", "their masks", 0, 0, Kept::run},
    {&Options::val_targets, "val-targets", "Data", "DIR", "their images to be predicted", 0, 0, Kept::run},
    {&Options::folds, "folds", "Data", "K", "cross-validation: K runs, each validated on another of K parts; with --fold one of them; 0: no", 0, 1000},
    {&Options::fold, "fold", "Data", "I", "with --folds: the run that is validated on part I, from 1; 0: all", 0, 1000},
    {&Options::test_fraction, "test-fraction", "Data", "X", "part of the images held out for a test: neither trained on nor chosen by, scored once at the end", 0, 0.9},
    {&Options::val_last, "val-last", "Data", "N", "hold the last N images back instead of a random part; 0: --val-fraction", 0, 1e15},
    {&Options::size, "size", "Data", "PIXELS", "side of the images or patches that the net sees; 0: the smallest it can take that holds them, of patches in masks about 32", 0, 4096},
    {&Options::fit, "fit", "Data", "pad|crop|resize", "how images come to that size"},
    {&Options::threads, "threads", "Data", "N", "threads that read and crop; changes no result", 1, 64, Kept::run},

    {&Options::model, "model", "Model", "MODEL", "network", 0, 0, Kept::model, true},
    {&Options::base, "base", "Model", "N", "channels of the first level; they double with each", 1, 4096},
    {&Options::latent, "latent", "Model", "N", "numbers that stand for an image", 1, 65536},
    {&Options::likelihood, "likelihood", "Model", "bernoulli|gaussian", "of values in 0..1 given their logit, or mean and one learned variance"},
    {&Options::kl_warmup, "kl-warmup", "Model", "STEPS", "steps in which the divergence's weight rises from 0 to --beta", 0},
    {&Options::free_bits, "free-bits", "Model", "X", "nats of divergence that each latent number has for free", 0, 1e6},
    {&Options::beta, "beta", "Model", "X", "weight of the divergence from the unit Gaussian", 0, 1e6},
    {&Options::rays, "rays", "Model", "N", "directions in which the distance to an object's border is learned; 0: 32, with --dims 3 96", 0, 256},
    {&Options::anisotropy, "anisotropy", "Model", "X", "with --dims 3: distance of slices over that of pixels; 0: as the objects' extents say", 0, 100},
    {&Options::bins, "bins", "Model", "N", "learn the probabilities of so many ranges of intensity instead of a value; 0: a value", 0, 1024},
    {&Options::scale, "scale", "Model", "2|3|4", "how many times as many pixels along each axis", 2, 4},
    {&Options::blocks, "blocks", "Model", "N", "residual blocks", 1, 256},
    {&Options::global_skip, "global-skip", "Model", "none|bilinear|bicubic", "add the image enlarged so to the output: the network learns what interpolation lacks"},
    {&Options::length, "length", "Model", "N", "of the signals that it is trained on; a classifier takes no others", 0, 1e9, Kept::model, true},
    {&Options::adversarial, "adversarial", "Model", "WEIGHT", "train against a discriminator (SRGAN), whose verdict counts so much beside the content, 0.001 in the paper; 0: without", 0, 1e6},
    {&Options::discriminator_base, "discriminator-base", "Model", "N", "channels of the discriminator's first level; its dense layer has 16 times as many", 1, 1024},
    {&Options::content_network, "content-network", "Model", "FILE.onnx", "compare images by the features that this network gives for them, not by their pixels", 0, 0, Kept::run},
    {&Options::content_output, "content-output", "Model", "NAME", "which of the network's values are the features; default: its first output"},
    {&Options::content_normalize, "content-normalize", "Model", "none|imagenet", "what the network is given: values of about 0..1, or those less ImageNet's means over its deviations"},
    {&Options::content_weight, "content-weight", "Model", "X", "how much the features' difference counts", 0, 1e9},
    {&Options::variant, "variant", "Model", "32s|16s|8s", "from which resolutions the classes are brought back: 1/32 alone, 1/16 too, 1/8 too"},
    {&Options::prob_threshold, "prob-threshold", "Model", "X", "probability from which on a pixel proposes an object", 0, 1},
    {&Options::nms_threshold, "nms-threshold", "Model", "X", "largest overlap of two objects, as a part of the smaller", 0, 1},
    {&Options::flow_threshold, "flow-threshold", "Model", "X", "largest mean squared error of an object's flows; 0: any", 0, 100},
    {&Options::min_size, "min-size", "Model", "PIXELS", "smallest object", 0, 1e9},
    {&Options::patterns, "patterns", "Model", "N", "exposures that the network sees, each with its own brightness of each lamp", 1, 4096},
    {&Options::uniform, "uniform", "Model", "", "all lamps equally bright instead of learned patterns, to compare with"},
    {&Options::depth, "depth", "Model", "N", "number of times the net halves the image", 1, 8},
    {&Options::padding, "padding", "Model", "same|valid", "none with valid, as in the paper; the output is smaller"},
    {&Options::norm, "norm", "Model", "batch|group|instance|none", "normalization at each convolution"},
    {&Options::up, "up", "Model", "transpose|bilinear|nearest", "how the decoder doubles the size"},
    {&Options::down, "down", "Model", "pool|stride", "how the encoder halves the size"},
    {&Options::skip, "skip", "Model", "concat|add|none", "how the encoder's features join the decoder's"},

    {&Options::block, "block", "Model", "plain|residual|separable", "what levels are made of: plain convolutions, residual blocks, depthwise-separable convolutions"},
    {&Options::attention, "attention", "Model", "", "a gate on each skip connection (Attention U-Net)"},
    {&Options::deep_supervision, "deep-supervision", "Model", "N", "coarser levels of the decoder that learn, too", 0, 7},
    {&Options::coords, "coords", "Model", "", "further input channels say where in the image a pixel lies; for crops of the whole image"},
    {&Options::dropout, "dropout", "Model", "X", "part of the features that each training step leaves out, behind each level", 0, 0.95},
    {&Options::flat_levels, "flat-levels", "Model", "N", "with --dims 3: first levels that don't halve the depth, for slices that are far apart", 0, 8},

    {&Options::convolutions, "convolutions", "Model", "N", "convolutions before each halving", 1, 16},
    {&Options::dense, "dense", "Model", "LIST|none", "units of the layers before the last, e.g. 256,128"},
    {&Options::stride, "stride", "Model", "PIXELS", "of maps: from decision to decision, a power of two or a multiple of 2^depth; 0: 4 or less", 0, 4096},
    {&Options::pooling, "pooling", "Model", "none|noisy-and", "noisy-and: labels of whole images train a map of patches, as multiple-instance learning"},
    {&Options::patch, "patch", "Model", "PIXELS", "with --pooling: side of the patches; 0: about 32", 0, 4096},

    {&Options::epochs, "epochs", "Training", "N", "epochs to train; one covers the images once, and is 100 steps at least", 0},
    {&Options::steps, "steps", "Training", "N", "steps to train instead of epochs; default: 10 epochs", 0},
    {&Options::batch, "batch", "Training", "N", "crops or images in each step", 1, 4096},
    {&Options::loss, "loss", "Training", "bce|ce|dice|bce+dice|ce+dice|tversky|focal|mse|l1|huber", "what training makes small"},
    {&Options::class_weights, "class-weights", "Training", "LIST", "how much each class counts in the loss, e.g. 1,5 for background and foreground"},
    {&Options::border_weight, "border-weight", "Training", "X", "masks of ids: so much more for background between two objects, the paper's w0 (10); 0: none", 0, 1e6},
    {&Options::border_sigma, "border-sigma", "Training", "PIXELS", "how fast that weight falls with the gap's width", 0.1, 1000},
    {&Options::label_smoothing, "label-smoothing", "Training", "X", "part of each pixel's truth that ce spreads over all classes", 0, 1},
    {&Options::tversky_alpha, "tversky-alpha", "Training", "X", "weight of false positives in --loss tversky", 0, 1e3},
    {&Options::tversky_beta, "tversky-beta", "Training", "X", "weight of false negatives in --loss tversky", 0, 1e3},
    {&Options::focal_gamma, "focal-gamma", "Training", "X", "how much less --loss focal counts what is learned", 0, 100},
    {&Options::lr, "lr", "Training", "X", "learning rate", 0, 1e6},
    {&Options::schedule, "schedule", "Training", "constant|cosine|step|plateau|one-cycle", "course of the learning rate (docs/training.md)", 0, 0, Kept::model},
    {&Options::lr_factor, "lr-factor", "Training", "X", "what step and plateau multiply the learning rate by", 1e-6, 0.999},
    {&Options::lr_patience, "lr-patience", "Training", "EPOCHS", "epochs without better validation that plateau waits before it does", 0, 1e6},
    {&Options::warmup, "warmup", "Training", "STEPS", "steps in which the learning rate rises to --lr", 0},
    {&Options::patience, "patience", "Training", "EPOCHS", "stop after so many epochs without better validation; 0: never", 0, 1e6, Kept::run},
    {&Options::optimizer, "optimizer", "Training", "adam|adamw|sgd|adagrad|rmsprop", "rule that updates the weights"},
    {&Options::momentum, "momentum", "Training", "X", "momentum of sgd", 0, 1},
    {&Options::nesterov, "nesterov", "Training", "", "Nesterov's momentum with sgd"},
    {&Options::weight_decay, "weight-decay", "Training", "X", "L2 regularization, added to the gradient; with adamw decoupled from it", 0, 1e3},
    {&Options::l1, "l1", "Training", "X", "L1 regularization", 0, 1e3},
    {&Options::no_decay, "no-decay", "Training", "LIST", "weights that --weight-decay and --l1 leave alone: norm, bias or norm,bias"},
    {&Options::clip_value, "clip-value", "Training", "X", "largest size of each gradient; 0: no limit", 0},
    {&Options::clip, "clip", "Training", "X", "largest global norm of the gradients, after --clip-value; 0: no limit", 0},
    {&Options::ema, "ema", "Training", "X", "validate and keep an exponential moving average of the weights, e.g. 0.999; 0: none", 0, 0.9999999},
    {&Options::dtype, "dtype", "Training", "f32|f16", "what lies in memory between the layers: f32, or f16 in half the memory, with loss scaling"},
    {&Options::seed, "seed", "Training", "N", "same seed, device and driver: same bits", 0},

    {&Options::out, "out", "Run", "RUN", "folder for the model, config.json and metrics.csv", 0, 0, Kept::never},
    {&Options::init, "init", "Run", "RUN|FILE", "begin with the weights of a trained model; those that it lacks, or has in other shapes, begin anew", 0, 0, Kept::run},
    {&Options::resume, "resume", "Run", "", "go on with the run in --out", 0, 0, Kept::never},
    {&Options::find_lr, "find-lr", "Run", "", "train nothing; find a good --lr by --steps (100) steps of rising rate", 0, 0, Kept::never},
    {&Options::config, "config", "Run", "FILE", "options from a config.json; those given here win", 0, 0, Kept::never},
    {&Options::device, "device", "Run", "NAME|N", "device by number or part of its name, see `tuff devices`", 0, 0, Kept::run},
    {&Options::memory, "memory", "Run", "SIZE", "device memory that training may take, e.g. 800M or 2G; what doesn't fit is computed twice, with equal results", 0, 0, Kept::run},
    {&Options::autotune, "autotune", "Run", "", "time every kernel that can do an operation once, and use the fastest", 0, 0, Kept::run},
    {&Options::save_every, "save-every", "Run", "STEPS", "save the last model so often too; 0: once an epoch", 0, 1e15, Kept::run},
    {&Options::layer_norms, "layer-norms", "Run", "STEPS", "measure layers' outputs and gradients at the ends of epochs, so many steps apart at least; 0: never", 0, 1e15, Kept::run},
    {&Options::tensorboard, "tensorboard", "Run", "on|off", "event files for TensorBoard in the run's folder", 0, 0, Kept::run},
    {&Options::dump, "dump", "Run", "DIR", "write the initial weights and every batch there", 0, 0, Kept::never, true},
};
// clang-format on

// A field's value column that lists words, "same|valid", restricts it to them; capitals stand for free text.
std::vector<std::string> choices(const TrainField& field) {
  if (!std::holds_alternative<std::string Options::*>(field.member)) return {};
  std::vector<std::string> words = words_of(field.value);
  const bool free_text = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos;
  });
  if (free_text) words.clear();
  return words;
}

template <class Number>
Number number_of(const TrainField& field, std::string_view text) {
  Number number{};
  if (!parse_number(text, number))
    throw Error(fmt::format("--{}: \"{}\" is not a {}", field.name, text,
                            std::is_same_v<Number, double> ? "number" : "whole number"));
  const double value = static_cast<double>(number);
  if (!(value >= field.minimum && value <= field.maximum))
    throw Error(
        fmt::format("--{}: {} is out of range, it must be {} to {}", field.name, text, field.minimum, field.maximum));
  return number;
}

bool parse_bool(const TrainField& field, std::string_view text) {
  if (text == "true" || text == "1" || text.empty()) return true;
  if (text == "false" || text == "0") return false;
  throw Error(fmt::format("--{}: \"{}\" is neither true nor false", field.name, text));
}

std::string checked_word(const TrainField& field, std::string_view text) {
  std::vector<std::string> words = choices(field);
  if (field.name == "model")
    for (const TrainableModel& model : trainable_models()) words.emplace_back(model.name);
  const bool automatic = field.name == "loss" && text == "auto";
  if (!words.empty() && !automatic && std::find(words.begin(), words.end(), text) == words.end())
    throw Error(fmt::format("--{}: \"{}\" is none of {}", field.name, text, fmt::join(words, ", ")));
  return std::string(text);
}

}  // namespace

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const std::size_t bar = std::min(list.find('|'), list.size());
    words.emplace_back(list.substr(0, bar));
    list.remove_prefix(std::min(bar + 1, list.size()));
  }
  return words;
}

std::span<const TrainField> train_fields() {
  return kFields;
}

const TrainField* find_field(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kFields), std::end(kFields), [&](const TrainField& field) { return field.name == name; });
  return found == std::end(kFields) ? nullptr : found;
}

void set_field(TrainOptions& options, std::string_view name, std::string_view text) {
  const TrainField* field = find_field(name);
  if (field == nullptr) throw Error(fmt::format("there is no option --{}", name));
  std::visit(
      [&](auto member) {
        using Type = std::remove_reference_t<decltype(options.*member)>;
        if constexpr (std::is_same_v<Type, bool>)
          options.*member = parse_bool(*field, text);
        else if constexpr (std::is_same_v<Type, std::string>)
          options.*member = checked_word(*field, text);
        else
          options.*member = number_of<Type>(*field, text);
      },
      field->member);
}

std::string field_text(const TrainOptions& options, const TrainField& field) {
  return std::visit([&](auto member) { return fmt::format("{}", options.*member); }, field.member);
}

std::string to_json(const TrainOptions& options, bool model_only) {
  nlohmann::ordered_json json;
  for (const TrainField& field : kFields)
    if (applies(field, options.model) && (field.kept == Kept::model || (field.kept == Kept::run && !model_only)))
      std::visit([&](auto member) { json[std::string(field.name)] = options.*member; }, field.member);
  return json.dump(2) + "\n";
}

void apply_json(TrainOptions& options, std::string_view text, const std::string& source) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) throw Error(fmt::format("{}: is not a configuration (a JSON object was expected)", source));
  for (const auto& [key, value] : json.items()) {
    const TrainField* field = find_field(key);
    if (field == nullptr || field->kept == Kept::never) {
      std::vector<std::string> names;
      for (const TrainField& known : kFields) names.emplace_back(known.name);
      const std::string nearest = nearest_word(key, names);
      throw Error(fmt::format("{}: unknown option \"{}\"{}", source, key,
                              nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
    }
    if (value.is_object() || value.is_array() || value.is_null())
      throw Error(fmt::format("{}: \"{}\" must be a number, a word or true/false", source, key));
    set_field(options, key, value.is_string() ? value.get<std::string>() : value.dump());
  }
}

void require_own_options(std::string_view text, std::string_view model, const std::string& source) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  for (const auto& [key, value] : json.items()) {
    const TrainField* field = find_field(key);
    if (field != nullptr && !applies(*field, model))
      throw Error(fmt::format("{}: \"{}\" is no option of {}; leave it out", source, key, model));
  }
}

TrainOptions options_from_json(std::string_view json, const std::string& source) {
  TrainOptions named;
  apply_json(named, json, source);
  TrainOptions options = default_options(named.model);
  options.global_skip = named.global_skip;  // networks from before there was one have none
  apply_json(options, json, source);
  return options;
}

TrainOptions resumed_options(const TrainOptions& saved, std::span<const std::pair<std::string, std::string>> given) {
  TrainOptions result = saved;
  for (const auto& [name, text] : given) {
    const TrainField* field = find_field(name);
    if (field != nullptr && !applies(*field, saved.model))
      throw Error(fmt::format("--{}: is no option of {}, which the run trains", name, saved.model));
    const std::string before = field ? field_text(result, *field) : "";
    set_field(result, name, text);
    // The length of a run may be extended; its schedule then follows the new length. Images may lose their NaN.
    const bool may_change = name == "steps" || name == "epochs" || name == "replace-nan";
    if (field->kept == Kept::model && !may_change && field_text(result, *field) != before)
      throw Error(
          fmt::format("--{} {}: the run was begun with {}; leave the option out, or begin a new run with another "
                      "--out",
                      name, text, before.empty() ? "none" : before));
    if (name == "steps") result.epochs = 0;
    if (name == "epochs") result.steps = 0;
  }
  return result;
}

std::uint64_t memory_bytes(const TrainOptions& options) {
  if (options.memory.empty()) return 0;
  if (const auto bytes = parse_bytes(options.memory)) return *bytes;
  throw Error(fmt::format("--memory: \"{}\" is no amount of memory such as 800M or 2G", options.memory));
}

std::vector<std::string> no_decay_groups(std::string_view text) {
  std::vector<std::string> groups;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    groups.emplace_back(rest.substr(0, comma));
    if (groups.back() != "norm" && groups.back() != "bias")
      throw Error(fmt::format("--no-decay: \"{}\" is neither norm nor bias", groups.back()));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return groups;
}

std::vector<std::int64_t> dense_units(const TrainOptions& options) {
  return options.dense == "none" ? std::vector<std::int64_t>{} : number_list(options.dense, "dense");
}

std::vector<double> decimal_list(std::string_view text, std::string_view option) {
  std::vector<double> numbers;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    double number = 0;
    if (!parse_number(rest.substr(0, comma), number) || !(number >= 0) || comma + 1 == rest.size())
      throw Error(fmt::format("--{}: \"{}\" is not a list of numbers such as 1,2.5", option, text));
    numbers.push_back(number);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return numbers;
}

std::vector<std::int64_t> number_list(std::string_view text, std::string_view option) {
  std::vector<std::int64_t> numbers;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + comma, number);
    if (error != std::errc{} || end != rest.data() + comma || number < 0 || comma + 1 == rest.size())
      throw Error(fmt::format("--{}: \"{}\" is not a list of numbers such as 0,2", option, text));
    numbers.push_back(number);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return numbers;
}

std::string nearest_word(std::string_view word, std::span<const std::string> words) {
  std::string nearest;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : words) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0]++;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t changed = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
      }
    }
    if (row.back() < least) {
      least = row.back();
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace tuff
