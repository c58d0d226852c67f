// Images of an image set and the class of each: what conditional and classifying networks train on. Labels come from
// folders, one a class; from a table of names and classes; or from an idx file beside the images' own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/image_set.h"

namespace tuff {

struct LabelledImages {
  ImageSet images;
  std::vector<std::string> classes;  // their names; empty where the images have no labels
  std::vector<std::int32_t> labels;  // of each image, an index of `classes`; empty where they have none
  std::int64_t validation = 0;       // so many last ones are from LabelSource::validation

  // The images' own; with labels also of those and the names of their classes.
  std::string fingerprint() const;
};

// Where labels come from.
inline constexpr std::string_view kLabelsFromFolders = "folders";

struct LabelSource {
  // Empty: no labels. "folders": each of the paths is a folder of folders, one a class, whose name is the class's. FILE
  // ending in .csv: a line "name,class" for every image, the name with or without its extension, lines of other images
  // and a heading allowed. Else an idx file with a label for each image, in order; the classes' names are "0", "1" ...
  std::string labels;
  // Classes that there must be no others than, in this order: those of a trained model. Empty: the classes that occur,
  // sorted by name, numbers by their value.
  std::vector<std::string> known;
  // One more path, whose images are for validation alone; empty: none.
  std::filesystem::path validation = {};
};

// Of images: the names of their classes, and for each image its class, an index of these.
struct ImageClasses {
  std::vector<std::string> classes;
  std::vector<std::int32_t> labels;
};

// Where the images of these paths are, and behind them those for validation: with labels by folders the folders in
// them, else the paths themselves.
std::vector<std::filesystem::path> labelled_paths(std::span<const std::filesystem::path> paths,
                                                  const LabelSource& source);

// How many of the images are for validation; `from` as for read_classes().
std::int64_t count_validation(std::span<const std::size_t> from, std::span<const std::filesystem::path> paths,
                              const LabelSource& source);

// The classes of images of these names; `from`: number of the labelled_paths() that holds each. Errors as below.
ImageClasses read_classes(std::span<const std::string> names, std::span<const std::size_t> from,
                          std::span<const std::filesystem::path> paths, const LabelSource& source);

// The images of open_image_set() with their labels. Error naming file and image: an image without label, two labels for
// one image, labels for another number of images, a class that isn't known, fewer than two classes.
LabelledImages open_labelled_images(std::span<const std::filesystem::path> paths, const LabelSource& source,
                                    const DataFormat& format, std::int64_t side, Fit fit,
                                    std::int64_t (*side_from)(std::int64_t));

// "0", "1" ...: the names of classes that have none but their ids in masks.
std::vector<std::string> class_ids(std::int64_t classes);

// The index of the class of this name; Error with the names that there are.
std::int32_t class_named(std::span<const std::string> classes, std::string_view name);

}  // namespace tuff
