// Images or volumes of any size with a class each, brought to the size of a network's input when they are read: what
// classifiers train on and are judged by. Unlike an ImageSet they stay in their files (those of idx files in memory)
// and are normalized as a DataFormat says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/dataset.h"
#include "io/idx.h"
#include "io/image_labels.h"
#include "io/image_set.h"

namespace tuff {

struct LabelledDataset {
  Dataset files;                                      // items as their files hold them
  std::vector<std::string> classes;                   // their names; empty where there are no labels
  std::vector<std::int32_t> labels;                   // of each item, an index of `classes`; empty where there are none
  std::vector<std::shared_ptr<const IdxImages>> idx;  // of each item; null where it is a file of its own

  std::int64_t validation = 0;  // so many last ones are from LabelSource::validation

  std::int64_t count() const { return static_cast<std::int64_t>(files.items.size()); }
  // The longest side of any, and the name of whose it is.
  std::int64_t largest_extent() const;
  // Of names and sizes, with labels also of those and the names of their classes.
  std::string fingerprint() const;
  // Normalized, of its own size.
  Image image(std::size_t item) const;
};

// Paths are image files, folders of them, or idx files; items come in the order given, those of a folder by name.
// Error: numbers of channels that differ, and what is said of open_labelled_images().
LabelledDataset open_labelled_dataset(std::span<const std::filesystem::path> paths, const LabelSource& source,
                                      const DataFormat& format);

// (C, side, side) of an image, of a volume (C, side, side, side), which Fit::resize doesn't know. Fit::pad: Error
// naming the image where it is larger.
Image fit_to(const Image& image, std::int64_t side, Fit fit, const std::string& name);

// For a Loader: the item so, its label at each pixel.
Sample labelled_sample(const LabelledDataset& data, std::size_t item, std::int64_t side, Fit fit);
// Items of that size, for a Loader.
Dataset fitted_items(const LabelledDataset& data, std::int64_t side);

}  // namespace tuff
