#include "io/tiff_axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/number.h"

namespace tuff {
namespace {

// The number at the beginning of `text`, else `otherwise`.
double number(std::string_view text, double otherwise) {
  double value = otherwise;
  return parse_prefix(text, value) > 0 && std::isfinite(value) ? value : otherwise;
}

std::int64_t extent(std::string_view text) {
  std::int64_t value = 1;
  return parse_prefix(text, value) > 0 && value >= 1 && value <= (1 << 20) ? value : 1;
}

// One spelling of micrometres: ImageJ writes "micron", "um" or an escaped sign, OME the sign itself.
std::string plain_unit(std::string_view unit) {
  if (unit == "micron" || unit == "microns" || unit == "\xc2\xb5m" || unit == "\xce\xbcm" || unit == "\\u00B5m" ||
      unit == "\xb5m")
    return "um";
  return unit == "pixel" || unit == "pixels" ? "" : std::string(unit);
}

TiffDescription parse_imagej(std::string_view text) {
  TiffDescription description{.writer = TiffDescription::Writer::imagej, .order = "TZC"};
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == line.npos) continue;
    const std::string_view key = line.substr(0, equals), value = line.substr(equals + 1);
    if (key == "images") description.images = extent(value);
    if (key == "channels") description.channels = extent(value);
    if (key == "slices") description.depth = extent(value);
    if (key == "frames") description.frames = extent(value);
    if (key == "unit") description.unit = plain_unit(value);
    if (key == "spacing") description.pixel_depth = std::abs(number(value, 0));
  }
  const bool plain_stack = description.frames * description.channels * description.depth == 1;
  if (plain_stack && description.images > 1) description.depth = description.images;
  return description;
}

// The value of name="..." within a tag, empty where absent.
std::string_view attribute(std::string_view tag, std::string_view name) {
  const std::string wanted = fmt::format(" {}=\"", name);
  const std::size_t at = tag.find(wanted);
  if (at == tag.npos) return {};
  tag.remove_prefix(at + wanted.size());
  return tag.substr(0, tag.find('"'));
}

TiffDescription parse_ome(std::string_view text) {
  TiffDescription description{.writer = TiffDescription::Writer::ome};
  std::size_t at = text.find("<Pixels ");
  if (at == text.npos) at = text.find(":Pixels ");
  if (at == text.npos) return {};
  const std::string_view tag = text.substr(at, text.find('>', at) - at);
  const std::string_view order = attribute(tag, "DimensionOrder");  // "XYCZT": the first letters run fastest
  if (order.size() != 5 || !order.starts_with("XY")) return {};
  description.order.assign(order.rbegin(), order.rend() - 2);
  description.channels = extent(attribute(tag, "SizeC"));
  description.depth = extent(attribute(tag, "SizeZ"));
  description.frames = extent(attribute(tag, "SizeT"));
  description.pixel_width = number(attribute(tag, "PhysicalSizeX"), 0);
  description.pixel_height = number(attribute(tag, "PhysicalSizeY"), 0);
  description.pixel_depth = number(attribute(tag, "PhysicalSizeZ"), 0);
  const std::string_view unit = attribute(tag, "PhysicalSizeXUnit");
  description.unit = plain_unit(unit.empty() ? "um" : unit);
  return description;
}

// {"shape": [31, 61, 57], "axes": "ZYX"}; without axes nothing is known.
TiffDescription parse_tifffile(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("axes") || !json["axes"].is_string()) return {};
  const auto axes = json["axes"].get<std::string>();
  const auto shape = json.value("shape", nlohmann::json::array());
  if (!shape.is_array() || shape.size() != axes.size()) return {};
  TiffDescription description{.writer = TiffDescription::Writer::tifffile};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (!shape[i].is_number_unsigned()) return {};
    const auto size = std::clamp<std::uint64_t>(shape[i].get<std::uint64_t>(), 1, 1 << 20);
    if (axes[i] == 'Y' || axes[i] == 'X' || axes[i] == 'S') continue;
    if (std::string_view("TCZ").find(axes[i]) == std::string_view::npos) return {};  // an axis of another kind
    if (axes[i] == 'C' && i > axes.find('X')) continue;                              // samples of a pixel
    description.order += axes[i];
    (axes[i] == 'T'   ? description.frames
     : axes[i] == 'C' ? description.channels
                      : description.depth) = static_cast<std::int64_t>(size);
  }
  return description;
}

struct PageAxis {
  char letter = 'Z';
  std::int64_t extent = 0;  // 0: not given
};

[[noreturn]] void refuse_axes(const std::string& source, std::string_view axes) {
  throw Error(fmt::format(
      "{}: axes '{}' are not understood: letters of T, C, Z with a number where needed, then YX, such as ZYX, "
      "CYX, TYX, T10C2YX",
      source, axes));
}

// Of "T10ZYX": T with 10, Z; a C or S behind YX (samples of a pixel) is accepted and left out.
std::vector<PageAxis> parse_axes(const std::string& source, std::string_view axes) {
  const std::size_t pixel = axes.find("YX");
  if (pixel == axes.npos || axes.substr(pixel + 2).find_first_not_of("CS") != axes.npos) refuse_axes(source, axes);
  std::vector<PageAxis> result;
  for (std::size_t i = 0; i < pixel; ++i) {
    const char c = axes[i];
    const bool digit = c >= '0' && c <= '9';
    if (digit && !result.empty() && result.back().extent < (1 << 16))
      result.back().extent = result.back().extent * 10 + (c - '0');
    else if (!digit && std::string_view("TCZ").find(c) != std::string_view::npos &&
             std::ranges::find(result, c, &PageAxis::letter) == result.end())
      result.push_back({c, 0});
    else
      refuse_axes(source, axes);
  }
  return result;
}

std::int64_t extent_of(const TiffDescription& description, char letter, std::int64_t samples) {
  if (letter == 'T') return description.frames;
  if (letter == 'Z') return description.depth;
  const bool counts_samples = description.writer == TiffDescription::Writer::ome && description.channels % samples == 0;
  return counts_samples ? description.channels / samples : description.channels;
}

// The user's axes: at most one extent may be left for the number of pages to decide.
std::vector<PageAxis> resolve_axes(const std::string& source, std::int64_t pages, std::int64_t samples,
                                   const TiffDescription& description, std::string_view text) {
  std::vector<PageAxis> axes = parse_axes(source, text);
  if (pages == 1) return {};
  std::int64_t known = 1, unknown = 0;
  for (PageAxis& axis : axes) {
    if (axes.size() > 1 && axis.extent == 0 && description.order.find(axis.letter) != std::string::npos)
      axis.extent = extent_of(description, axis.letter, samples);
    known *= std::max<std::int64_t>(axis.extent, 1);
    unknown += axis.extent == 0;
  }
  if (unknown == 1 && pages % known == 0)
    for (PageAxis& axis : axes) axis.extent = axis.extent == 0 ? pages / known : axis.extent;
  std::int64_t product = 1;
  for (const PageAxis& axis : axes) product *= axis.extent;
  if (product != pages)
    throw Error(fmt::format("{}: {} pages don't fit axes '{}': give each axis but one its extent, such as T10ZYX",
                            source, pages, text));
  return axes;
}

PageOrder strides_of(const std::vector<PageAxis>& axes) {
  PageOrder order;
  std::int64_t stride = 1;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    (axis->letter == 'T' ? order.frames : axis->letter == 'C' ? order.channels : order.depth) = axis->extent;
    (axis->letter == 'T'   ? order.frame_stride
     : axis->letter == 'C' ? order.channel_stride
                           : order.depth_stride) = stride;
    stride *= axis->extent;
  }
  return order;
}

}  // namespace

TiffDescription parse_description(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.starts_with("ImageJ=")) return parse_imagej(text);
  if (text.find("<OME") != text.npos || text.find(":OME") != text.npos) return parse_ome(text);
  if (text.starts_with('{')) return parse_tifffile(text);
  return {};
}

PageOrder order_pages(const std::string& source, std::int64_t pages, std::int64_t samples,
                      const TiffDescription& description, std::string_view axes) {
  if (!axes.empty()) return strides_of(resolve_axes(source, pages, samples, description, axes));
  std::vector<PageAxis> named;
  std::int64_t product = 1;
  for (const char letter : description.order) {
    named.push_back({letter, extent_of(description, letter, samples)});
    product *= named.back().extent;
  }
  if (product == pages && !named.empty()) return strides_of(named);
  if (pages == 1 && product <= 1) return {};
  if (description.writer == TiffDescription::Writer::imagej && pages == 1)
    throw Error(
        fmt::format("{}: {} images in one page, ImageJ's form for stacks above 4 GB: save it in parts or as OME-TIFF",
                    source, product));
  if (description.writer == TiffDescription::Writer::ome)
    throw Error(fmt::format(
        "{}: its OME description has {} planes, the file {} pages: export each image into one file of its own", source,
        product, pages));
  throw Error(fmt::format(
      "{}: {} pages, and the file doesn't say what they are: use --axes ZYX (slices), --axes TYX (points in "
      "time) or --axes CYX (channels)",
      source, pages));
}

}  // namespace tuff
