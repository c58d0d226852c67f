#include "tasks/training_data.h"

#include <filesystem>
#include <span>

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
  format.instances = learns_objects(options.model) || options.boundary > 0 || options.border_weight > 0;
  format.undefined = static_cast<int>(options.undefined);
  return format;
}

Dataset open_training_data(const TrainOptions& options) {
  const std::filesystem::path images = options.images;
  if (!options.masks.empty()) return open_dataset(images, options.masks, data_format(options));
  if (!options.targets.empty()) return open_image_pairs(images, options.targets, data_format(options));
  return open_images(std::span(&images, 1), data_format(options));
}

Augmentation augmentation_for(std::string_view list, const Dataset& dataset, const std::vector<std::size_t>& train) {
  std::int64_t pixels = 0;
  for (const std::size_t item : train) pixels += dataset.items[item].size.pixels();
  return parse_augmentation(list, pixels < kSmallDataPixels);
}

}  // namespace tuff
