// What options must be to go together, and those that follow from others.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "ops/star_distances.h"
#include "train/options.h"
#include "train/split_options.h"

namespace tuff {
namespace {

// Labels of whole images are classes, however many.
bool has_several_classes(const TrainOptions& options) {
  return options.classes > 1 || (is_classifier(options.model) && options.masks.empty());
}

// Fills in the loss where none was chosen, and refuses those of other networks.
void validate_loss(TrainOptions& options) {
  const TrainField& field = *find_field("loss");
  if (!applies(field, options.model)) return;
  if (options.bins == 1) throw Error("--bins 1: one range says nothing; use 8 or more, or 0 for values");
  if (options.bins > 0 && options.loss != "auto")
    throw Error(
        fmt::format("--loss {}: with --bins it is the cross entropy of the ranges; leave --loss out", options.loss));
  if (options.bins > 0) return;
  const bool classes = applies(*find_field("foreground"), options.model) && options.targets.empty();
  if (options.loss == "auto" && is_classifier(options.model))
    options.loss = has_several_classes(options) ? "ce" : "bce";
  if (options.loss == "auto") options.loss = classes ? (options.classes > 1 ? "ce" : "bce") : "mse";
  const std::vector<std::string> words = words_of(choices_of(field, options.model));
  if (std::ranges::find(words, options.loss) == words.end())
    throw Error(fmt::format("--loss {}: {} learns by {}", options.loss, options.model, fmt::join(words, ", ")));
}

// Boundaries are the third of three classes. Weights of classes: one each.
void validate_weights(const TrainOptions& options) {
  const bool ids = options.boundary > 0 || options.border_weight > 0;
  if (ids && !options.foreground.empty()) throw Error("--foreground: doesn't go with --boundary or --border-weight");
  if (options.centers > 0 && options.classes > 1)
    throw Error("--centers: makes two classes, centers and background; leave --classes out");
  if (options.centers > 0 && (!options.foreground.empty() || options.undefined >= 0))
    throw Error("--centers: masks then hold ids of objects; leave --foreground and --undefined out");
  if (options.boundary > 0 && options.classes != 3)
    throw Error(fmt::format("--boundary {}: makes three classes; give --classes 3, too", options.boundary));
  if (options.boundary == 0 && options.border_weight > 0 && options.classes > 1)
    throw Error("--border-weight: masks then hold ids of objects; leave --classes out, or add --boundary");
  if (options.border_weight > 0 && options.dims == 3)
    throw Error("--border-weight: goes with images, not with --dims 3");
  const auto count = static_cast<std::int64_t>(decimal_list(options.class_weights, "class-weights").size());
  if (is_classifier(options.model) && options.masks.empty()) return;  // the labels say how many classes there are
  if (count > 0 && count != std::max<std::int64_t>(2, options.classes))
    throw Error(fmt::format("--class-weights {}: are {}, of {} classes", options.class_weights, count,
                            std::max<std::int64_t>(2, options.classes)));
}

// Masks or targets, and options of the one that there is.
void validate_illumination(const TrainOptions& options) {
  const bool masks = !options.masks.empty(), targets = !options.targets.empty();
  if (masks == targets)
    throw Error(masks ? "--masks and --targets are both given: choose what the network is to learn"
                      : "--masks or --targets is missing: what the network is to learn from the lamps' images");
  for (const char* name : {"classes", "foreground", "undefined", "boundary", "class-weights", "border-weight",
                           "border-sigma", "label-smoothing", "tversky-alpha", "tversky-beta", "focal-gamma"}) {
    const TrainField& field = *find_field(name);
    if (targets && field_text(options, field) != field_text(default_options(options.model), field))
      throw Error(fmt::format("--{}: goes with --masks, not with --targets", name));
  }
  const bool of_images = options.loss == "mse" || options.loss == "l1" || options.loss == "huber";
  if (of_images != targets)
    throw Error(fmt::format("--loss {}: goes with --{}", options.loss, of_images ? "targets" : "masks"));
}

// Fills in the number of rays.
void validate_stars(TrainOptions& options) {
  if (!applies(*find_field("rays"), options.model)) return;
  if (options.rays == 0) options.rays = options.dims == 3 ? 96 : 32;
  if (const std::int64_t least = star_least_rays(static_cast<int>(options.dims)); options.rays < least)
    throw Error(fmt::format("--rays {}: a shape needs {} at least", options.rays, least));
  if (options.anisotropy > 0 && options.dims == 2) throw Error("--anisotropy: goes with --dims 3");
}

void validate_super_resolution(const TrainOptions& options) {
  if (options.adversarial > 0 && options.dtype == "f16")
    throw Error("--dtype f16: doesn't go with --adversarial, whose losses would need scales of their own; use f32");
  if (options.adversarial == 0 && options.discriminator_base != TrainOptions{}.discriminator_base)
    throw Error("--discriminator-base: goes with --adversarial");
  if (!options.content_network.empty()) {
    if (options.loss == "mse") return;
    throw Error(fmt::format(
        "--loss {}: with --content-network it is the mean squared difference of features; leave it out", options.loss));
  }
  if (!options.content_output.empty()) throw Error("--content-output: goes with --content-network");
  if (options.content_normalize != "none") throw Error("--content-normalize: goes with --content-network");
  if (options.content_weight != 1) throw Error("--content-weight: goes with --content-network");
}

// From masks or from labels of whole images.
void validate_classifier(const TrainOptions& options) {
  const auto units = dense_units(options);
  if (std::ranges::find(units, 0) != units.end())
    throw Error(fmt::format("--dense {}: a layer has at least one unit", options.dense));
  if (options.label_smoothing > 0 && options.loss != "ce")
    throw Error(fmt::format("--label-smoothing: goes with --loss ce, not with {}", options.loss));
  const bool pooled = options.pooling != "none";
  if (!options.labels.empty() && !options.masks.empty())
    throw Error("--labels and --masks are both given: choose one of them");
  if (options.patch > 0 && !pooled) throw Error("--patch: goes with --pooling; without it say --size");
  if (pooled && options.masks.empty() && (options.loss != "ce" || options.label_smoothing > 0))
    throw Error(
        "--pooling noisy-and: learns each class's probability by itself; leave --loss and --label-smoothing out");
  if (!options.masks.empty() && options.fit != TrainOptions{}.fit)
    throw Error("--fit: goes with --labels of whole images; patches are cut out of them");
  if (options.masks.empty()) {
    if (!options.foreground.empty() || options.undefined >= 0)
      throw Error(fmt::format("--{}: goes with --masks", options.undefined >= 0 ? "undefined" : "foreground"));
    if (options.centers > 0) throw Error("--centers: goes with --masks");
    return;
  }
  if (pooled) throw Error("--pooling: goes with --labels of whole images; masks say what each patch shows");
  if (options.val_last > 0) throw Error("--val-last: goes with --labels; use --val-fraction");
}

void validate_vae(const TrainOptions& options) {
  if (options.norm == "instance") throw Error("--norm instance: a vae has batch, group or none");
  if (options.block == "separable") throw Error("--block separable: a vae has plain or residual");
  if (options.norm != "none" && options.block != "residual")
    throw Error(fmt::format("--norm {}: norms go with --block residual", options.norm));
}

}  // namespace

void validate(TrainOptions& options) {
  if (options.steps > 0 && options.epochs > 0) throw Error("--steps and --epochs are both given: choose one of them");
  number_list(options.channels, "channels");
  if (options.nesterov && (options.optimizer != "sgd" || options.momentum == 0))
    throw Error("--nesterov: goes with --optimizer sgd and a --momentum above 0");
  no_decay_groups(options.no_decay);
  memory_bytes(options);
  validate_split(options);
  if (options.crop_depth > 0 && options.dims == 2) throw Error("--crop-depth: goes with --dims 3");
  if (options.flat_levels > 0 && options.dims == 2) throw Error("--flat-levels: goes with --dims 3");
  validate_stars(options);
  if (options.flat_levels > options.depth)
    throw Error(fmt::format("--flat-levels {}: a net of --depth {} has fewer", options.flat_levels, options.depth));
  if (options.attention && options.skip == "none")
    throw Error("--attention: gates skip connections; leave --skip none out");
  if (options.deep_supervision > 0 && options.padding == "valid")
    throw Error("--deep-supervision: goes with --padding same");
  if (options.deep_supervision >= options.depth && options.deep_supervision > 0)
    throw Error(fmt::format("--deep-supervision {}: a net of --depth {} has only {} levels below the first",
                            options.deep_supervision, options.depth, options.depth - 1));
  validate_loss(options);
  if (options.model == "vae") validate_vae(options);
  if (options.model == "illumination") validate_illumination(options);
  if (options.model == "superres") validate_super_resolution(options);
  if (is_classifier(options.model)) validate_classifier(options);
  if (options.classes > 1 && !options.foreground.empty())
    throw Error("--foreground makes a two-class problem and --classes a problem of several: choose one of them");
  if (!applies(*find_field("foreground"), options.model) || !options.targets.empty()) return;
  validate_weights(options);
  const bool multi_class = has_several_classes(options);
  if (multi_class && options.loss.starts_with("bce"))
    throw Error(fmt::format("--loss {}: is for foreground against background; with --classes {} use ce or dice",
                            options.loss, options.classes));
  if (!multi_class && options.loss.starts_with("ce"))
    throw Error(fmt::format("--loss {}: needs --classes 2 or more; use b{} for foreground against background",
                            options.loss, options.loss));
  if (options.label_smoothing > 0 && !options.loss.starts_with("ce"))
    throw Error(fmt::format("--label-smoothing: goes with --loss ce or ce+dice, not with {}", options.loss));
  number_list(options.foreground, "foreground");
}

}  // namespace tuff
