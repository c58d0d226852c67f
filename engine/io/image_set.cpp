#include "io/image_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/os.h"
#include "io/idx.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

constexpr std::pair<Fit, std::string_view> kFits[] = {{Fit::pad, "pad"}, {Fit::crop, "crop"}, {Fit::resize, "resize"}};

// The largest value of the image's type; floats are in 0..1 as they are.
double largest_value(const ImageInfo& info) {
  if (info.sample == SampleKind::floating) return 1;
  const int bits = info.sample == SampleKind::signed_integer ? info.bits - 1 : info.bits;
  return std::ldexp(1.0, bits) - 1;
}

void scale_to_unit(Image& image, const std::string& file) {
  const double largest = largest_value(image.info);
  for (float& value : image.values) {
    const double scaled = static_cast<double>(value) / largest;
    if (!(scaled >= 0 && scaled <= 1))
      throw Error(
          fmt::format("{}: holds the value {}, outside of 0 to {}; save it as 8 or 16-bit integers, or floats in "
                      "0..1",
                      file, value, largest));
    value = static_cast<float>(scaled);
  }
}

// Weights of the pixels that make up one of a resized line.
struct Taps {
  std::int64_t first = 0;
  std::vector<double> weights;
};

std::vector<Taps> triangle_taps(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to), reach = std::max(1.0, scale);
  std::vector<Taps> all;
  for (std::int64_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale - 0.5;
    Taps taps{std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(centre - reach))), {}};
    double sum = 0;
    for (std::int64_t at = taps.first; at < from && static_cast<double>(at) <= centre + reach; ++at) {
      taps.weights.push_back(std::max(0.0, 1 - std::abs(static_cast<double>(at) - centre) / reach));
      sum += taps.weights.back();
    }
    for (double& weight : taps.weights) weight /= sum;
    all.push_back(std::move(taps));
  }
  return all;
}

// The centre of the image, zeros where it doesn't reach.
Image centred(const Image& image, std::int64_t side) {
  Image result(image.channels, side, side);
  const std::int64_t top = (side - image.height) / 2, left = (side - image.width) / 2;  // rounded towards 0
  for (std::int64_t c = 0; c < image.channels; ++c)
    for (std::int64_t y = std::max<std::int64_t>(0, top); y < std::min(side, top + image.height); ++y)
      for (std::int64_t x = std::max<std::int64_t>(0, left); x < std::min(side, left + image.width); ++x)
        result.channel(c)[static_cast<std::size_t>(y * side + x)] =
            image.channel(c)[static_cast<std::size_t>((y - top) * image.width + x - left)];
  return result;
}

}  // namespace

std::string_view to_string(Fit fit) {
  for (const auto& [value, name] : kFits)
    if (value == fit) return name;
  return "?";
}

Fit parse_fit(std::string_view name) {
  for (const auto& [value, text] : kFits)
    if (text == name) return value;
  throw Error(fmt::format("fit '{}' is unknown: pad, crop or resize", name));
}

Image resize_image(const Image& image, std::int64_t height, std::int64_t width) {
  const std::vector<Taps> rows = triangle_taps(image.height, height), columns = triangle_taps(image.width, width);
  Image result(image.channels, height, width);
  std::vector<double> line(static_cast<std::size_t>(image.width));
  for (std::int64_t c = 0; c < image.channels; ++c)
    for (std::int64_t y = 0; y < height; ++y) {
      const Taps& row = rows[static_cast<std::size_t>(y)];
      std::ranges::fill(line, 0.0);
      for (std::size_t k = 0; k < row.weights.size(); ++k) {
        const auto source = image.channel(c).subspan(
            static_cast<std::size_t>((row.first + static_cast<std::int64_t>(k)) * image.width));
        for (std::size_t x = 0; x < line.size(); ++x) line[x] += row.weights[k] * static_cast<double>(source[x]);
      }
      for (std::int64_t x = 0; x < width; ++x) {
        const Taps& column = columns[static_cast<std::size_t>(x)];
        double sum = 0;
        for (std::size_t k = 0; k < column.weights.size(); ++k)
          sum += column.weights[k] * line[static_cast<std::size_t>(column.first) + k];
        result.channel(c)[static_cast<std::size_t>(y * width + x)] = static_cast<float>(sum);
      }
    }
  return result;
}

Image fit_image(const Image& image, std::int64_t side, Fit fit) {
  if (image.height == side && image.width == side) return image;
  if (fit != Fit::resize) return centred(image, side);
  const std::int64_t shorter = std::min(image.height, image.width);
  const auto scaled = [&](std::int64_t extent) { return (extent * side + shorter / 2) / shorter; };
  return centred(resize_image(image, scaled(image.height), scaled(image.width)), side);
}

// Collects images file by file.
class ImageSetBuilder {
 public:
  ImageSetBuilder(std::span<const fs::path> paths, const DataFormat& format) : format_(format) {
    for (const fs::path& path : paths) {
      if (!fs::is_directory(path) && is_idx_file(path))
        open_idx(path);
      else
        open_files(path);
      set_.paths_.resize(set_.names_.size(), static_cast<std::size_t>(&path - paths.data()));
    }
    if (sources_.empty()) throw Error("no image is given");
  }

  ImageSet build(std::int64_t side, Fit fit, std::int64_t (*side_from)(std::int64_t)) {
    set_.side_ = side > 0 ? side : side_from(largest_);
    if (fit == Fit::pad && largest_ > set_.side_)
      throw Error(
          fmt::format("{}: an image is {} pixels long, the net's images {}; use --size {}, or --fit crop or "
                      "--fit resize",
                      largest_file_, largest_, set_.side_, side_from(largest_)));
    const bool bytes = all_bytes_ && fit != Fit::resize;
    const std::int64_t values = set_.count() * set_.channels_ * set_.side_ * set_.side_;
    const std::int64_t size = values * (bytes ? 1 : 4);
    if (static_cast<std::uint64_t>(size) > os::available_memory() / 2)
      throw Error(
          fmt::format("{} images of {}x{} take {} MiB, more than half of the free memory; use a smaller --size or "
                      "fewer images",
                      set_.count(), set_.side_, set_.side_, size >> 20));
    bytes ? set_.bytes_.reserve(static_cast<std::size_t>(values))
          : set_.floats_.reserve(static_cast<std::size_t>(values));
    for (const Source& source : sources_) append(source, fit, bytes);
    return std::move(set_);
  }

 private:
  struct Source {  // the images of an idx file, or one item of a data set
    std::string file;
    IdxImages idx;
    Dataset dataset;
  };

  void open_idx(const fs::path& path) {
    Source source{path.string(), read_idx(path), {}};
    std::string stem = path.filename().string();
    stem.resize(stem.find('.') == std::string::npos ? stem.size() : stem.find('.'));
    for (std::int64_t i = 0; i < source.idx.count; ++i) set_.names_.push_back(fmt::format("{}_{:05}", stem, i));
    note(1, std::max(source.idx.height, source.idx.width), source.file);
    sources_.push_back(std::move(source));
  }

  void open_files(const fs::path& path) {
    Source source{path.string(), {}, open_images(std::span(&path, 1), format_)};
    for (const DataItem& item : source.dataset.items) {
      set_.names_.push_back(item.name);
      note(source.dataset.format.image_channels, std::max(item.size.height, item.size.width), item.images[0].string());
      const ImageInfo info = probe_image(item.images[0], format_.axes).info;
      all_bytes_ = all_bytes_ && info.sample == SampleKind::unsigned_integer && info.bits == 8;
    }
    sources_.push_back(std::move(source));
  }

  void note(std::int64_t channels, std::int64_t extent, const std::string& file) {
    if (set_.channels_ == 0) set_.channels_ = channels;
    if (set_.channels_ != channels)
      throw Error(fmt::format("{}: has {} channel{}, other images have {}: choose with --channels", file, channels,
                              channels == 1 ? "" : "s", set_.channels_));
    if (extent > largest_) {
      largest_ = extent;
      largest_file_ = file;
    }
  }

  void append(const Source& source, Fit fit, bool bytes) {
    for (std::int64_t i = 0; i < source.idx.count; ++i) {
      Image image(1, source.idx.height, source.idx.width);
      const auto* from = source.idx.values.data() + i * source.idx.height * source.idx.width;
      std::transform(from, from + image.values.size(), image.values.begin(),
                     [](std::uint8_t value) { return static_cast<float>(value); });
      append(image, source.file, fit, bytes);
    }
    for (std::size_t i = 0; i < source.dataset.items.size(); ++i)
      append(read_item_image(source.dataset, i), source.dataset.items[i].images[0].string(), fit, bytes);
  }

  void append(Image image, const std::string& file, Fit fit, bool bytes) {
    if (!bytes) scale_to_unit(image, file);
    const Image fitted = fit_image(image, set_.side_, fit);
    for (const float value : fitted.values)
      bytes ? set_.bytes_.push_back(static_cast<std::uint8_t>(value)) : set_.floats_.push_back(value);
  }

  const DataFormat& format_;
  std::vector<Source> sources_;
  std::int64_t largest_ = 0;
  std::string largest_file_;
  bool all_bytes_ = true;
  ImageSet set_;
};

void ImageSet::read(std::int64_t index, std::span<float> to) const {
  const auto first = static_cast<std::size_t>(index) * to.size();
  if (bytes_.empty()) {
    std::copy_n(floats_.begin() + static_cast<std::ptrdiff_t>(first), to.size(), to.begin());
    return;
  }
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<float>(bytes_[first + i]) / 255.0f;
}

std::string ImageSet::fingerprint() const {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  const auto add = [&](std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3u;
  };
  for (const std::string& name : names_) add(std::as_bytes(std::span(name)));
  add(std::as_bytes(std::span(&side_, 1)));
  add(std::as_bytes(std::span(bytes_)));
  add(std::as_bytes(std::span(floats_)));
  return fmt::format("{:016x}", hash);
}

ImageSet open_image_set(std::span<const fs::path> paths, const DataFormat& format, std::int64_t side, Fit fit,
                        std::int64_t (*side_from)(std::int64_t)) {
  return ImageSetBuilder(paths, format).build(side, fit, side_from);
}

}  // namespace tuff
