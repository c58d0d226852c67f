#include "tasks/training_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <span>
#include <utility>

#include "base/error.h"
#include "tasks/dense_task.h"

namespace tuff {

DataFormat data_format(const TrainOptions& options) {
  DataFormat format;
  format.axes = options.axes;
  for (const std::int64_t channel : number_list(options.channels, "channels"))
    format.channels.push_back(static_cast<int>(channel));
  for (const std::int64_t id : number_list(options.foreground, "foreground"))
    format.foreground.push_back(static_cast<int>(id));
  format.normalization = parse_normalization(options.normalize);
  format.classes = static_cast<int>(options.classes);
  format.dims = static_cast<int>(options.dims);
  format.instances =
      learns_objects(options.model) || options.boundary > 0 || options.border_weight > 0 || options.centers > 0;
  format.joint_scale = options.model == "illumination";  // light adds up
  format.replace_nan = options.replace_nan;
  format.undefined = static_cast<int>(options.undefined);
  return format;
}

namespace {

Dataset open_folders(const std::filesystem::path& images, const std::string& masks, const std::string& targets,
                     DataFormat format) {
  if (!masks.empty()) return open_dataset(images, masks, std::move(format));
  if (!targets.empty()) return open_image_pairs(images, targets, std::move(format));
  return open_images(std::span(&images, 1), std::move(format));
}

}  // namespace

Dataset open_training_data(const TrainOptions& options) {
  Dataset dataset = open_folders(options.images, options.masks, options.targets, data_format(options));
  if (options.val_images.empty()) return dataset;
  Dataset held = open_folders(options.val_images, options.val_masks, options.val_targets, dataset.format);
  if (held.format.files_per_image != dataset.format.files_per_image)
    throw Error(fmt::format("--val-images {}: {} file(s) an image; those of --images have {}", options.val_images,
                            held.format.files_per_image, dataset.format.files_per_image));
  dataset.validation = held.items.size();
  std::ranges::move(held.items, std::back_inserter(dataset.items));
  return dataset;
}

bool is_quickly_read(const Dataset& dataset) {
  constexpr std::int64_t kMostPixels = 200'000'000;
  std::int64_t pixels = 0;
  for (const DataItem& item : dataset.items) pixels += item.size.pixels();
  return pixels <= kMostPixels;
}

Augmentation augmentation_for(std::string_view list, const Dataset& dataset, const std::vector<std::size_t>& train) {
  std::int64_t pixels = 0;
  for (const std::size_t item : train) pixels += dataset.items[item].size.pixels();
  return parse_augmentation(list, pixels < kSmallDataPixels);
}

}  // namespace tuff
