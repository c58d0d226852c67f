#include "io/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace tuff {
namespace {

using nlohmann::json;

constexpr std::pair<Normalization, std::string_view> kNormalizations[] = {
    {Normalization::percentile, "percentile"}, {Normalization::mean_std, "mean-std"}, {Normalization::range, "range"}};

// Value below which `share` of the values lie, interpolated as by NumPy's percentile. Reorders `values`.
double quantile(std::vector<float>& values, double share) {
  const double position = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = static_cast<double>(values[static_cast<std::size_t>(below)]);
  if (below + 1 == static_cast<std::ptrdiff_t>(values.size())) return low;
  const double high = static_cast<double>(*std::min_element(values.begin() + below + 1, values.end()));
  return low + (high - low) * (position - static_cast<double>(below));
}

ChannelScaling between(double low, double high) {
  return {low, high > low ? 1 / (high - low) : 0};
}

ChannelScaling statistics(std::span<const float> values, Normalization normalization) {
  const auto [smallest, largest] = std::ranges::minmax(values);
  const ChannelScaling range = between(static_cast<double>(smallest), static_cast<double>(largest));
  if (normalization == Normalization::percentile) {
    std::vector<float> copy(values.begin(), values.end());
    const double low = quantile(copy, 0.01);
    const ChannelScaling linear = between(low, quantile(copy, 0.998));
    return linear.scale > 0 ? linear : range;  // so few bright pixels that both percentiles are background
  }
  if (normalization == Normalization::range) return range;
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const float value : values) sum += static_cast<double>(value);
  const double mean = sum / count;
  for (const float value : values) squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  return {mean, squares > 0 ? 1 / std::sqrt(squares / count) : 0};
}

void replace_non_finite(std::span<float> values) {
  float smallest = std::numeric_limits<float>::max();
  for (const float value : values)
    if (std::isfinite(value)) smallest = std::min(smallest, value);
  if (smallest == std::numeric_limits<float>::max()) smallest = 0;
  for (float& value : values)
    if (!std::isfinite(value)) value = smallest;
}

// Where a value lies, in words; `channels`: those that were chosen of the files'.
std::string place_of(std::int64_t channel, std::int64_t index, const Image& image, const DataItem& item,
                     const std::vector<std::filesystem::path>& files, const std::vector<int>& channels) {
  const std::int64_t own = channels.empty() ? channel : channels[static_cast<std::size_t>(channel)];
  const bool file_each = files.size() > 1;
  std::string place = fmt::format("{}: ", files[file_each ? static_cast<std::size_t>(own) : 0].string());
  if (item.planes > 1) place += fmt::format("plane {}, ", item.plane);
  if (!file_each) place += fmt::format("channel {}, ", own);
  if (image.depth > 1) place += fmt::format("z {}, ", index / (image.height * image.width));
  return place + fmt::format("y {}, x {}", index / image.width % image.height, index % image.width);
}

void settle_non_finite(Image& image, const DataFormat& format, const DataItem& item,
                       const std::vector<std::filesystem::path>& files, const std::vector<int>& channels) {
  for (std::int64_t c = 0; c < image.channels; ++c) {
    const std::span<float> values = image.channel(c);
    const auto bad = std::ranges::find_if_not(values, [](float value) { return std::isfinite(value); });
    if (bad == values.end()) continue;
    if (!format.replace_nan)
      throw Error(
          fmt::format("{}: the value is no finite number; mend the image, or let --replace-nan take the "
                      "smallest value in the place of such ones",
                      place_of(c, bad - values.begin(), image, item, files, channels)));
    replace_non_finite(values);
  }
}

// One value a pixel; a mask saved in colours has equal channels, or any that isn't black is foreground.
std::vector<float> flatten(const Image& mask, const DataFormat& format, const std::string& file) {
  const auto first = mask.channel(0);
  std::vector<float> values(first.begin(), first.end());
  for (std::int64_t c = 1; c < mask.channels; ++c) {
    const auto other = mask.channel(c);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (other[i] == values[i]) continue;
      if (format.classes > 1 || !format.foreground.empty() || format.instances)
        throw Error(fmt::format("{}: a colour mask; ids are wanted: save it as 8-bit grey, each value an id", file));
      values[i] = std::max(values[i], other[i]);
    }
  }
  return values;
}

std::int32_t label_of(float value, const DataFormat& format, const std::string& file) {
  if (!std::isfinite(value)) throw Error(fmt::format("{}: the mask has a value that is no number", file));
  if (format.undefined >= 0 && value == static_cast<float>(format.undefined)) return -1;
  if (format.classes <= 1 && format.foreground.empty() && !format.instances) return value != 0 ? 1 : 0;
  if (value != std::floor(value) || std::abs(value) > 16777216)
    throw Error(fmt::format("{}: mask value {} is no id: ids are whole numbers below 16777216", file, value));
  const auto id = static_cast<std::int32_t>(value);
  if (format.instances) {
    if (id < 0) throw Error(fmt::format("{}: mask value {} is no id: ids are 0 (background), 1, 2, ...", file, id));
    return id;
  }
  if (format.classes <= 1) return std::ranges::find(format.foreground, id) != format.foreground.end() ? 1 : 0;
  if (id < 0 || id >= format.classes)
    throw Error(fmt::format(
        "{}: mask value {} is outside of the classes 0..{}: raise --classes, or leave it out for masks of background "
        "and foreground",
        file, id, format.classes - 1));
  return id;
}

Image join_channels(const std::vector<Image>& parts) {
  Image image = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    image.channels += parts[i].channels;
    image.values.insert(image.values.end(), parts[i].values.begin(), parts[i].values.end());
  }
  return image;
}

Image choose_channels(const Image& image, const std::vector<int>& channels) {
  Image result(static_cast<std::int64_t>(channels.size()), image.size());
  result.info = image.info;
  for (std::size_t c = 0; c < channels.size(); ++c)
    std::ranges::copy(image.channel(channels[c]), result.channel(static_cast<std::int64_t>(c)).begin());
  return result;
}

// The pixels that an item is made from, of an image or, by `read_mask`, a mask. The loader relies on what headers said
// when the dataset was opened.
Image read_item(const Dataset& dataset, const DataItem& item, const std::filesystem::path& file,
                Image (*read)(const std::filesystem::path&, std::string_view, std::int64_t)) {
  const bool volume = dataset.format.dims == 3;
  Image image = read(file, dataset.format.axes, volume ? kAllPlanes : item.plane);
  if (volume && image.frames > 1 && item.plane < image.frames) image = image.frame(item.plane);
  if (image.size() != item.size || image.frames != 1)
    throw Error(fmt::format("{}: is {} now, was {}: it changed since the start", file.string(), describe_size(image),
                            to_string(item.size)));
  return image;
}

// Files that are channels of one image.
Image read_parts(const Dataset& dataset, const DataItem& item, const std::vector<std::filesystem::path>& files) {
  std::vector<Image> parts;
  for (const std::filesystem::path& file : files) parts.push_back(read_item(dataset, item, file, read_image));
  return join_channels(parts);
}

}  // namespace

std::string_view to_string(Normalization normalization) {
  for (const auto& [value, name] : kNormalizations)
    if (value == normalization) return name;
  return "?";
}

Normalization parse_normalization(std::string_view name) {
  for (const auto& [value, text] : kNormalizations)
    if (text == name) return value;
  throw Error(fmt::format("normalization '{}' is unknown: percentile, mean-std or range", name));
}

std::string to_json(const DataFormat& format) {
  json object = {{"axes", format.axes},
                 {"channels", format.channels},
                 {"normalization", to_string(format.normalization)},
                 {"classes", format.classes},
                 {"foreground", format.foreground},
                 {"image_channels", format.image_channels},
                 {"files_per_image", format.files_per_image},
                 {"instances", format.instances},
                 {"undefined", format.undefined},
                 {"dims", format.dims},
                 {"joint_scale", format.joint_scale},
                 {"replace_nan", format.replace_nan},
                 {"target_channels", format.target_channels}};
  if (!format.class_names.empty()) object["class_names"] = format.class_names;
  return object.dump();
}

DataFormat data_format_from_json(std::string_view text) {
  DataFormat format;
  std::string field;
  try {
    const json object = json::parse(text);
    for (const auto& [key, value] : object.items()) {
      field = key;
      if (key == "axes")
        value.get_to(format.axes);
      else if (key == "channels")
        value.get_to(format.channels);
      else if (key == "normalization")
        format.normalization = parse_normalization(value.get<std::string>());
      else if (key == "classes")
        value.get_to(format.classes);
      else if (key == "foreground")
        value.get_to(format.foreground);
      else if (key == "image_channels")
        value.get_to(format.image_channels);
      else if (key == "files_per_image")
        value.get_to(format.files_per_image);
      else if (key == "undefined")
        value.get_to(format.undefined);
      else if (key == "instances")
        value.get_to(format.instances);
      else if (key == "dims")
        value.get_to(format.dims);
      else if (key == "joint_scale")
        value.get_to(format.joint_scale);
      else if (key == "replace_nan")
        value.get_to(format.replace_nan);
      else if (key == "target_channels")
        value.get_to(format.target_channels);
      else if (key == "class_names")
        value.get_to(format.class_names);
      else
        throw Error(fmt::format("data format: field '{}' is unknown: the model is of a newer version", key));
    }
  } catch (const json::exception&) {
    throw Error(fmt::format("data format: field '{}' has the wrong type", field));
  }
  if (format.classes < 1 || format.image_channels < 0 || format.files_per_image < 1)
    throw Error("data format: classes and files_per_image must be at least 1");
  if (format.dims != 2 && format.dims != 3) throw Error("data format: dims must be 2 or 3");
  return format;
}

Image read_item_image(const Dataset& dataset, std::size_t index) {
  const DataItem& item = dataset.items[index];
  Image image = read_parts(dataset, item, item.images);
  if (!dataset.format.channels.empty()) image = choose_channels(image, dataset.format.channels);
  return image;
}

Image load_item_image(const Dataset& dataset, std::size_t index, std::vector<ChannelScaling>* scalings) {
  const DataFormat& format = dataset.format;
  const DataItem& item = dataset.items[index];
  Image image = read_item_image(dataset, index);
  settle_non_finite(image, format, item, item.images, format.channels);
  std::vector<ChannelScaling> done = normalize(image, format.normalization, format.joint_scale);
  if (scalings != nullptr) *scalings = std::move(done);
  return image;
}

std::string fingerprint(const Dataset& dataset) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const DataItem& item : dataset.items)
    for (const char character :
         fmt::format("{} {} {}{} {}\n", item.name, item.plane,
                     item.size.depth > 1 ? fmt::format("{} ", item.size.depth) : "", item.size.height, item.size.width))
      hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3u;
  if (dataset.validation > 0) hash = (hash ^ dataset.validation) * 0x100000001b3u;
  return fmt::format("{:016x}", hash);
}

Sample load_sample(const Dataset& dataset, std::size_t index) {
  const DataItem& item = dataset.items[index];
  Sample sample{load_item_image(dataset, index), {}, {}};
  if (!item.targets.empty()) {
    sample.targets = read_parts(dataset, item, item.targets);
    settle_non_finite(sample.targets, dataset.format, item, item.targets, {});
    normalize(sample.targets, dataset.format.normalization);
  }
  if (item.mask.empty()) return sample;
  const Image mask = read_item(dataset, item, item.mask, read_mask);
  sample.labels = labels_from_mask(mask, dataset.format, item.mask.string());
  return sample;
}

std::vector<ChannelScaling> normalize(Image& image, Normalization normalization, bool joint) {
  std::vector<ChannelScaling> scalings;
  const ChannelScaling all = joint ? statistics(image.values, normalization) : ChannelScaling{};
  for (std::int64_t c = 0; c < image.channels; ++c) {
    const std::span<float> values = image.channel(c);
    const ChannelScaling linear = joint ? all : statistics(values, normalization);
    for (float& value : values) value = static_cast<float>((static_cast<double>(value) - linear.offset) * linear.scale);
    scalings.push_back(linear);
  }
  return scalings;
}

void denormalize(Image& image, std::span<const ChannelScaling> scalings) {
  for (std::int64_t c = 0; c < image.channels; ++c) {
    const ChannelScaling& scaling = scalings[static_cast<std::size_t>(c)];
    for (float& value : image.channel(c))
      value = static_cast<float>((scaling.scale > 0 ? static_cast<double>(value) / scaling.scale : 0) + scaling.offset);
  }
}

std::vector<std::int32_t> labels_from_mask(const Image& mask, const DataFormat& format, const std::string& file) {
  const bool binary = format.classes <= 1 && format.foreground.empty() && !format.instances;
  const bool jpeg = mask.info.kind == FileKind::jpeg;
  if (jpeg && !binary) throw Error(fmt::format("{}: JPEG blurs ids: save masks as PNG or TIFF", file));
  std::vector<std::int32_t> labels;
  labels.reserve(static_cast<std::size_t>(mask.size().pixels()));
  for (const float value : flatten(mask, format, file))
    labels.push_back(jpeg ? (value > 127 ? 1 : 0)
                          : label_of(value, format, file));  // JPEG: grey rims of its compression
  return labels;
}

}  // namespace tuff
