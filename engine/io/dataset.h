// Images with their masks: found by name, checked before anything is trained, loaded as normalized
// pixels and integer labels. How that is done is a DataFormat, which models keep in their configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace tuff {

// Per image and channel, linear and without clipping.
enum class Normalization : std::uint8_t {
  percentile,  // 1st..99.8th percentile to 0..1
  mean_std,    // mean 0, standard deviation 1
  range,       // smallest..largest value to 0..1
};

std::string_view to_string(Normalization normalization);   // "percentile", "mean-std", "range"
Normalization parse_normalization(std::string_view name);  // Error lists the names

struct DataFormat {
  std::string axes;           // what a TIFF's pages are; empty: as the file says
  std::vector<int> channels;  // chosen ones, from 0; empty: all
  Normalization normalization = Normalization::percentile;
  int classes = 1;              // 1: background and foreground (labels 0 and 1); N > 1: ids 0..N-1
  std::vector<int> foreground;  // mask values that are foreground, with classes = 1; empty: all but 0
  int undefined = -1;           // mask value of pixels that nothing is said of, their label is -1; -1: none
  bool instances = false;       // labels are the masks' ids, one an object, whatever `classes` says
  int image_channels = 0;    // of a sample, after the choice of channels; 0: not known yet, open_dataset() fills it in
  int files_per_image = 1;   // nnU-Net's x_0000, x_0001, ...: one file a channel
  int dims = 2;              // 2: each slice of a stack is an image; 3: a stack is a volume
  bool joint_scale = false;  // an image's channels are brought to a common scale together: sums of them mean something
  int target_channels = 0;   // of images that are to be predicted; 0: none, or not known yet
  bool replace_nan = false;  // values that are no finite numbers become their channel's smallest; else an Error
  std::vector<std::string> class_names;  // of whole images (image_labels.h); empty: they have no labels
  bool operator==(const DataFormat&) const = default;
};

std::string to_json(const DataFormat& format);            // one object
DataFormat data_format_from_json(std::string_view json);  // missing fields keep defaults; Error names an unknown one

// One image or volume. Stacks of images give one item a plane; volumes one a point in time.
struct DataItem {
  std::string name;                            // the file's stem; "stem_z3" for plane 3 of a stack, "stem_t2"
  std::vector<std::filesystem::path> images;   // one, or nnU-Net's several channels
  std::filesystem::path mask;                  // empty where there is none
  std::vector<std::filesystem::path> targets;  // images that are to be predicted from this one; one file, or channels
  std::int64_t plane = 0;                      // of volumes: the point in time
  std::int64_t planes = 1;                     // of the file; of volumes: points in time
  ImageSize size;
};

struct Dataset {
  DataFormat format;
  std::vector<DataItem> items;  // sorted by name, then plane
  std::size_t validation = 0;   // so many last ones are from a folder for validation, and sorted by themselves
};

// Pairs every image of a folder with its mask: the same stem with any extension, or stem + "_mask", "_masks",
// "_label", "_labels"; nnU-Net's images x_0000, x_0001, ... belong to mask x. Reads headers only.
// Error: no such folder, no images, an image without mask, sizes or numbers of channels that differ.
Dataset open_dataset(const std::filesystem::path& images, const std::filesystem::path& masks, DataFormat format);

// Images paired by name with images that are to be predicted from them. Where not each has a target of its very name,
// files x_0000, x_0001, ... on either side are channels of one image x.
Dataset open_image_pairs(const std::filesystem::path& images, const std::filesystem::path& targets, DataFormat format);

// The same without masks, for prediction; paths are files or folders.
Dataset open_images(std::span<const std::filesystem::path> paths, DataFormat format);

// Files as they are, folders as the image files in them, sorted. Error where one isn't there or a folder has none.
std::vector<std::filesystem::path> list_images(std::span<const std::filesystem::path> paths);

// 16 hexadecimal digits that tell data sets apart: of the items' names, sizes and planes, not of where they lie.
std::string fingerprint(const Dataset& dataset);

// A decoded item: image (C, Y, X) or (C, Z, Y, X) normalized, and a label for each pixel (empty without a mask).
struct Sample {
  Image image;
  std::vector<std::int32_t> labels;
  // What a task trains towards beside labels: the item's target images, normalized as the image is, or what
  // LoaderOptions::prepare makes; no channels where there are none.
  Image targets;
  // Pixels that crops are drawn around, in groups of which each is as likely (class by class); none: crops lie
  // anywhere. The crop's centre is pixel (extent - 1) / 2 along each axis.
  std::vector<std::vector<std::uint32_t>> centers = {};
};

Sample load_sample(const Dataset& dataset, std::size_t item);

// The chosen channels of the item's image as they are stored, numbers that aren't finite included.
Image read_item_image(const Dataset& dataset, std::size_t item);

// How a channel was normalized: value = (stored - offset) * scale; a scale of 0 made all values 0.
struct ChannelScaling {
  double offset = 0;
  double scale = 0;
};

// The same as networks see it: normalized, which `scalings` tells of each channel. Values that are no finite numbers,
// as registered images have at their borders, become their channel's smallest where the format says so; else an Error
// names the file and the first one's place.
Image load_item_image(const Dataset& dataset, std::size_t item, std::vector<ChannelScaling>* scalings = nullptr);

// Pixels to 0..1 (or mean 0, deviation 1) in place, each channel by itself or all as one. A constant channel becomes 0.
// Gives what was done to each.
std::vector<ChannelScaling> normalize(Image& image, Normalization normalization, bool joint = false);
// Back to the units of the file.
void denormalize(Image& image, std::span<const ChannelScaling> scalings);

// Mask values to labels. Error names `file` and the value: an id that isn't 0..classes-1, no whole number,
// a colour mask where ids are wanted.
std::vector<std::int32_t> labels_from_mask(const Image& mask, const DataFormat& format, const std::string& file);

}  // namespace tuff
