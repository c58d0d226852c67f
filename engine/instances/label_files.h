// Masks of objects in image files: which files of a folder they are, and what their values mean.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "instances/labels.h"
#include "io/image.h"

namespace tuff {

struct LabelFile {
  std::string
      name;  // of the image it belongs to: the file's without _mask, _masks, _cp_masks, _label, _labels, _instances
  std::filesystem::path path;
};

// Masks among the files and in the folders, sorted by name. In a folder the overlays and probabilities that
// `tuff predict` writes are left out, and "x" where there is "x_mask", "x_instances" ...: it is the image, or the mask
// without its objects. Error where two files belong to one name, and with `volumes` where "x_instances" lies beside
// "x": `tuff predict` and `tuff mask` number the objects of each plane by itself, so the ids may be of no volume.
std::vector<LabelFile> list_label_files(std::span<const std::filesystem::path> paths, bool volumes = false);

// Those in a folder, or the one file, by name.
std::map<std::string, LabelFile> label_files_by_name(const std::filesystem::path& path, bool volumes = false);

enum class LabelMeaning : std::uint8_t {
  automatic,  // as `connected` where a file has no more than one value beside 0, else as `ids`
  ids,        // each value but 0 is an object
  connected,  // each connected component of what isn't 0, edges and corners included
};

struct LabelReading {
  LabelMeaning meaning = LabelMeaning::automatic;
  bool volumes = false;  // the slices of a stack belong together; else each is an image of its own
  std::string axes;      // see read_image()
};

// What a file holds: an entry for each plane, or with `volumes` for each point in time.
struct LabelStack {
  std::vector<Labels> labels;
  std::vector<std::string> suffixes;  // of each entry's name: "_t1_z3"; "" where the file has only one
  std::int64_t frames = 1;
  std::int64_t depth = 1;  // slices in the file
  bool connected = false;  // objects are components
  ImageInfo info;
};

// Error that names the file where it is no mask: colors, JPEG, values that are no whole numbers from 0 to 16777216.
LabelStack read_labels(const std::filesystem::path& path, const LabelReading& reading = {});

}  // namespace tuff
