// Which options each network has, and its defaults where they aren't those of TrainOptions.
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "train/options.h"

namespace tuff {
namespace {

using Words = std::vector<std::string_view>;

// Options that go together. Those that stand in no group belong to every network.
struct Group {
  std::string_view name;
  Words options;
};

const Group kGroups[] = {
    {"crops", {"crop", "augment", "normalize", "replace-nan", "threads", "val-images"}},
    {"volumes", {"dims", "crop-depth"}},
    {"flat levels", {"flat-levels"}},
    {"masks", {"masks", "val-masks"}},
    {"watch", {"watch"}},
    {"signals", {"signals", "normalize", "length"}},
    {"signal classes", {"labels", "label-column", "depth", "norm", "dropout"}},
    {"classes", {"classes"}},
    {"segmentation",
     {"foreground", "undefined", "boundary", "loss", "class-weights", "border-weight", "border-sigma",
      "label-smoothing", "tversky-alpha", "tversky-beta", "focal-gamma"}},
    {"regression", {"targets", "loss"}},
    {"held targets", {"val-targets"}},
    {"illumination", {"patterns", "uniform", "lamp-grid"}},
    {"noise", {"noise", "noisy-targets"}},
    {"super-resolution",
     {"scale", "blocks", "global-skip", "norm", "loss", "adversarial", "discriminator-base", "content-network",
      "content-output", "content-normalize", "content-weight"}},
    {"bins", {"bins"}},
    {"depth", {"depth"}},
    {"norm", {"norm"}},
    {"dropout", {"dropout"}},
    {"fcn", {"variant"}},
    {"unet", {"depth", "norm", "up", "down", "skip", "block", "attention", "coords", "dropout"}},
    {"supervision", {"deep-supervision"}},
    {"padding", {"padding"}},
    {"stars", {"rays", "anisotropy", "prob-threshold", "nms-threshold"}},
    {"flows", {"flow-threshold", "min-size"}},
    {"images", {"val-last", "size", "fit", "val-images"}},
    {"code", {"latent"}},
    {"pixels", {"loss"}},
    {"labelled",
     {"labels", "augment", "normalize", "replace-nan", "threads", "balance", "loss", "class-weights", "label-smoothing",
      "focal-gamma", "norm", "dropout"}},
    {"patches", {"dims", "masks", "val-masks", "foreground", "undefined", "centers", "dense", "stride"}},
    {"pooling", {"pooling", "patch"}},
    {"stages", {"depth", "convolutions"}},
    {"vae", {"likelihood", "beta", "kl-warmup", "free-bits", "labels", "block", "norm"}},
};

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;  // option, text

struct Entry {
  TrainableModel model;
  Words groups;
  Pairs defaults = {};  // where they aren't those of TrainOptions
  Pairs choices = {};   // where a network knows fewer words than TrainField::value lists
  Words without = {};   // options that all others have
};

constexpr std::string_view kClassLosses = "bce|ce|dice|bce+dice|ce+dice|tversky|focal";
constexpr std::string_view kPatchLosses = "bce|ce|focal";
constexpr std::string_view kImageLosses = "mse|l1|huber";
constexpr std::string_view kAllLosses = "bce|ce|dice|bce+dice|ce+dice|tversky|focal|mse|l1|huber";

const Entry kEntries[] = {
    {{"unet", "U-Net: says of each pixel what it shows, from images and masks"},
     {"crops", "volumes", "flat levels", "masks", "watch", "classes", "segmentation", "unet", "supervision", "padding"},
     {},
     {{"loss", kClassLosses}}},
    {{"fcn", "fully convolutional network of Long et al.: says of each pixel what it shows"},
     {"crops", "masks", "classes", "segmentation", "fcn", "norm", "dropout"},
     {},
     {{"loss", kClassLosses}}},
    {{"segnet", "SegNet: unpools by the indices of its poolings"},
     {"crops", "masks", "classes", "segmentation", "depth", "norm"},
     {},
     {{"loss", kClassLosses}}},
    {{"deepmedic", "DeepMedic: parallel pathways at full and at a third of the resolution, of images or volumes"},
     {"crops", "volumes", "masks", "classes", "segmentation", "norm", "dropout"},
     {{"base", "30"}, {"crop", "75"}},
     {{"loss", kClassLosses}}},
    {{"rootpainter", "RootPainter's network, from masks in which only some pixels are annotated"},
     {"crops", "masks", "watch", "classes", "segmentation", "depth"},
     {{"crop", "260"}, {"base", "64"}, {"undefined", "0"}, {"foreground", "2"}, {"loss", "bce+dice"}},
     {{"loss", kClassLosses}}},
    {{"stardist",
      "StarDist: finds objects as star-convex polygons or polyhedra, from images or volumes and masks of ids"},
     {"crops", "volumes", "flat levels", "masks", "unet", "stars"},
     {{"depth", "3"}}},
    {{"cellpose", "Cellpose: finds objects of any shape by flows, from images and masks of ids"},
     {"crops", "masks", "depth", "flows"},
     {{"depth", "3"}}},
    {{"insilico", "in-silico labeling: a U-Net that predicts other images, fluorescence from focal stacks for example"},
     {"crops", "regression", "held targets", "unet", "bins"},
     {},
     {{"loss", kImageLosses}}},
    {{"illumination", "learned illumination: how bright each lamp shines, and a U-Net that reads the exposures"},
     {"crops", "masks", "classes", "segmentation", "regression", "held targets", "illumination", "unet"},
     {},
     {{"loss", kAllLosses}}},
    {{"denoiser", "denoising U-Net: from clean images, from pairs, or noise-to-noise"},
     {"crops", "regression", "held targets", "noise", "unet"},
     {{"norm", "none"}, {"depth", "3"}},
     {{"loss", kImageLosses}}},
    {{"superres", "super-resolution by SRResNet: images 2, 3 or 4 times as large, from large ones alone"},
     {"crops", "super-resolution"},
     {{"base", "64"}, {"crop", "48"}, {"global-skip", "bicubic"}, {"lr", "1e-4"}},
     {{"loss", kImageLosses}, {"norm", "batch|none"}}},
    {{"signal-denoiser", "noise off spectra and other signals: a U-Net of one axis"},
     {"signals", "regression", "noise", "unet"},
     {{"batch", "16"}, {"base", "16"}, {"norm", "none"}, {"depth", "4"}},
     {{"loss", kImageLosses}, {"targets", "FILE"}},
     {"images", "axes", "channels"}},
    {{"signal-classifier", "classes of spectra and other signals: a convolutional network of one axis"},
     {"signals", "signal classes"},
     {{"batch", "16"}, {"base", "16"}, {"depth", "4"}},
     {{"norm", "batch|none"}, {"labels", "FILE"}},
     {"images", "axes", "channels"}},
    {{"vae", "variational autoencoder: draws images like those it is given"},
     {"images", "classes", "code", "vae"},
     {{"batch", "64"}, {"norm", "none"}},
     {{"norm", "batch|group|none"}, {"block", "plain|residual"}}},
    {{"autoencoder", "autoencoder with a bottleneck: a few numbers from which images come back, cleaned of --noise"},
     {"images", "code", "noise", "pixels"},
     {{"batch", "64"}},
     {{"loss", kImageLosses}}},
    {{"cnn", "convolutional classifier: of images with labels, or of patches around the pixels of masks"},
     {"images", "classes", "labelled", "patches", "pooling", "stages"},
     {{"batch", "64"}, {"depth", "3"}, {"augment", "none"}},
     {{"loss", kPatchLosses}, {"norm", "batch|none"}}},
    {{"mlp", "multilayer perceptron: the same without convolutions, on the pixels of small images or patches"},
     {"images", "classes", "labelled", "patches"},
     {{"batch", "64"}, {"dense", "256,128"}, {"augment", "none"}},
     {{"loss", kPatchLosses}, {"norm", "batch|none"}},
     {"base"}},
    {{"p4", "classifier that gives an image turned by 90 degrees the same class (group convolutions)"},
     {"images", "classes", "labelled", "stages"},
     {{"base", "8"}, {"batch", "64"}, {"depth", "2"}, {"convolutions", "2"}, {"augment", "none"}},
     {{"loss", "ce|focal"}, {"norm", "batch|none"}}},
};

const Entry* find_entry(std::string_view model) {
  const auto found = std::ranges::find_if(kEntries, [&](const Entry& entry) { return entry.model.name == model; });
  return found == std::end(kEntries) ? nullptr : found;
}

}  // namespace

std::vector<TrainableModel> trainable_models() {
  std::vector<TrainableModel> models;
  for (const Entry& entry : kEntries) models.push_back(entry.model);
  return models;
}

TrainOptions default_options(std::string_view model) {
  TrainOptions options;
  options.model = model;
  if (const Entry* entry = find_entry(model))
    for (const auto& [name, text] : entry->defaults) set_field(options, name, text);
  return options;
}

bool is_classifier(std::string_view model) {
  const Entry* entry = find_entry(model);
  return entry != nullptr && std::ranges::find(entry->groups, "labelled") != entry->groups.end();
}

std::string_view choices_of(const TrainField& field, std::string_view model) {
  if (const Entry* entry = find_entry(model))
    for (const auto& [name, words] : entry->choices)
      if (name == field.name) return words;
  return field.value;
}

bool applies(const TrainField& field, std::string_view model) {
  const Entry* entry = find_entry(model);
  bool grouped = false;
  for (const Group& group : kGroups) {
    if (std::ranges::find(group.options, field.name) == group.options.end()) continue;
    grouped = true;
    if (entry != nullptr && std::ranges::find(entry->groups, group.name) != entry->groups.end()) return true;
  }
  return !grouped && (entry == nullptr || std::ranges::find(entry->without, field.name) == entry->without.end());
}

}  // namespace tuff
