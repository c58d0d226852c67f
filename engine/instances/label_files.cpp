#include "instances/label_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "io/components.h"
#include "io/dataset.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffixes[] = {"_instances", "_cp_masks", "_masks", "_mask", "_labels", "_label"};
constexpr std::string_view kNoMasks[] = {"_overlay", "_probabilities"};

// The largest id that float32 holds exactly, as Image does.
constexpr float kLargestId = 16777216;

std::string without_suffix(const std::string& stem, std::span<const std::string_view> suffixes) {
  for (const std::string_view suffix : suffixes)
    if (stem.size() > suffix.size() && stem.ends_with(suffix)) return stem.substr(0, stem.size() - suffix.size());
  return stem;
}

// "x" of "x_overlay" and of "x_overlay_0003", which stacks have; else an empty name.
std::string shown_mask(std::string stem) {
  const std::size_t digits = stem.find_last_not_of("0123456789");
  if (digits != std::string::npos && digits + 5 == stem.size() && stem[digits] == '_') stem.resize(digits);
  const std::string mask = without_suffix(stem, kNoMasks);
  return mask == stem ? "" : mask;
}

std::vector<LabelFile> masks_in(const fs::path& folder, bool volumes) {
  const std::vector<fs::path> files = list_images(std::span(&folder, 1));
  std::set<std::string> stems, named;  // of all files; of images that have a mask by suffix
  for (const fs::path& file : files) {
    const std::string stem = image_name(file), name = without_suffix(stem, kSuffixes);
    stems.insert(stem);
    if (name != stem) named.insert(name);
  }
  std::vector<LabelFile> masks;
  for (const fs::path& file : files) {
    const std::string stem = image_name(file);
    if (volumes && named.contains(stem) && stems.contains(stem + "_instances"))
      throw Error(
          fmt::format("{}: {}_instances lies beside it, which may be numbered in each plane by itself; with "
                      "--volumes name the files that are meant instead of the folder",
                      file.string(), stem));
    if (named.contains(stem)) continue;
    if (const std::string mask = shown_mask(stem); !mask.empty() && stems.contains(mask)) continue;
    masks.push_back({without_suffix(stem, kSuffixes), file});
  }
  return masks;
}

// One value a pixel; colors are refused unless all channels are equal.
std::vector<std::int32_t> ids_of(const Image& mask, const std::string& file) {
  if (mask.info.kind == FileKind::jpeg) throw Error(fmt::format("{}: JPEG blurs ids: save masks as PNG or TIFF", file));
  const auto pixels = static_cast<std::size_t>(mask.depth * mask.height * mask.width);
  const auto channels = static_cast<std::size_t>(mask.channels);
  std::vector<std::int32_t> ids;
  ids.reserve(pixels * static_cast<std::size_t>(mask.frames));
  for (std::size_t frame = 0; frame < static_cast<std::size_t>(mask.frames); ++frame)
    for (std::size_t i = 0; i < pixels; ++i) {
      const float* value = mask.values.data() + frame * channels * pixels + i;
      for (std::size_t c = 1; c < channels; ++c)
        if (value[c * pixels] != *value)
          throw Error(fmt::format("{}: a color image; a mask is wanted: 8 or 16-bit grey, each value an id", file));
      if (!(*value >= 0 && *value <= kLargestId && *value == std::floor(*value)))
        throw Error(fmt::format("{}: mask value {} is no id: ids are whole numbers from 0 to 16777216", file, *value));
      ids.push_back(static_cast<std::int32_t>(*value));
    }
  return ids;
}

// No more than one value beside 0.
bool is_binary(std::span<const std::int32_t> ids) {
  std::int32_t first = 0;
  for (const std::int32_t id : ids) {
    if (first == 0) first = id;
    if (id != 0 && id != first) return false;
  }
  return true;
}

std::string suffix_of(const Image& mask, std::int64_t frame, std::int64_t slice, bool volumes) {
  std::string suffix;
  if (mask.frames > 1) suffix += fmt::format("_t{}", frame);
  if (mask.depth > 1 && !volumes) suffix += fmt::format("_z{}", slice);
  return suffix;
}

}  // namespace

std::vector<LabelFile> list_label_files(std::span<const fs::path> paths, bool volumes) {
  std::vector<LabelFile> files;
  for (const fs::path& path : paths) {
    if (fs::is_directory(path)) {
      const std::vector<LabelFile> found = masks_in(path, volumes);
      files.insert(files.end(), found.begin(), found.end());
      continue;
    }
    for (const fs::path& file : list_images(std::span(&path, 1)))
      files.push_back({without_suffix(image_name(file), kSuffixes), file});
  }
  std::ranges::stable_sort(files, {}, &LabelFile::name);
  const auto twice = std::ranges::adjacent_find(files, {}, &LabelFile::name);
  if (twice != files.end())
    throw Error(fmt::format("{} and {}: two masks of one image, \"{}\": keep one, or name the files that are meant",
                            twice->path.string(), std::next(twice)->path.string(), twice->name));
  return files;
}

std::map<std::string, LabelFile> label_files_by_name(const fs::path& path, bool volumes) {
  std::map<std::string, LabelFile> by_name;
  for (LabelFile& file : list_label_files(std::span(&path, 1), volumes)) by_name.emplace(file.name, std::move(file));
  return by_name;
}

LabelStack read_labels(const fs::path& path, const LabelReading& reading) {
  Image mask = read_mask(path, reading.axes);
  const std::vector<std::int32_t> ids = ids_of(mask, path.string());
  std::vector<float>().swap(mask.values);
  LabelStack stack;
  stack.frames = mask.frames;
  stack.depth = mask.depth;
  stack.info = mask.info;
  stack.connected =
      reading.meaning == LabelMeaning::connected || (reading.meaning == LabelMeaning::automatic && is_binary(ids));
  const std::int64_t depth = reading.volumes ? mask.depth : 1;
  for (std::int64_t entry = 0; entry < mask.planes() / depth; ++entry) {
    Labels labels(depth, mask.height, mask.width);
    const auto part = std::span(ids).subspan(static_cast<std::size_t>(entry * labels.pixels()), labels.ids.size());
    labels.ids = stack.connected ? label_volume(part, depth, mask.height, mask.width).ids
                                 : std::vector<std::int32_t>(part.begin(), part.end());
    stack.labels.push_back(std::move(labels));
    const std::int64_t slices = mask.depth / depth;
    stack.suffixes.push_back(suffix_of(mask, entry / slices, entry % slices, reading.volumes));
  }
  return stack;
}

}  // namespace tuff
