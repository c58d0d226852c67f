// Images as files hold them: float32 in planar order, with what is needed to write a result beside them.
// read_image() knows PNG, JPEG, BMP (stb_image), TIFF (libtiff, tiff.h) and the volumes of MRC (mrc.h) and NIfTI
// (nifti.h). Every file that can't be used is an Error of one line that names the file and the way out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tuff {

enum class FileKind : std::uint8_t { png, jpeg, bmp, tiff, mrc, nifti };
enum class SampleKind : std::uint8_t { unsigned_integer, signed_integer, floating };

// What a file says beside its pixels; carried over from an input to the results made from it.
struct ImageInfo {
  FileKind kind = FileKind::png;
  SampleKind sample = SampleKind::unsigned_integer;
  int bits = 8;  // of one sample: 1, 2, 4, 8, 12, 16, 32 or 64
  // Extent of a pixel, 0 where unknown, in `unit` ("um", "nm", "mm", "cm", "inch", ...).
  double pixel_width = 0;
  double pixel_height = 0;
  double pixel_depth = 0;
  std::string unit;
  bool operator==(const ImageInfo&) const = default;
};

// Size in pixels of an image or a part of it: two-dimensional ones have depth 1.
struct ImageSize {
  std::int64_t depth = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;

  ImageSize() = default;
  ImageSize(std::int64_t y, std::int64_t x) : height(y), width(x) {}
  ImageSize(std::int64_t z, std::int64_t y, std::int64_t x) : depth(z), height(y), width(x) {}

  std::int64_t pixels() const { return depth * height * width; }
  bool operator==(const ImageSize&) const = default;
  auto operator<=>(const ImageSize&) const = default;
};

// "512x256" in the order y, x; volumes "31x512x256".
std::string to_string(const ImageSize& extents);

// Pixels in the file's own units (0..255 for 8 bits), order T, C, Z, Y, X. Integers above 2^24 are
// rounded to float32's precision.
struct Image {
  std::int64_t frames = 1;  // T: points in time
  std::int64_t channels = 1;
  std::int64_t depth = 1;  // Z: slices
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<float> values;
  ImageInfo info;

  Image() = default;
  Image(std::int64_t image_channels, std::int64_t image_height, std::int64_t image_width);  // zeros
  Image(std::int64_t image_channels, const ImageSize& extents);                             // zeros

  // Two-dimensional images this holds: every slice of every point in time.
  std::int64_t planes() const { return frames * depth; }
  // Plane number `index` (slices run fastest) with all channels, as C, Y, X.
  Image plane(std::int64_t index) const;
  // One point in time with all channels, as C, Z, Y, X.
  Image frame(std::int64_t index) const;

  ImageSize size() const { return {depth, height, width}; }

  // One channel of an image with a single frame, depth * height * width values.
  std::span<float> channel(std::int64_t index);
  std::span<const float> channel(std::int64_t index) const;
};

// "2x3x512x512" with only the axes above one in front of Y, X, for messages.
std::string describe_size(const Image& image);

// ImageSize, bits and pixel size without the pixels (`values` stays empty); as cheap as a header.
Image probe_image(const std::filesystem::path& path, std::string_view axes = {});

inline constexpr std::int64_t kAllPlanes = -1;

// The whole file, or one plane of it (numbered as by Image::plane). `axes` ("ZYX", "CYX", "TYX", ...; see tiff.h) says
// what the pages of a TIFF (the planes of a volume) are where the file doesn't. Alpha channels are dropped; palettes
// become colours.
Image read_image(const std::filesystem::path& path, std::string_view axes = {}, std::int64_t plane = kAllPlanes);

// The same for masks: palettes and 1 to 4 bit PNG files give their indices rather than colours, and ImageJ's masks with
// an inverting colour table keep 255 as foreground.
Image read_mask(const std::filesystem::path& path, std::string_view axes = {}, std::int64_t plane = kAllPlanes);

// From memory; `source` names it in errors.
Image parse_image(std::span<const std::byte> bytes, const std::string& source);
Image parse_mask(std::span<const std::byte> bytes, const std::string& source);

// Writes whole or not at all, by extension: .png, .tif, .tiff, .mrc, .rec, .map, .nii, .nii.gz. Values are rounded and
// clamped to info.bits (PNG: 8 or 16 bits, 1 or 3 channels, one plane; others: see tiff.h, mrc.h, nifti.h).
void write_image(const std::filesystem::path& path, const Image& image);
// Error where the extension is none of a picture's (.png, .tif, .tiff), which volumes' aren't: before the work whose
// result write_image() shall write.
void check_image_name(const std::filesystem::path& path);

// What read_image() reads, for messages.
inline constexpr std::string_view kImageFormats = "PNG, JPEG, BMP, TIFF, MRC, NIfTI";
// True where the extension is one that read_image() reads.
bool is_image_file(const std::filesystem::path& path);
// The file's name without extension; "x" for x.ome.tif and x.nii.gz.
std::string image_name(const std::filesystem::path& path);

// Error where the memory for this image's values isn't there; `source` names it.
void check_image_memory(const Image& image, const std::string& source);

}  // namespace tuff
