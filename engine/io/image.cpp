#include "io/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/os.h"
#include "io/byte_stream.h"
#include "io/mrc.h"
#include "io/nifti.h"
#include "io/png.h"
#include "io/tiff.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#else
#include <stb_image.h>
#endif

namespace tuff {
namespace {

using Bytes = std::span<const std::byte>;

std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

// With ".nii" in front of ".gz".
std::string image_extension(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  return extension == ".gz" ? lower_extension(path.stem()) + extension : extension;
}

constexpr std::string_view kTiffExtensions[] = {".tif", ".tiff"};
constexpr std::string_view kMrcExtensions[] = {".mrc", ".rec", ".map"};
constexpr std::string_view kNiftiExtensions[] = {".nii", ".nii.gz"};
constexpr std::string_view kPngExtensions[] = {".png"};
constexpr std::string_view kReadExtensions[] = {".jpg", ".jpeg", ".bmp"};  // and not written

bool is_one_of(std::span<const std::string_view> extensions, std::string_view extension) {
  return std::ranges::find(extensions, extension) != extensions.end();
}

unsigned byte_at(Bytes bytes, std::size_t at) {
  return std::to_integer<unsigned>(bytes[at]);
}

std::int64_t little_endian(Bytes bytes, std::size_t at) {  // of a signed 32-bit number
  return static_cast<std::int32_t>(byte_at(bytes, at) | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2) << 16 |
                                   byte_at(bytes, at + 3) << 24);
}

// What the first bytes say; nothing for none of ours.
std::optional<FileKind> kind_of(Bytes bytes) {
  const auto begins = [&](std::string_view magic) {
    return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
  };
  using std::string_view_literals::operator""sv;
  if (is_png(bytes)) return FileKind::png;
  if (begins("\xff\xd8\xff")) return FileKind::jpeg;
  for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
    if (begins(magic)) return FileKind::tiff;
  if (begins("\x1f\x8b") || is_nifti(bytes)) return FileKind::nifti;  // gzip packs nothing else of ours
  if (is_mrc(bytes)) return FileKind::mrc;
  if (begins("BM")) return FileKind::bmp;
  return std::nullopt;
}

[[noreturn]] void refuse_unknown(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  for (const char* vendor : {".czi", ".nd2", ".lif", ".oib", ".oif", ".lsm5", ".vsi", ".ims"})
    if (extension == vendor)
      throw Error(fmt::format("{}: {} files aren't read: export it as TIFF (Fiji: File > Save As > Tiff)",
                              path.string(), vendor));
  throw Error(fmt::format("{}: no image that is read ({}): export it as TIFF or PNG", path.string(), kImageFormats));
}

// The first `most` bytes; Error where the file is missing or empty.
std::vector<std::byte> read_prefix(const std::filesystem::path& path, std::size_t most) {
  if (!std::filesystem::exists(path)) throw Error(fmt::format("{}: there is no such file", path.string()));
  std::ifstream stream(path, std::ios::binary);
  if (!stream || std::filesystem::is_directory(path))
    throw Error(fmt::format("{}: can't be opened for reading", path.string()));
  std::vector<std::byte> bytes(most);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(most));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  if (bytes.empty())
    throw Error(fmt::format("{}: the file is empty (0 bytes): copy or export it again", path.string()));
  return bytes;
}

FileKind sniff(const std::filesystem::path& path) {
  constexpr std::size_t kEnough = 512;
  if (const auto kind = kind_of(read_prefix(path, kEnough))) return *kind;
  // Too old to say so, or too damaged: the reader will tell.
  const std::string extension = image_extension(path);
  if (is_one_of(kMrcExtensions, extension)) return FileKind::mrc;
  if (is_one_of(kNiftiExtensions, extension)) return FileKind::nifti;
  refuse_unknown(path);
}

// stb_image fills what is missing of a JPEG with grey: walk its segments to the end-of-image marker.
void check_jpeg(Bytes bytes, const std::string& source) {
  const auto refuse = [&] {
    throw Error(fmt::format("{}: damaged JPEG: it is cut short; copy or export it again", source));
  };
  std::size_t at = 2;
  while (true) {
    while (at + 1 < bytes.size() && !(byte_at(bytes, at) == 0xff && byte_at(bytes, at + 1) != 0xff)) ++at;
    if (at + 1 >= bytes.size()) refuse();
    const unsigned marker = byte_at(bytes, at + 1);
    at += 2;
    if (marker == 0xd9) return;
    if (marker == 0 || marker == 1 || (marker >= 0xd0 && marker <= 0xd8)) continue;  // stuffing, restarts: no length
    if (at + 2 > bytes.size()) refuse();
    // Past the segment; within a scan, the search above goes on to the next marker.
    at += byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
    if (at > bytes.size()) refuse();
  }
}

// stb_image fills what is missing of a BMP with zeros.
void check_bmp(Bytes bytes, const std::string& source) {
  const auto refuse = [&] {
    throw Error(fmt::format("{}: damaged BMP: it is cut short; copy or export it again", source));
  };
  if (bytes.size() < 32) refuse();
  const bool old = little_endian(bytes, 14) == 12;  // OS/2's header has 16-bit sizes
  const std::int64_t width = old ? little_endian(bytes, 18) & 0xffff : little_endian(bytes, 18);
  const std::int64_t height = old ? little_endian(bytes, 18) >> 16 & 0xffff : std::abs(little_endian(bytes, 22));
  const std::int64_t bits = old ? little_endian(bytes, 24) & 0xffff : little_endian(bytes, 28) & 0xffff;
  const std::int64_t pixels = little_endian(bytes, 10);
  constexpr std::int64_t kLargestSide = 1 << 24;  // stb_image's own limit
  const bool sensible = width >= 1 && width <= kLargestSide && height >= 1 && height <= kLargestSide;
  if (!sensible || bits < 1 || bits > 32 || pixels < 26) refuse();
  const std::int64_t stride = (width * bits + 31) / 32 * 4;
  if (pixels + stride * height > static_cast<std::int64_t>(bytes.size())) refuse();
}

struct Size {
  int width = 0;
  int height = 0;
  int components = 0;
  bool sixteen = false;
};

// From the header alone; nothing where stb_image doesn't understand it.
std::optional<Size> stb_size(Bytes bytes) {
  Size size;
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int length = static_cast<int>(std::min<std::size_t>(bytes.size(), INT32_MAX));
  if (stbi_info_from_memory(data, length, &size.width, &size.height, &size.components) == 0) return std::nullopt;
  size.sixteen = stbi_is_16_bit_from_memory(data, length) != 0;
  return size;
}

Image empty_image(const Size& size, FileKind kind) {
  Image image;
  image.channels = size.components >= 3 ? 3 : 1;  // without alpha
  image.height = size.height;
  image.width = size.width;
  image.info.kind = kind;
  image.info.bits = size.sixteen ? 16 : 8;
  return image;
}

template <class T>
void deinterleave(const T* pixels, int components, Image& image) {
  const auto plane = static_cast<std::size_t>(image.height * image.width);
  const auto channels = static_cast<std::size_t>(image.channels);
  image.values.resize(plane * channels);
  for (std::size_t i = 0; i < plane; ++i)
    for (std::size_t c = 0; c < channels; ++c)
      image.values[c * plane + i] = static_cast<float>(pixels[i * static_cast<std::size_t>(components) + c]);
}

[[noreturn]] void refuse_stb(const std::string& source) {
  const char* reason = stbi_failure_reason();
  throw Error(
      fmt::format("{}: damaged image: {}; copy or export it again", source, reason ? reason : "not understood"));
}

Image decode_stb(Bytes bytes, const std::string& source, FileKind kind) {
  if (bytes.size() > INT32_MAX) throw Error(fmt::format("{}: above 2 GiB: export it as TIFF", source));
  if (kind == FileKind::png) check_png(bytes, source);
  if (kind == FileKind::jpeg) check_jpeg(bytes, source);
  if (kind == FileKind::bmp) check_bmp(bytes, source);
  const auto size = stb_size(bytes);
  if (!size) refuse_stb(source);
  // A JPEG block of 8x8 pixels takes some bits at least: no honest file has more pixels a byte.
  if (kind == FileKind::jpeg &&
      std::int64_t{size->width} * size->height / 4096 > static_cast<std::int64_t>(bytes.size()))
    throw Error(fmt::format("{}: damaged JPEG: {}x{} pixels can't be in {} bytes", source, size->height, size->width,
                            bytes.size()));

  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int length = static_cast<int>(bytes.size());
  Size decoded = *size;
  const auto free_pixels = [](void* pixels) { stbi_image_free(pixels); };
  const std::unique_ptr<void, decltype(free_pixels)> pixels(
      size->sixteen ? static_cast<void*>(stbi_load_16_from_memory(data, length, &decoded.width, &decoded.height,
                                                                  &decoded.components, 0))
                    : stbi_load_from_memory(data, length, &decoded.width, &decoded.height, &decoded.components, 0),
      free_pixels);
  if (!pixels) refuse_stb(source);
  Image image = empty_image(decoded, kind);
  if (decoded.sixteen)
    deinterleave(static_cast<const stbi_us*>(pixels.get()), decoded.components, image);
  else
    deinterleave(static_cast<const stbi_uc*>(pixels.get()), decoded.components, image);
  return image;
}

// Palettes and few bits as they are stored.
Image decode_mask(Bytes bytes, const std::string& source, FileKind kind) {
  if (kind == FileKind::png) {
    const PngHeader header = parse_png_header(bytes, source);
    if (header.palette || header.bits < 8) return decode_png_indices(bytes, source);
  }
  return decode_stb(bytes, source, kind);
}

}  // namespace

Image::Image(std::int64_t image_channels, std::int64_t image_height, std::int64_t image_width)
    : channels(image_channels),
      height(image_height),
      width(image_width),
      values(static_cast<std::size_t>(image_channels * image_height * image_width)) {}

Image::Image(std::int64_t image_channels, const ImageSize& extents)
    : channels(image_channels),
      depth(extents.depth),
      height(extents.height),
      width(extents.width),
      values(static_cast<std::size_t>(image_channels * extents.pixels())) {}

Image Image::plane(std::int64_t index) const {
  Image result(channels, height, width);
  result.info = info;
  const std::int64_t area = height * width;
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t from = ((index / depth * channels + c) * depth + index % depth) * area;
    std::copy_n(values.begin() + from, area, result.values.begin() + c * area);
  }
  return result;
}

Image Image::frame(std::int64_t index) const {
  Image result(channels, size());
  result.info = info;
  const auto count = static_cast<std::ptrdiff_t>(result.values.size());
  std::copy_n(values.begin() + index * count, count, result.values.begin());
  return result;
}

std::span<float> Image::channel(std::int64_t index) {
  const auto count = static_cast<std::size_t>(size().pixels());
  return std::span(values).subspan(static_cast<std::size_t>(index) * count, count);
}

std::span<const float> Image::channel(std::int64_t index) const {
  const auto count = static_cast<std::size_t>(size().pixels());
  return std::span(values).subspan(static_cast<std::size_t>(index) * count, count);
}

std::string to_string(const ImageSize& extents) {
  return (extents.depth > 1 ? fmt::format("{}x", extents.depth) : "") +
         fmt::format("{}x{}", extents.height, extents.width);
}

std::string describe_size(const Image& image) {
  std::string text;
  for (const std::int64_t extent : {image.frames, image.channels, image.depth})
    if (extent > 1) text += fmt::format("{}x", extent);
  return text + fmt::format("{}x{}", image.height, image.width);
}

Image probe_image(const std::filesystem::path& path, std::string_view axes) {
  const FileKind kind = sniff(path);
  if (kind == FileKind::tiff) return probe_tiff(path, axes);
  if (kind == FileKind::mrc) return probe_mrc(path, axes);
  if (kind == FileKind::nifti) return probe_nifti(path, axes);
  std::optional<Size> size = stb_size(read_prefix(path, std::size_t{1} << 18));
  if (!size) size = stb_size(os::read_file(path));  // a JPEG with much in front of its size
  if (!size) refuse_stb(path.string());
  return empty_image(*size, kind);
}

Image read_image(const std::filesystem::path& path, std::string_view axes, std::int64_t plane) {
  const FileKind kind = sniff(path);
  if (kind == FileKind::tiff) return read_tiff(path, axes, TiffValues::pixels, plane);
  if (kind == FileKind::mrc) return read_mrc(path, axes, plane);
  if (kind == FileKind::nifti) return read_nifti(path, axes, plane);
  return decode_stb(os::read_file(path), path.string(), kind);
}

Image read_mask(const std::filesystem::path& path, std::string_view axes, std::int64_t plane) {
  const FileKind kind = sniff(path);
  if (kind == FileKind::tiff) return read_tiff(path, axes, TiffValues::labels, plane);
  if (kind == FileKind::mrc) return read_mrc(path, axes, plane);
  if (kind == FileKind::nifti) return read_nifti(path, axes, plane);
  return decode_mask(os::read_file(path), path.string(), kind);
}

Image parse_image(std::span<const std::byte> bytes, const std::string& source) {
  const auto kind = kind_of(bytes);
  if (!kind) refuse_unknown(source);
  if (*kind == FileKind::tiff) return parse_tiff(bytes, source);
  if (*kind == FileKind::mrc) return parse_mrc(bytes, source);
  if (*kind == FileKind::nifti) return parse_nifti(bytes, source);
  return decode_stb(bytes, source, *kind);
}

Image parse_mask(std::span<const std::byte> bytes, const std::string& source) {
  const auto kind = kind_of(bytes);
  if (!kind) refuse_unknown(source);
  if (*kind == FileKind::tiff) return parse_tiff(bytes, source, {}, TiffValues::labels);
  if (*kind == FileKind::mrc) return parse_mrc(bytes, source);
  if (*kind == FileKind::nifti) return parse_nifti(bytes, source);
  return decode_mask(bytes, source, *kind);
}

void write_image(const std::filesystem::path& path, const Image& image) {
  const std::string extension = image_extension(path);
  if (is_one_of(kPngExtensions, extension)) return os::write_file(path, serialize_png(image));
  if (is_one_of(kTiffExtensions, extension)) return write_tiff(path, image);
  if (is_one_of(kMrcExtensions, extension)) return os::write_file(path, serialize_mrc(image, path.string()));
  if (!is_one_of(kNiftiExtensions, extension))
    throw Error(
        fmt::format("{}: images are written as .png or .tif, volumes also as .mrc, .nii or .nii.gz", path.string()));
  const std::vector<std::byte> volume = serialize_nifti(image, path.string());
  os::write_file(path, extension == ".nii" ? volume : pack_gzip(volume));
}

void check_image_name(const std::filesystem::path& path) {
  const std::string extension = image_extension(path);
  if (!is_one_of(kPngExtensions, extension) && !is_one_of(kTiffExtensions, extension))
    throw Error(fmt::format("{}: pictures are written as .png or .tif", path.string()));
}

bool is_image_file(const std::filesystem::path& path) {
  const std::string extension = image_extension(path);
  for (const std::span<const std::string_view> extensions :
       {std::span<const std::string_view>(kPngExtensions), std::span<const std::string_view>(kReadExtensions),
        std::span<const std::string_view>(kTiffExtensions), std::span<const std::string_view>(kMrcExtensions),
        std::span<const std::string_view>(kNiftiExtensions)})
    if (is_one_of(extensions, extension)) return true;
  return false;
}

std::string image_name(const std::filesystem::path& path) {
  const std::filesystem::path stem = path.stem();
  return stem.extension() == ".ome" || image_extension(path) == ".nii.gz" ? stem.stem().string() : stem.string();
}

void check_image_memory(const Image& image, const std::string& source) {
  const double needed = static_cast<double>(image.height) * static_cast<double>(image.width) *
                        static_cast<double>(image.channels * image.planes()) * sizeof(float);
  const auto available = static_cast<double>(os::available_memory());
  if (needed > available)
    throw OutOfMemory(fmt::format("{}: {} takes {:.1f} GiB of memory, {:.1f} are there: save it in parts", source,
                                  describe_size(image), needed / (1 << 30), available / (1 << 30)));
}

}  // namespace tuff
