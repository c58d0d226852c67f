#include "io/labelled_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/error.h"
#include "base/hash.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

void add_idx(LabelledDataset& data, const fs::path& path) {
  const auto images = std::make_shared<const IdxImages>(read_idx(path));
  const std::string stem = path.filename().string().substr(0, path.filename().string().find('.'));
  for (std::int64_t i = 0; i < images->count; ++i) {
    data.files.items.push_back({.name = fmt::format("{}_{:05}", stem, i),
                                .images = {path},
                                .plane = i,
                                .planes = images->count,
                                .size = {images->height, images->width}});
    data.idx.push_back(images);
  }
}

void require_channels(DataFormat& format, int channels, const fs::path& path) {
  if (format.image_channels == 0) format.image_channels = channels;
  if (format.image_channels != channels)
    throw Error(fmt::format("{}: has {} channel{}, other images have {}: choose with --channels", path.string(),
                            channels, channels == 1 ? "" : "s", format.image_channels));
}

// Gives the number of the path that each item is from.
std::vector<std::size_t> add_paths(LabelledDataset& data, std::span<const fs::path> paths) {
  std::vector<std::size_t> from;
  for (const fs::path& path : paths) {
    if (!fs::is_directory(path) && is_idx_file(path)) {
      if (data.files.format.dims == 3)
        throw Error(fmt::format("{}: holds images, no volumes; leave --dims 3 out", path.string()));
      add_idx(data, path);
      require_channels(data.files.format, 1, path);
    } else {
      DataFormat format = data.files.format;
      format.image_channels = 0;
      Dataset opened = open_images(std::span(&path, 1), format);
      require_channels(data.files.format, opened.format.image_channels, path);
      data.files.format.files_per_image = opened.format.files_per_image;
      std::ranges::move(opened.items, std::back_inserter(data.files.items));
      data.idx.resize(data.files.items.size());
    }
    from.resize(data.files.items.size(), static_cast<std::size_t>(&path - paths.data()));
  }
  if (data.files.items.empty()) throw Error("no image is given");
  return from;
}

// The centre of a volume, zeros where it doesn't reach.
Image centred_volume(const Image& volume, std::int64_t side) {
  Image result(volume.channels, ImageSize(side, side, side));
  const auto range = [&](std::int64_t extent) {
    const std::int64_t shift = (side - extent) / 2;  // rounded towards 0
    return std::array{std::max<std::int64_t>(0, shift), std::min(side, shift + extent), shift};
  };
  const auto [z0, z1, dz] = range(volume.depth);
  const auto [y0, y1, dy] = range(volume.height);
  const auto [x0, x1, dx] = range(volume.width);
  for (std::int64_t c = 0; c < volume.channels; ++c)
    for (std::int64_t z = z0; z < z1; ++z)
      for (std::int64_t y = y0; y < y1; ++y)
        std::copy_n(volume.channel(c).begin() + ((z - dz) * volume.height + y - dy) * volume.width + x0 - dx, x1 - x0,
                    result.channel(c).begin() + (z * side + y) * side + x0);
  return result;
}

}  // namespace

std::int64_t LabelledDataset::largest_extent() const {
  std::int64_t largest = 0;
  for (const DataItem& item : files.items)
    largest = std::max({largest, item.size.depth, item.size.height, item.size.width});
  return largest;
}

std::string LabelledDataset::fingerprint() const {
  Hash hash;
  hash.add(tuff::fingerprint(files));
  for (const std::string& name : classes) hash.add("\n" + name);
  hash.add(std::as_bytes(std::span(labels)));
  if (validation > 0) hash.add(fmt::format("\nvalidation {}", validation));
  return fmt::format("{:016x}", hash.value());
}

Image LabelledDataset::image(std::size_t item) const {
  if (!idx[item]) return load_item_image(files, item);
  const IdxImages& from = *idx[item];
  Image image(1, from.height, from.width);
  const auto first = from.values.begin() + files.items[item].plane * from.height * from.width;
  std::copy_n(first, image.values.size(), image.values.begin());
  normalize(image, files.format.normalization);
  return image;
}

LabelledDataset open_labelled_dataset(std::span<const fs::path> paths, const LabelSource& source,
                                      const DataFormat& format) {
  LabelledDataset data;
  data.files.format = format;
  data.files.format.image_channels = 0;
  const std::vector<fs::path> all = labelled_paths(paths, source);
  const std::vector<std::size_t> from = add_paths(data, all);
  data.validation = count_validation(from, paths, source);
  if (source.labels.empty()) return data;
  std::vector<std::string> names;
  for (const DataItem& item : data.files.items) names.push_back(item.name);
  ImageClasses read = read_classes(names, from, all, source);
  data.classes = std::move(read.classes);
  data.labels = std::move(read.labels);
  return data;
}

Image fit_to(const Image& image, std::int64_t side, Fit fit, const std::string& name) {
  const std::int64_t largest = std::max({image.depth, image.height, image.width});
  if (fit == Fit::pad && largest > side)
    throw Error(fmt::format("{}: is {} pixels long, the net's images {}; use --fit crop{}", name, largest, side,
                            image.depth > 1 ? "" : " or --fit resize"));
  if (image.depth == 1) return fit_image(image, side, fit);
  if (fit == Fit::resize) throw Error(fmt::format("{}: is a volume; --fit resize goes with images", name));
  return centred_volume(image, side);
}

Sample labelled_sample(const LabelledDataset& data, std::size_t item, std::int64_t side, Fit fit) {
  Sample sample{fit_to(data.image(item), side, fit, data.files.items[item].name), {}, {}};
  sample.labels.assign(static_cast<std::size_t>(sample.image.size().pixels()), data.labels[item]);
  return sample;
}

Dataset fitted_items(const LabelledDataset& data, std::int64_t side) {
  Dataset items = data.files;
  for (DataItem& item : items.items) item.size = {items.format.dims == 3 ? side : 1, side, side};
  return items;
}

}  // namespace tuff
