// Which files belong together: images with masks, nnU-Net's channels, planes of stacks.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "io/annotated_images.h"
#include "io/dataset.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMaskSuffixes[] = {"_mask", "_masks", "_label", "_labels"};

// "x" of nnU-Net's "x_0003", and 3; an empty name where it isn't of that form.
struct ChannelName {
  std::string base;
  int channel = 0;
};

ChannelName channel_name(const std::string& stem) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (stem.size() < 6 || stem[stem.size() - 5] != '_' || !std::all_of(stem.end() - 4, stem.end(), is_digit)) return {};
  return {stem.substr(0, stem.size() - 5), std::stoi(stem.substr(stem.size() - 4))};
}

// Error where there are none, unless the folder is still to be filled.
std::vector<fs::path> images_in(const fs::path& folder, bool wanted = true) {
  if (!fs::exists(folder)) throw Error(fmt::format("{}: there is no such folder", folder.string()));
  if (!fs::is_directory(folder)) throw Error(fmt::format("{}: is a file, a folder is wanted", folder.string()));
  std::vector<fs::path> files;
  std::string other;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() || entry.path().filename().string().starts_with('.')) continue;
    if (is_image_file(entry.path()))
      files.push_back(entry.path());
    else if (other.empty() || entry.path().filename().string() < other)
      other = entry.path().filename().string();
  }
  if (files.empty() && !other.empty() && wanted)
    throw Error(fmt::format("{}: no images in this folder ({}), but {}: export it as TIFF or PNG", folder.string(),
                            kImageFormats, other));
  if (files.empty() && wanted)
    throw Error(fmt::format("{}: no images in this folder ({})", folder.string(), kImageFormats));
  std::ranges::sort(files);
  return files;
}

// Files by stem; Error where two share one.
std::map<std::string, fs::path> by_stem(const std::vector<fs::path>& files) {
  std::map<std::string, fs::path> result;
  for (const fs::path& file : files) {
    const auto [at, inserted] = result.emplace(image_name(file), file);
    if (!inserted)
      throw Error(
          fmt::format("{} and {}: two files of one name: keep one", at->second.string(), file.filename().string()));
  }
  return result;
}

// The mask of `name`, or an empty path. `itself`: a mask may have the image's very name.
fs::path find_mask(const std::map<std::string, fs::path>& masks, const std::string& name, bool itself) {
  if (const auto found = masks.find(name); itself && found != masks.end()) return found->second;
  for (const std::string_view suffix : kMaskSuffixes)
    if (const auto found = masks.find(name + std::string(suffix)); found != masks.end()) return found->second;
  return {};
}

struct FileGroup {
  std::string name;
  std::vector<fs::path> images;
  fs::path mask;
  std::vector<fs::path> targets;
};

// Image files of one name; channels in their order.
using Groups = std::map<std::string, FileGroup>;

void add_channel(Groups& groups, const ChannelName& name, const fs::path& image, const fs::path& mask) {
  FileGroup& group = groups.try_emplace(name.base, FileGroup{name.base, {}, mask}).first->second;
  if (name.channel != static_cast<int>(group.images.size()))  // files come sorted
    throw Error(fmt::format("{}: channel {:04} of '{}' is missing", image.string(), group.images.size(), name.base));
  group.images.push_back(image);
}

Groups pair_files(const fs::path& image_folder, const fs::path& mask_folder) {
  const bool one_folder =
      fs::exists(image_folder) && fs::exists(mask_folder) && fs::equivalent(image_folder, mask_folder);
  const std::vector<fs::path> files = images_in(image_folder);
  const std::map<std::string, fs::path> masks = by_stem(images_in(mask_folder));
  std::set<fs::path> mask_files;  // among the images
  if (one_folder)
    for (const auto& [stem, path] : masks) mask_files.insert(find_mask(masks, stem, false));
  Groups groups;
  for (const auto& [stem, path] : by_stem(files)) {
    if (mask_files.contains(path)) continue;
    const ChannelName channel = channel_name(stem);
    if (const fs::path mask = find_mask(masks, stem, !one_folder); !mask.empty())
      groups[stem] = {stem, {path}, mask};
    else if (const fs::path shared = channel.base.empty() ? fs::path() : find_mask(masks, channel.base, true);
             !shared.empty())
      add_channel(groups, channel, path, shared);
    else
      throw Error(fmt::format("{}: no mask for this image in {} (looked for {}, {}_mask, {}_masks with any extension)",
                              path.string(), mask_folder.string(), stem, stem, stem));
  }
  return groups;
}

Groups group_images(std::span<const fs::path> paths, int files_per_image) {
  Groups groups;
  for (const fs::path& path : paths) {
    for (const fs::path& file : list_images(std::span(&path, 1))) {
      const std::string stem = image_name(file);
      const ChannelName channel = channel_name(stem);
      if (files_per_image > 1 && !channel.base.empty())
        add_channel(groups, channel, file, {});
      else if (const auto [at, inserted] = groups.try_emplace(stem, FileGroup{stem, {file}, {}}); !inserted)
        throw Error(fmt::format("{} and {}: two images of one name: predict them one after the other",
                                at->second.images[0].string(), file.string()));
    }
  }
  return groups;
}

// The channels a sample gets from files with `available` ones.
int chosen_channels(const FileGroup& group, const DataFormat& format, std::int64_t available) {
  for (const int channel : format.channels)
    if (channel < 0 || channel >= available)
      throw Error(fmt::format("{}: has {} channel{}, there is no channel {}: choose from 0..{} with --channels",
                              group.images[0].string(), available, available == 1 ? "" : "s", channel, available - 1));
  return format.channels.empty() ? static_cast<int>(available) : static_cast<int>(format.channels.size());
}

// Of a plane, or of a volume at a point in time.
std::string part_name(const std::string& stem, const Image& image, std::int64_t part, bool volumes) {
  std::string name = stem;
  if (image.frames > 1) name += fmt::format("_t{}", volumes ? part : part / image.depth);
  if (image.depth > 1 && !volumes) name += fmt::format("_z{}", part % image.depth);
  return name;
}

void check_mask(const FileGroup& group, const Image& image, const DataFormat& format) {
  const Image mask = probe_image(group.mask, format.axes);
  if (mask.height != image.height || mask.width != image.width)
    throw Error(fmt::format("{}: mask of {}x{} for an image of {}x{} ({}): they must have one size",
                            group.mask.string(), mask.height, mask.width, image.height, image.width,
                            group.images[0].string()));
  if (mask.planes() != image.planes() || (format.dims == 3 && mask.depth != image.depth))
    throw Error(fmt::format("{}: mask of {} planes for an image of {} ({}): they must have as many",
                            group.mask.string(), mask.planes(), image.planes(), group.images[0].string()));
}

// Channels of the images to be predicted from a group's.
int check_targets(const FileGroup& group, const Image& image, const DataFormat& format) {
  std::int64_t channels = 0;
  for (const fs::path& file : group.targets) {
    const Image target = probe_image(file, format.axes);
    if (target.size() != image.size() || target.frames != image.frames)
      throw Error(fmt::format("{}: is {}, but the image {} is {}: they must have one size", file.string(),
                              describe_size(target), group.images[0].string(), describe_size(image)));
    channels += target.channels;
  }
  return static_cast<int>(channels);
}

// A format that knows its images' channels before there is one is a model's.
bool is_of_model(const DataFormat& format) {
  return format.image_channels > 0;
}

// Reads headers, checks sizes and channels, appends an item a plane or volume.
void add_items(Dataset& dataset, const FileGroup& group, bool of_model) {
  DataFormat& format = dataset.format;
  if (static_cast<int>(group.images.size()) != format.files_per_image)
    throw Error(fmt::format("{}: {} file(s) for this image, {} are wanted ({}_0000, ...)", group.images[0].string(),
                            group.images.size(), format.files_per_image, group.name));
  const Image image = probe_image(group.images[0], format.axes);
  std::int64_t available = image.channels;
  for (std::size_t i = 1; i < group.images.size(); ++i) {
    const Image other = probe_image(group.images[i], format.axes);
    if (other.height != image.height || other.width != image.width || other.planes() != image.planes())
      throw Error(fmt::format("{}: is {}, but {} is {}: channels must have one size", group.images[i].string(),
                              describe_size(other), group.images[0].filename().string(), describe_size(image)));
    available += other.channels;
  }
  const int channels = chosen_channels(group, format, available);
  if (format.image_channels == 0) format.image_channels = channels;
  if (format.image_channels != channels)
    throw Error(fmt::format("{}: has {} channel{} where {} {} wanted: {}", group.images[0].string(), channels,
                            channels == 1 ? "" : "s", format.image_channels, format.image_channels == 1 ? "is" : "are",
                            of_model ? "give images as the model was trained on" : "choose with --channels"));
  if (of_model && format.dims == 3 && image.depth == 1)
    throw Error(fmt::format("{}: is an image, no stack of slices; the model takes volumes", group.images[0].string()));
  if (!group.mask.empty()) check_mask(group, image, format);
  const int targets = check_targets(group, image, format);
  if (format.target_channels == 0) format.target_channels = targets;
  if (!group.targets.empty() && format.target_channels != targets)
    throw Error(fmt::format("{}: {} channels to be predicted here, {} elsewhere", group.targets[0].string(), targets,
                            format.target_channels));
  const bool volumes = format.dims == 3;
  const std::int64_t parts = volumes ? image.frames : image.planes();
  for (std::int64_t part = 0; part < parts; ++part)
    dataset.items.push_back({part_name(group.name, image, part, volumes), group.images, group.mask, group.targets, part,
                             parts, volumes ? image.size() : ImageSize(image.height, image.width)});
}

}  // namespace

std::vector<fs::path> list_images(std::span<const fs::path> paths) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    if (!fs::exists(path)) throw Error(fmt::format("{}: there is no such file or folder", path.string()));
    const std::vector<fs::path> found = fs::is_directory(path) ? images_in(path) : std::vector<fs::path>{path};
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

Dataset open_dataset(const fs::path& images, const fs::path& masks, DataFormat format) {
  const bool of_model = is_of_model(format);
  Dataset dataset{std::move(format), {}};
  const Groups groups = pair_files(images, masks);
  dataset.format.files_per_image = static_cast<int>(groups.begin()->second.images.size());
  for (const auto& [name, group] : groups) add_items(dataset, group, of_model);
  return dataset;
}

std::vector<AnnotatedFile> find_annotated(const fs::path& images, const fs::path& masks) {
  if (!fs::exists(images) || !fs::exists(masks)) return {};
  const bool one_folder = fs::equivalent(images, masks);
  const std::map<std::string, fs::path> image_files = by_stem(images_in(images, false));
  const std::map<std::string, fs::path> mask_files = by_stem(images_in(masks, false));
  std::vector<AnnotatedFile> files;
  for (const auto& [stem, image] : image_files)
    if (const fs::path mask = find_mask(mask_files, stem, !one_folder); !mask.empty()) files.push_back({image, mask});
  return files;
}

std::vector<DataItem> items_of(const AnnotatedFile& file, DataFormat& format) {
  const std::string name = image_name(file.image);
  Dataset one{format, {}};
  add_items(one, {name, {file.image}, file.mask, {}}, false);
  format = one.format;
  return one.items;
}

Dataset open_image_pairs(const fs::path& images, const fs::path& targets, DataFormat format) {
  const bool of_model = is_of_model(format);
  Dataset dataset{std::move(format), {}};
  // Files x_0000, x_0001 ... are channels of an image x unless each has a target of its very name.
  const std::map<std::string, fs::path> files = by_stem(images_in(images)), target_files = by_stem(images_in(targets));
  const bool single = std::ranges::all_of(files, [&](const auto& file) { return target_files.contains(file.first); });
  const int per_image = single ? 1 : 2;
  Groups groups = group_images(std::span(&images, 1), per_image);
  const Groups others = group_images(std::span(&targets, 1), per_image);
  dataset.format.files_per_image = static_cast<int>(groups.begin()->second.images.size());
  for (auto& [name, group] : groups) {
    const auto found = others.find(name);
    if (found == others.end())
      throw Error(
          fmt::format("{}: no image of this name in {} to be predicted (looked for {} and {}_0000, any "
                      "extension)",
                      group.images[0].string(), targets.string(), name, name));
    group.targets = found->second.images;
    add_items(dataset, group, of_model);
  }
  return dataset;
}

Dataset open_images(std::span<const fs::path> paths, DataFormat format) {
  const bool of_model = is_of_model(format);
  Dataset dataset{std::move(format), {}};
  for (const auto& [name, group] : group_images(paths, dataset.format.files_per_image))
    add_items(dataset, group, of_model);
  if (dataset.items.empty()) throw Error("no image is given");
  return dataset;
}

}  // namespace tuff
