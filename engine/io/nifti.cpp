#include "io/nifti.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/error.h"
#include "io/volume_file.h"

namespace tuff {
namespace {

constexpr std::size_t kHeader = 348, kPixels = 352;
constexpr std::int32_t kHeader2 = 540;  // of NIfTI-2
constexpr std::size_t kAxes = 5;        // x, y, z, t, channels

// Offsets of the header's fields.
enum Field : std::size_t {
  kSize = 0,
  kExtents = 40,  // how many axes, then theirs
  kIntent = 68,
  kType = 70,
  kBits = 72,
  kSpacing = 76,
  kOffset = 108,
  kSlope = 112,
  kIntercept = 116,
  kUnits = 123,
  kMagic = 344,
};

struct StoredType {
  std::int16_t code;
  ElementType type;
};
constexpr StoredType kTypes[] = {{2, ElementType::u8},    {4, ElementType::i16},   {8, ElementType::i32},
                                 {16, ElementType::f32},  {64, ElementType::f64},  {256, ElementType::i8},
                                 {512, ElementType::u16}, {768, ElementType::u32}, {1024, ElementType::i64},
                                 {1280, ElementType::u64}};

struct Unit {
  int code;
  const char* name;
};
constexpr Unit kUnitCodes[] = {{1, "m"}, {2, "mm"}, {3, "um"}};
constexpr int kSpace = 7;  // the bits of `kUnits` that are not time's

bool has_size(std::span<const std::byte> bytes, std::int32_t size) {
  return read_field<std::int32_t>(bytes, kSize, false) == size || read_field<std::int32_t>(bytes, kSize, true) == size;
}

bool has_magic(std::span<const std::byte> header, const char* magic) {
  return std::memcmp(header.data() + kMagic, magic, 4) == 0;
}

[[noreturn]] void refuse(const std::string& source, const std::string& reason) {
  throw Error(fmt::format("{}: damaged NIfTI: {}; copy or export it again", source, reason));
}

void check_version(std::span<const std::byte> header, const std::string& source) {
  if (has_size(header, kHeader2))
    throw Error(
        fmt::format("{}: is NIfTI-2, of which version 1 alone is read: save it as NIfTI-1 (in Python: "
                    "nibabel.Nifti1Image.from_image(nibabel.load(file)).to_filename('new.nii.gz'))",
                    source));
  if (!has_size(header, kHeader))
    throw Error(fmt::format("{}: is no NIfTI file: save it as .nii, TIFF or PNG", source));
  if (has_magic(header, "n+1")) return;
  throw Error(
      fmt::format("{}: is Analyze's or NIfTI's header of a pair of files (.hdr, .img): save it as one .nii", source));
}

ElementType type_of(std::span<const std::byte> header, bool swapped, const std::string& source) {
  const auto code = read_field<std::int16_t>(header, kType, swapped);
  for (const StoredType& stored : kTypes)
    if (stored.code == code) return stored.type;
  throw Error(
      fmt::format("{}: NIfTI of datatype {} (colors, complex or 128-bit numbers) isn't read: save it as "
                  "integers or float32",
                  source, code));
}

// Axes that the header doesn't count have one entry.
std::array<std::int64_t, kAxes> extents_of(std::span<const std::byte> header, bool swapped, const std::string& source) {
  const auto extent = [&](std::size_t axis) {
    return std::int64_t{read_field<std::int16_t>(header, kExtents + 2 * axis, swapped)};
  };
  constexpr std::int64_t kMostAxes = 7;
  const std::int64_t count = extent(0);
  if (count < 1 || count > kMostAxes) refuse(source, fmt::format("it has {} axes", count));
  std::array<std::int64_t, kAxes> extents = {1, 1, 1, 1, 1};
  for (std::size_t axis = 1; axis <= static_cast<std::size_t>(count); ++axis) {
    const std::int64_t value = axis > 2 ? std::max<std::int64_t>(extent(axis), extent(axis) == 0) : extent(axis);
    if (value < 1) refuse(source, fmt::format("axis {} has extent {}", axis, value));
    if (axis <= kAxes)
      extents[axis - 1] = value;
    else if (value > 1)
      throw Error(
          fmt::format("{}: has {} entries along axis {}; five axes are read (x, y, z, t, channels): save it in "
                      "parts",
                      source, value, axis));
  }
  return extents;
}

void read_pixel_size(ImageInfo& info, std::span<const std::byte> header, bool swapped) {
  const int code = std::to_integer<int>(header[kUnits]) & kSpace;
  const auto* unit = std::ranges::find(kUnitCodes, code, &Unit::code);
  if (unit == std::end(kUnitCodes)) return;
  double sizes[3] = {};
  for (std::size_t i = 0; i < 3; ++i) {
    const double size = std::abs(static_cast<double>(read_field<float>(header, kSpacing + 4 * (i + 1), swapped)));
    if (std::isfinite(size)) sizes[i] = size;
  }
  if (sizes[0] == 0 || sizes[1] == 0) return;
  info.pixel_width = sizes[0];
  info.pixel_height = sizes[1];
  info.pixel_depth = sizes[2];
  info.unit = unit->name;
}

void read_scaling(VolumeFile& volume, std::span<const std::byte> header, const std::string& source) {
  const auto slope = static_cast<double>(read_field<float>(header, kSlope, volume.swapped));
  const auto intercept = static_cast<double>(read_field<float>(header, kIntercept, volume.swapped));
  if (slope == 0 || !std::isfinite(slope)) return;  // no scaling
  if (!std::isfinite(intercept)) refuse(source, "its intercept is no number");
  volume.slope = slope;
  volume.intercept = intercept;
  if (slope != 1 || intercept != 0) describe_samples(volume.image.info, ElementType::f32);
}

std::int64_t offset_of(std::span<const std::byte> header, bool swapped, const std::string& source) {
  const auto offset = static_cast<double>(read_field<float>(header, kOffset, swapped));
  constexpr double kFarthest = 1 << 30;
  if (offset == 0) return kPixels;
  if (!(offset >= kHeader && offset <= kFarthest && offset == std::floor(offset)))
    refuse(source, fmt::format("its pixels begin at byte {}", offset));
  return static_cast<std::int64_t>(offset);
}

VolumeFile read_header(ByteStream& stream, std::string_view axes) {
  const std::string& source = stream.source();
  std::array<std::byte, kHeader> header{};
  if (stream.read(header) < kHeader)
    throw Error(fmt::format("{}: is no NIfTI file or cut short: its header has {} bytes; copy or export it again",
                            source, kHeader));
  check_version(header, source);
  VolumeFile volume;
  volume.swapped = read_field<std::int32_t>(header, kSize, false) != static_cast<std::int32_t>(kHeader);
  volume.type = type_of(header, volume.swapped, source);
  volume.offset = offset_of(header, volume.swapped, source);
  const std::array<std::int64_t, kAxes> extents = extents_of(header, volume.swapped, source);
  Image& image = volume.image;
  image.width = extents[0];
  image.height = extents[1];
  image.info.kind = FileKind::nifti;
  describe_samples(image.info, volume.type);
  read_pixel_size(image.info, header, volume.swapped);
  read_scaling(volume, header, source);

  TiffDescription planes{.frames = extents[3], .channels = extents[4], .depth = extents[2]};
  if (planes.channels > 1) planes.order += 'C';
  if (planes.frames > 1) planes.order += 'T';
  if (planes.depth > 1 || planes.order.empty()) planes.order += 'Z';
  set_planes(volume, stream, planes, axes);
  return volume;
}

Image read(ByteStream& stream, std::string_view axes, std::int64_t plane) {
  const VolumeFile volume = read_header(stream, axes);
  return read_planes(stream, volume, plane);
}

void write_pixel_size(std::span<std::byte> header, const ImageInfo& info) {
  // Its own unit where NIfTI has it, else the nearest one.
  const auto* own = std::ranges::find_if(kUnitCodes, [&](const Unit& unit) { return info.unit == unit.name; });
  const Unit unit = own != std::end(kUnitCodes) ? *own : info.unit == "nm" ? kUnitCodes[2] : kUnitCodes[1];
  const double factor = unit_factor(info.unit, unit.name);
  const double sizes[] = {info.pixel_width, info.pixel_height, info.pixel_depth};
  for (std::size_t i = 0; i < 3; ++i)
    write_field(header, kSpacing + 4 * (i + 1), factor > 0 && sizes[i] > 0 ? static_cast<float>(sizes[i] * factor) : 1);
  if (factor > 0 && info.pixel_width > 0) header[kUnits] = static_cast<std::byte>(unit.code);
}

void write_header(std::span<std::byte> header, const Image& image, ElementType type) {
  const std::int64_t extents[kAxes] = {image.width, image.height, image.depth, image.frames, image.channels};
  const int count = image.channels > 1 ? 5 : image.frames > 1 ? 4 : 3;
  write_field(header, kSize, static_cast<std::int32_t>(kHeader));
  write_field(header, kExtents, static_cast<std::int16_t>(count));
  for (std::size_t axis = 1; axis <= 7; ++axis) {
    write_field(header, kExtents + 2 * axis, static_cast<std::int16_t>(axis <= kAxes ? extents[axis - 1] : 1));
    write_field(header, kSpacing + 4 * axis, 1.0F);
  }
  write_pixel_size(header, image.info);
  write_field(header, kSpacing, 1.0F);
  constexpr std::int16_t kVector = 1007;  // what readers expect of the fifth axis
  if (image.channels > 1) write_field(header, kIntent, kVector);
  write_field(header, kType, std::ranges::find(kTypes, type, &StoredType::type)->code);
  write_field(header, kBits, static_cast<std::int16_t>(size_of(type) * 8));
  write_field(header, kOffset, static_cast<float>(kPixels));
  write_field(header, kSlope, 1.0F);
  std::memcpy(header.data() + kMagic, "n+1", 4);
}

}  // namespace

bool is_nifti(std::span<const std::byte> beginning) {
  if (beginning.size() < kHeader) return false;
  const bool second = has_size(beginning, kHeader2) && std::memcmp(beginning.data() + 4, "n+2", 4) == 0;
  return second || (has_size(beginning, kHeader) && (has_magic(beginning, "n+1") || has_magic(beginning, "ni1")));
}

Image read_nifti(const std::filesystem::path& path, std::string_view axes, std::int64_t plane) {
  ByteStream stream(path);
  return read(stream, axes, plane);
}

Image probe_nifti(const std::filesystem::path& path, std::string_view axes) {
  ByteStream stream(path);
  return read_header(stream, axes).image;
}

Image parse_nifti(std::span<const std::byte> bytes, const std::string& source, std::string_view axes,
                  std::int64_t plane) {
  ByteStream stream(bytes, source);
  return read(stream, axes, plane);
}

std::vector<std::byte> serialize_nifti(const Image& image, const std::string& target) {
  if (std::max({image.width, image.height, image.depth, image.frames, image.channels}) > INT16_MAX)
    throw Error(fmt::format("{}: {} is too large for NIfTI-1, whose axes have at most {} entries: write a .tif", target,
                            describe_size(image), INT16_MAX));
  const ElementType type = stored_type(image.info);
  std::vector<std::byte> bytes(kPixels);
  write_header(bytes, image, type);
  // The image has time before channels, the file channels before time.
  const auto part = static_cast<std::size_t>(image.size().pixels());
  for (std::int64_t channel = 0; channel < image.channels; ++channel)
    for (std::int64_t frame = 0; frame < image.frames; ++frame)
      append_samples(
          bytes, type,
          std::span(image.values).subspan(static_cast<std::size_t>(frame * image.channels + channel) * part, part));
  return bytes;
}

}  // namespace tuff
