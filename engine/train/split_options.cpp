#include "train/split_options.h"

#include <fmt/format.h>

#include "base/error.h"

namespace tuff {
namespace {

// Each of these needs its like for validation, and the other way round.
void validate_folder(const TrainOptions& options) {
  const auto check = [&](const char* name, const std::string& own, const std::string& held) {
    if (!applies(*find_field(name), options.model)) return;
    if (options.val_images.empty() && !held.empty())
      throw Error(fmt::format("--val-{}: goes with --val-images, the images for validation", name));
    if (!options.val_images.empty() && !own.empty() && held.empty())
      throw Error(fmt::format("--val-{} is missing: it goes with --val-images as --{} with --images", name, name));
    if (!held.empty() && own.empty())
      throw Error(fmt::format("--val-{}: goes with --{}, which the training images lack", name, name));
  };
  check("masks", options.masks, options.val_masks);
  check("targets", options.targets, options.val_targets);
  if (options.val_images.empty()) return;
  if (options.folds > 0) throw Error("--folds: take their validation from --images; leave --val-images out");
  if (options.val_last > 0) throw Error("--val-last and --val-images are both given: choose one of them");
}

}  // namespace

SplitOptions split_options(const TrainOptions& options) {
  return {.validation = options.val_fraction,
          .test = options.test_fraction,
          .last = options.val_last,
          .folds = options.folds,
          .fold = options.fold,
          .seed = seed_of(options)};
}

Split split_of(const LabelledImages& images, const TrainOptions& options) {
  return split_images(static_cast<std::size_t>(images.images.count()), images.labels,
                      static_cast<std::size_t>(images.validation), split_options(options));
}

Split split_of(const LabelledDataset& images, const TrainOptions& options) {
  return split_images(static_cast<std::size_t>(images.count()), images.labels,
                      static_cast<std::size_t>(images.validation), split_options(options));
}

bool has_validation(const TrainOptions& options) {
  return options.val_fraction > 0 || options.val_last > 0 || options.folds > 0 || !options.val_images.empty();
}

void validate_split(const TrainOptions& options) {
  validate_folder(options);
  if (options.watch && (!options.val_images.empty() || options.folds > 0 || options.test_fraction > 0))
    throw Error("--watch: holds back a part of what is annotated; leave --val-images, --folds and --test-fraction out");
  if (options.folds == 1) throw Error("--folds 1: use 2 or more");
  if (options.fold > 0 && options.folds == 0) throw Error(fmt::format("--fold {}: goes with --folds", options.fold));
  if (options.fold > options.folds)
    throw Error(fmt::format("--fold {}: folds are numbered from 1 to {}", options.fold, options.folds));
  if (options.folds > 0 && options.val_last > 0)
    throw Error("--folds and --val-last are both given: choose one of them");
  const char* waiting = options.patience > 0            ? "--patience"
                        : options.schedule == "plateau" ? "--schedule plateau"
                                                        : nullptr;
  if (waiting != nullptr && !has_validation(options))
    throw Error(fmt::format(
        "{}: waits for better validation, and no images are held back; give a --val-fraction above 0", waiting));
  if (options.schedule == "one-cycle" && options.warmup > 0)
    throw Error("--warmup: --schedule one-cycle rises by itself; leave --warmup out");
}

}  // namespace tuff
