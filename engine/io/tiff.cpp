#include "io/tiff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/os.h"
#include "io/array.h"
#include "io/tiff_axes.h"
#include "io/tiff_handle.h"

namespace tuff {
namespace {

// One page's geometry and sample format.
struct Page {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint16_t samples = 1;  // of a pixel, stored
  std::uint16_t bits = 8;
  std::uint16_t format = SAMPLEFORMAT_UINT;
  std::uint16_t planar = PLANARCONFIG_CONTIG;
  std::uint16_t photometric = PHOTOMETRIC_MINISBLACK;
  std::uint16_t compression = COMPRESSION_NONE;
  bool alpha = false;  // the last sample is opacity

  std::int64_t channels() const { return samples - (alpha ? 1 : 0); }  // that are kept
  bool same_kind(const Page& other) const {
    return width == other.width && height == other.height && samples == other.samples && bits == other.bits &&
           format == other.format && photometric == other.photometric && alpha == other.alpha;
  }
};

// A piece of a page as libtiff decodes it: a strip or a tile.
struct Block {
  std::span<const std::byte> bytes;
  std::int64_t row_bytes = 0;
  std::int64_t x = 0;  // of its first pixel in the page
  std::int64_t y = 0;
  std::int64_t width = 0;  // within the page
  std::int64_t height = 0;
  std::int64_t samples = 1;       // interleaved in it
  std::int64_t first_sample = 0;  // with planes apart: which sample this is
};

std::uint16_t tag(TIFF* tiff, std::uint32_t name, std::uint16_t otherwise) {
  std::uint16_t value = otherwise;
  return TIFFGetFieldDefaulted(tiff, name, &value) == 1 ? value : otherwise;
}

bool has_alpha(TIFF* tiff) {
  std::uint16_t count = 0;
  const std::uint16_t* kinds = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) != 1 || count == 0) return false;
  return kinds[count - 1] == EXTRASAMPLE_ASSOCALPHA || kinds[count - 1] == EXTRASAMPLE_UNASSALPHA;
}

Page read_page_header(const TiffHandle& handle) {
  TIFF* tiff = handle.get();
  Page page;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &page.width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &page.height);
  page.samples = tag(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  page.bits = tag(tiff, TIFFTAG_BITSPERSAMPLE, 1);
  page.format = tag(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  if (page.format == SAMPLEFORMAT_VOID) page.format = SAMPLEFORMAT_UINT;
  page.planar = tag(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  page.photometric = tag(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  page.compression = tag(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  page.alpha = page.samples > 1 && has_alpha(tiff);
  if (page.width == 0 || page.height == 0 || page.width > INT32_MAX || page.height > INT32_MAX || page.samples == 0)
    handle.refuse(fmt::format("its size is {}x{}", page.height, page.width));
  const bool integer = page.format == SAMPLEFORMAT_UINT || page.format == SAMPLEFORMAT_INT;
  const bool known =
      integer ? page.bits == 1 || page.bits == 2 || page.bits == 4 || page.bits == 8 || page.bits == 12 ||
                    page.bits == 16 || page.bits == 32 || page.bits == 64
              : page.format == SAMPLEFORMAT_IEEEFP && (page.bits == 16 || page.bits == 32 || page.bits == 64);
  if (!known)
    handle.refuse(fmt::format("samples of {} bits of format {} aren't read: save it with 8, 16 or 32 bits", page.bits,
                              page.format));
  if (page.photometric == PHOTOMETRIC_YCBCR) {
    if (page.compression != COMPRESSION_JPEG) handle.refuse("its colours are YCbCr: save it as RGB");
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  return page;
}

// A codec can't expand beyond this; a header that promises more is a lie that must not be allocated.
double largest_ratio(std::uint16_t compression) {
  switch (compression) {
    case COMPRESSION_NONE: return 1;
    case COMPRESSION_PACKBITS: return 64;
    case COMPRESSION_LZW:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_JPEG: return 4096;
    default: return 65536;
  }
}

void check_claim(const TiffHandle& handle, const Page& page, double pages) {
  TIFF* tiff = handle.get();
  const double pixels = static_cast<double>(page.width) * page.height;
  const double claimed = pixels * page.samples * page.bits / 8;
  const double block = static_cast<double>(TIFFIsTiled(tiff) ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff));
  const double largest = static_cast<double>(handle.file_bytes()) * largest_ratio(page.compression);
  const double sparse_tile = TIFFIsTiled(tiff) ? 1 << 24 : 0;  // a tile may be much larger than a small image
  if (claimed > largest || block > std::max(largest, claimed) + sparse_tile)
    handle.refuse(
        fmt::format("it has {} bytes, too few for {} x {}x{}", handle.file_bytes(), pages, page.height, page.width));
  if (pages * claimed > largest && page.compression == COMPRESSION_NONE)
    handle.refuse(fmt::format("it has {} bytes, too few for {} pages of {}x{}", handle.file_bytes(), pages, page.height,
                              page.width));
}

template <class T>
float load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return static_cast<float>(value);
}

// How to read a whole-byte sample; null for packed ones.
float (*sample_loader(const Page& page))(const std::byte*) {
  const bool is_signed = page.format == SAMPLEFORMAT_INT;
  switch (page.bits) {
    case 8: return is_signed ? load<std::int8_t> : load<std::uint8_t>;
    case 16:
      return page.format == SAMPLEFORMAT_IEEEFP ? load<Float16> : is_signed ? load<std::int16_t> : load<std::uint16_t>;
    case 32:
      return page.format == SAMPLEFORMAT_IEEEFP ? load<float> : is_signed ? load<std::int32_t> : load<std::uint32_t>;
    case 64:
      return page.format == SAMPLEFORMAT_IEEEFP ? load<double> : is_signed ? load<std::int64_t> : load<std::uint64_t>;
    default: return nullptr;
  }
}

// Sample `index` of a row of 1, 2, 4 or 12 bits each, highest bits first.
float load_packed(const std::byte* row, std::int64_t index, int bits) {
  unsigned value = 0;
  for (std::int64_t bit = index * bits; bit < (index + 1) * bits; ++bit)
    value = value << 1 | (std::to_integer<unsigned>(row[bit / 8]) >> (7 - bit % 8) & 1u);
  return static_cast<float>(value);
}

// Copies a block's samples to the planes of the page (channels * height * width floats).
void unpack(const Page& page, const Block& block, float* planes) {
  const auto loader = sample_loader(page);
  const std::int64_t area = std::int64_t{page.width} * page.height;
  const std::int64_t bytes = page.bits / 8;
  for (std::int64_t sample = 0; sample < block.samples; ++sample) {
    const std::int64_t channel = block.first_sample + sample;
    if (channel >= page.channels()) continue;
    for (std::int64_t y = 0; y < block.height; ++y) {
      const std::byte* row = block.bytes.data() + y * block.row_bytes;
      float* out = planes + channel * area + (block.y + y) * page.width + block.x;
      for (std::int64_t x = 0; x < block.width; ++x) {
        const std::int64_t index = x * block.samples + sample;
        out[x] = loader ? loader(row + index * bytes) : load_packed(row, index, page.bits);
      }
    }
  }
}

void read_strips(const TiffHandle& handle, const Page& page, float* planes) {
  TIFF* tiff = handle.get();
  std::uint32_t rows = page.height;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
  rows = std::clamp<std::uint32_t>(rows, 1, page.height);
  const bool apart = page.planar == PLANARCONFIG_SEPARATE;
  const std::int64_t row_bytes = TIFFScanlineSize64(tiff);
  const std::int64_t samples = apart ? 1 : page.samples;
  if (row_bytes < (std::int64_t{page.width} * samples * page.bits + 7) / 8)
    handle.refuse("its rows are shorter than its width");
  std::vector<std::byte> buffer(static_cast<std::size_t>(row_bytes * rows));
  std::uint32_t strip = 0;
  for (std::int64_t plane = 0; plane < (apart ? page.samples : 1); ++plane) {
    for (std::int64_t y = 0; y < page.height; y += rows, ++strip) {
      const std::int64_t height = std::min<std::int64_t>(rows, page.height - y);
      const tmsize_t wanted = height * row_bytes;
      if (TIFFReadEncodedStrip(tiff, strip, buffer.data(), wanted) != wanted) handle.refuse("its pixels are cut short");
      unpack(page, {buffer, row_bytes, 0, y, page.width, height, samples, plane}, planes);
    }
  }
}

void read_tiles(const TiffHandle& handle, const Page& page, float* planes) {
  TIFF* tiff = handle.get();
  std::uint32_t width = 0, height = 0;
  TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height);
  const bool apart = page.planar == PLANARCONFIG_SEPARATE;
  const std::int64_t row_bytes = TIFFTileRowSize64(tiff);
  const std::int64_t samples = apart ? 1 : page.samples;
  const auto size = static_cast<std::int64_t>(TIFFTileSize64(tiff));
  if (width == 0 || height == 0 || row_bytes < (std::int64_t{width} * samples * page.bits + 7) / 8 ||
      size < row_bytes * height)
    handle.refuse("its tiles have an impossible size");
  std::vector<std::byte> buffer(static_cast<std::size_t>(size));
  std::uint32_t tile = 0;
  for (std::int64_t plane = 0; plane < (apart ? page.samples : 1); ++plane) {
    for (std::int64_t y = 0; y < page.height; y += height) {
      for (std::int64_t x = 0; x < page.width; x += width, ++tile) {
        if (TIFFReadEncodedTile(tiff, tile, buffer.data(), size) != size) handle.refuse("its pixels are cut short");
        const Block block{buffer,
                          row_bytes,
                          x,
                          y,
                          std::min<std::int64_t>(width, page.width - x),
                          std::min<std::int64_t>(height, page.height - y),
                          samples,
                          plane};
        unpack(page, block, planes);
      }
    }
  }
}

// Palette indices in `planes` become red, green, blue of 0..255; the planes must have room for three.
void apply_palette(const TiffHandle& handle, const Page& page, float* planes) {
  std::uint16_t* colors[3] = {};
  if (TIFFGetField(handle.get(), TIFFTAG_COLORMAP, &colors[0], &colors[1], &colors[2]) != 1)
    handle.refuse("its palette is missing");
  const std::int64_t area = std::int64_t{page.width} * page.height;
  for (std::int64_t i = 0; i < area; ++i) {
    const auto index = static_cast<std::size_t>(planes[i]);
    for (std::int64_t c = 0; c < 3; ++c) planes[c * area + i] = static_cast<float>(colors[c][index] >> 8);
  }
}

struct Contents {
  std::vector<std::uint64_t> directories;  // offsets of the pages that count
  Page page;
  TiffDescription description;
  PageOrder order;
  Image image;  // without pixels
  bool palette = false;
  bool inverted = false;
};

ImageInfo read_info(TIFF* tiff, const Page& page, const TiffDescription& description) {
  ImageInfo info{.kind = FileKind::tiff, .bits = page.bits};
  info.sample = page.format == SAMPLEFORMAT_IEEEFP ? SampleKind::floating
                : page.format == SAMPLEFORMAT_INT  ? SampleKind::signed_integer
                                                   : SampleKind::unsigned_integer;
  info.pixel_width = description.pixel_width;
  info.pixel_height = description.pixel_height;
  info.pixel_depth = description.pixel_depth;
  info.unit = description.unit;
  float x = 0, y = 0;
  const bool given =
      TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &x) == 1 && TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &y) == 1;
  if (info.pixel_width > 0 || !given || !(x > 0) || !(y > 0) || !std::isfinite(x) || !std::isfinite(y)) return info;
  const std::uint16_t unit = tag(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
  if (info.unit.empty() && unit != RESUNIT_NONE) info.unit = unit == RESUNIT_CENTIMETER ? "cm" : "inch";
  if (info.unit.empty()) return info;
  info.pixel_width = 1.0 / static_cast<double>(x);
  info.pixel_height = 1.0 / static_cast<double>(y);
  return info;
}

// Walks all pages' headers; Error where they can't be one image.
Contents read_contents(const TiffHandle& handle, std::string_view axes, TiffValues values) {
  TIFF* tiff = handle.get();
  Contents contents;
  std::uint32_t directory = 0;
  do {
    std::uint32_t kind = 0;
    TIFFGetField(tiff, TIFFTAG_SUBFILETYPE, &kind);
    if ((kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) != 0 && directory > 0) continue;  // thumbnails
    const Page page = read_page_header(handle);
    if (contents.directories.empty()) {
      contents.page = page;
      const char* text = nullptr;
      if (TIFFGetField(tiff, TIFFTAG_IMAGEDESCRIPTION, &text) == 1 && text != nullptr)
        contents.description = parse_description(text);
      contents.image.info = read_info(tiff, page, contents.description);
    } else if (!page.same_kind(contents.page)) {
      throw Error(
          fmt::format("{}: page {} ({}x{}, {} bits) differs from the first ({}x{}, {} bits): save them as single files",
                      handle.source(), directory + 1, page.height, page.width, page.bits, contents.page.height,
                      contents.page.width, contents.page.bits));
    }
    check_claim(handle, page, static_cast<double>(contents.directories.size() + 1));
    contents.directories.push_back(TIFFCurrentDirOffset(tiff));
  } while (++directory, TIFFReadDirectory(tiff) == 1);
  if (handle.failed()) handle.refuse("its pages are cut short");

  const Page& page = contents.page;
  const bool imagej = contents.description.writer == TiffDescription::Writer::imagej;
  contents.palette = page.photometric == PHOTOMETRIC_PALETTE && values == TiffValues::pixels && !imagej &&
                     page.samples == 1 && page.bits <= 16 && page.format == SAMPLEFORMAT_UINT;
  contents.inverted = page.photometric == PHOTOMETRIC_MINISWHITE && !(values == TiffValues::labels && imagej) &&
                      page.format == SAMPLEFORMAT_UINT && page.bits <= 32;
  const auto pages = static_cast<std::int64_t>(contents.directories.size());
  const std::int64_t samples = contents.palette ? 3 : page.channels();
  const PageOrder& order = contents.order = order_pages(handle.source(), pages, samples, contents.description, axes);
  contents.image.frames = order.frames;
  contents.image.channels = order.channels * samples;
  contents.image.depth = order.depth;
  contents.image.height = page.height;
  contents.image.width = page.width;
  if (contents.palette) contents.image.info.bits = 8;
  return contents;
}

// One page as samples, height, width.
std::vector<float> read_page(const TiffHandle& handle, const Contents& contents, std::int64_t index) {
  TIFF* tiff = handle.get();
  const std::uint64_t offset = contents.directories[static_cast<std::size_t>(index)];
  if (TIFFCurrentDirOffset(tiff) != offset && TIFFSetSubDirectory(tiff, offset) != 1)
    handle.refuse("its pages are cut short");
  const Page page = read_page_header(handle);
  const std::int64_t area = std::int64_t{page.width} * page.height;
  std::vector<float> planes(static_cast<std::size_t>(area * (contents.palette ? 3 : page.channels())));
  TIFFIsTiled(tiff) ? read_tiles(handle, page, planes.data()) : read_strips(handle, page, planes.data());
  if (contents.palette) apply_palette(handle, page, planes.data());
  if (contents.inverted) {
    const auto white = static_cast<float>(std::ldexp(1.0, page.bits) - 1);
    for (float& value : planes) value = white - value;
  }
  return planes;
}

// The pixels in T, C, Z, Y, X order, of all planes or one.
Image read_pixels(const TiffHandle& handle, std::string_view axes, TiffValues values, std::int64_t plane) {
  const Contents contents = read_contents(handle, axes, values);
  Image image = contents.image;
  const std::int64_t planes = image.planes();
  if (plane != kAllPlanes) {
    if (plane < 0 || plane >= planes)
      throw Error(fmt::format("{}: there is no plane {} of {}", handle.source(), plane, planes));
    image.frames = image.depth = 1;
  }
  check_image_memory(image, handle.source());
  const std::int64_t area = image.height * image.width;
  image.values.resize(static_cast<std::size_t>(area * image.channels * image.planes()));
  const PageOrder& order = contents.order;
  const std::int64_t samples = image.channels / order.channels;
  for (std::int64_t i = 0; i < image.planes(); ++i) {
    const std::int64_t from = plane == kAllPlanes ? i : plane;
    const std::int64_t t = i / image.depth, z = i % image.depth;
    for (std::int64_t c = 0; c < order.channels; ++c) {
      const std::int64_t page =
          from / order.depth * order.frame_stride + c * order.channel_stride + from % order.depth * order.depth_stride;
      const std::vector<float> pixels = read_page(handle, contents, page);
      for (std::int64_t s = 0; s < samples; ++s) {
        const std::int64_t to = ((t * image.channels + c * samples + s) * image.depth + z) * area;
        std::copy_n(pixels.begin() + s * area, area, image.values.begin() + to);
      }
    }
  }
  return image;
}

}  // namespace

Image read_tiff(const std::filesystem::path& path, std::string_view axes, TiffValues values, std::int64_t plane) {
  return read_pixels(TiffHandle::open(path), axes, values, plane);
}

Image probe_tiff(const std::filesystem::path& path, std::string_view axes) {
  return read_contents(TiffHandle::open(path), axes, TiffValues::pixels).image;
}

Image parse_tiff(std::span<const std::byte> bytes, const std::string& source, std::string_view axes, TiffValues values,
                 std::int64_t plane) {
  return read_pixels(TiffHandle::open(bytes, source), axes, values, plane);
}

void write_tiff(const std::filesystem::path& path, const Image& image) {
  os::write_file(path, serialize_tiff(image));
}

}  // namespace tuff
