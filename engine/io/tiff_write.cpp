#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "io/tiff.h"
#include "io/tiff_handle.h"

namespace tuff {
namespace {

// What is stored of an image: its own format where we write that, else the next wider one.
struct Format {
  std::uint16_t bits = 8;
  std::uint16_t sample = SAMPLEFORMAT_UINT;
};

Format format_of(const ImageInfo& info) {
  if (info.sample == SampleKind::floating) return {32, SAMPLEFORMAT_IEEEFP};
  const auto bits = static_cast<std::uint16_t>(info.bits <= 8 ? 8 : info.bits <= 16 ? 16 : 32);
  return {bits,
          static_cast<std::uint16_t>(info.sample == SampleKind::signed_integer ? SAMPLEFORMAT_INT : SAMPLEFORMAT_UINT)};
}

template <class T>
void append(std::vector<std::byte>& bytes, double value) {
  const double low = static_cast<double>(std::numeric_limits<T>::lowest()),
               high = static_cast<double>(std::numeric_limits<T>::max());
  const T sample = std::is_floating_point_v<T>
                       ? static_cast<T>(value)
                       : static_cast<T>(std::isnan(value) ? 0.0 : std::clamp(std::nearbyint(value), low, high));
  const auto* data = reinterpret_cast<const std::byte*>(&sample);
  bytes.insert(bytes.end(), data, data + sizeof(T));
}

void append_sample(std::vector<std::byte>& bytes, const Format& format, float value) {
  if (format.sample == SAMPLEFORMAT_IEEEFP)
    append<float>(bytes, value);
  else if (format.bits == 8)
    format.sample == SAMPLEFORMAT_INT ? append<std::int8_t>(bytes, value) : append<std::uint8_t>(bytes, value);
  else if (format.bits == 16)
    format.sample == SAMPLEFORMAT_INT ? append<std::int16_t>(bytes, value) : append<std::uint16_t>(bytes, value);
  else
    format.sample == SAMPLEFORMAT_INT ? append<std::int32_t>(bytes, value) : append<std::uint32_t>(bytes, value);
}

// ImageJ's description: what the pages are, and the unit of the resolution tags.
std::string describe(const Image& image, std::int64_t page_channels) {
  std::string text = fmt::format("ImageJ=1.53t\nimages={}\n", image.frames * page_channels * image.depth);
  if (page_channels > 1) text += fmt::format("channels={}\n", page_channels);
  if (image.depth > 1) text += fmt::format("slices={}\n", image.depth);
  if (image.frames > 1) text += fmt::format("frames={}\n", image.frames);
  if ((page_channels > 1) + (image.depth > 1) + (image.frames > 1) > 1) text += "hyperstack=true\n";
  if (page_channels > 1) text += "mode=grayscale\n";
  if (!image.info.unit.empty()) text += fmt::format("unit={}\n", image.info.unit == "um" ? "micron" : image.info.unit);
  if (image.info.pixel_depth > 0) text += fmt::format("spacing={}\n", image.info.pixel_depth);
  return text;
}

void set_resolution(TIFF* tiff, const ImageInfo& info) {
  if (!(info.pixel_width > 0) || !(info.pixel_height > 0)) return;
  const int unit = info.unit == "inch" ? RESUNIT_INCH : info.unit == "cm" ? RESUNIT_CENTIMETER : RESUNIT_NONE;
  TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, unit);
  TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 1 / info.pixel_width);
  TIFFSetField(tiff, TIFFTAG_YRESOLUTION, 1 / info.pixel_height);
}

// One page: `samples` channels from `channel` on, interleaved.
void write_page(const TiffHandle& handle, const Image& image, const Format& format, const std::string& description,
                std::int64_t frame, std::int64_t channel, std::int64_t slice, std::int64_t samples) {
  TIFF* tiff = handle.get();
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(image.width));
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(image.height));
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, static_cast<int>(samples));
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, format.bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, format.sample);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, samples == 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, TIFFDefaultStripSize(tiff, 0));
  if (!description.empty()) TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, description.c_str());
  set_resolution(tiff, image.info);

  const std::int64_t area = image.height * image.width;
  std::vector<std::byte> row;
  for (std::int64_t y = 0; y < image.height; ++y) {
    row.clear();
    for (std::int64_t x = 0; x < image.width; ++x)
      for (std::int64_t s = 0; s < samples; ++s) {
        const std::int64_t plane = (frame * image.channels + channel + s) * image.depth + slice;
        append_sample(row, format, image.values[static_cast<std::size_t>(plane * area + y * image.width + x)]);
      }
    if (TIFFWriteScanline(tiff, row.data(), static_cast<std::uint32_t>(y), 0) != 1)
      handle.refuse("a row can't be written");
  }
  if (TIFFWriteDirectory(tiff) != 1) handle.refuse("a page can't be written");
}

}  // namespace

std::vector<std::byte> serialize_tiff(const Image& image) {
  const Format format = format_of(image.info);
  const bool rgb = image.channels == 3 && format.bits == 8 && image.planes() == 1;
  const std::int64_t samples = rgb ? 3 : 1;
  const std::int64_t page_channels = image.channels / samples;
  const bool stack = image.frames * page_channels * image.depth > 1;
  const bool calibrated = image.info.pixel_width > 0 && image.info.unit != "inch" && image.info.unit != "cm";
  const std::string description = stack || calibrated ? describe(image, page_channels) : "";
  const double bytes = static_cast<double>(image.values.size()) * format.bits / 8;

  std::vector<std::byte> result;
  {
    const TiffHandle handle = TiffHandle::create(result, bytes > 3.9e9);
    for (std::int64_t t = 0; t < image.frames; ++t)  // ImageJ's order: channels fastest, then slices, then frames
      for (std::int64_t z = 0; z < image.depth; ++z)
        for (std::int64_t c = 0; c < page_channels; ++c)
          write_page(handle, image, format, description, t, c, z, samples);
  }
  return result;
}

}  // namespace tuff
