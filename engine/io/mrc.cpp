#include "io/mrc.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>

#include "base/error.h"
#include "io/volume_file.h"

namespace tuff {
namespace {

constexpr std::size_t kHeader = 1024;
constexpr bool kLittle = std::endian::native == std::endian::little;
constexpr std::byte kLittleStamp{0x44}, kBigStamp{0x11};
constexpr std::int32_t kImodStamp = 1146047817;  // "IMOD"
constexpr std::int32_t kImodSigned = 1;
constexpr std::int32_t kLargestSide = 1 << 24;
constexpr std::int32_t kImages = 0, kVolume = 1, kVolumes = 401, kLastVolumes = 630;  // space groups
constexpr double kAngstromPerNanometer = 10;

// Offsets of the header's fields.
enum Field : std::size_t {
  kColumns = 0,
  kRows = 4,
  kSections = 8,
  kMode = 12,
  kIntervals = 28,  // of the cell along x, y, z
  kCell = 40,       // in angstrom
  kAngles = 52,
  kAxes = 64,  // 1, 2, 3 for x, y, z: those of columns, rows, sections
  kLowest = 76,
  kHighest = 80,
  kMean = 84,
  kSpaceGroup = 88,
  kExtended = 92,
  kVersion = 108,
  kImod = 152,
  kImodFlags = 156,
  kName = 208,
  kStamp = 212,
  kDeviation = 216,
};

bool has_name(std::span<const std::byte> header) {
  return std::memcmp(header.data() + kName, "MAP", 3) == 0;
}

bool is_sensible(std::span<const std::byte> header, bool swapped) {
  const auto between = [&](std::size_t field, std::int32_t low, std::int32_t high) {
    const auto value = read_field<std::int32_t>(header, field, swapped);
    return value >= low && value <= high;
  };
  constexpr std::int32_t kLastMode = 127;
  return between(kColumns, 1, kLargestSide) && between(kRows, 1, kLargestSide) && between(kSections, 1, kLargestSide) &&
         between(kMode, 0, kLastMode);
}

// By the stamp; what old programs left there says nothing.
bool is_swapped(std::span<const std::byte> header) {
  if (header[kStamp] == kLittleStamp) return !kLittle;
  if (header[kStamp] == kBigStamp) return kLittle;
  return !is_sensible(header, false);
}

ElementType type_of(std::span<const std::byte> header, bool swapped, const std::string& source) {
  const auto mode = read_field<std::int32_t>(header, kMode, swapped);
  const bool imod = read_field<std::int32_t>(header, kImod, swapped) == kImodStamp;
  const bool sign = !imod || (read_field<std::int32_t>(header, kImodFlags, swapped) & kImodSigned) != 0;
  switch (mode) {
    case 0: return sign ? ElementType::i8 : ElementType::u8;
    case 1: return ElementType::i16;
    case 2: return ElementType::f32;
    case 6: return ElementType::u16;
    case 12: return ElementType::f16;
    case 3:
    case 4:
      throw Error(fmt::format("{}: MRC of complex numbers (a Fourier transform): export the volume itself", source));
    default:
      throw Error(fmt::format(
          "{}: MRC of mode {} isn't read: save it in mode 0, 1, 2, 6 or 12 (IMOD: newstack -mode 1)", source, mode));
  }
}

// Which axis of the cell columns, rows, sections are: crystallographers' maps may have them in any order.
std::array<std::size_t, 3> cell_axes(std::span<const std::byte> header, bool swapped, const std::string& source) {
  std::array<std::int32_t, 3> stored{};
  for (std::size_t i = 0; i < 3; ++i) stored[i] = read_field<std::int32_t>(header, kAxes + 4 * i, swapped);
  if (stored == std::array<std::int32_t, 3>{}) return {0, 1, 2};  // not set by old programs
  std::array<std::int32_t, 3> sorted = stored;
  std::ranges::sort(sorted);
  if (sorted != std::array<std::int32_t, 3>{1, 2, 3})
    throw Error(fmt::format("{}: damaged MRC: its axes are {}, {}, {}; copy or export it again", source, stored[0],
                            stored[1], stored[2]));
  std::array<std::size_t, 3> axes{};
  for (std::size_t i = 0; i < 3; ++i) axes[i] = static_cast<std::size_t>(stored[i]) - 1;
  return axes;
}

void read_pixel_size(ImageInfo& info, std::span<const std::byte> header, bool swapped, const std::string& source) {
  const std::array<std::size_t, 3> axes = cell_axes(header, swapped, source);
  double sizes[3] = {};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto cell = static_cast<double>(read_field<float>(header, kCell + 4 * axes[i], swapped));
    const auto intervals = read_field<std::int32_t>(header, kIntervals + 4 * axes[i], swapped);
    if (std::isfinite(cell) && cell > 0 && intervals > 0) sizes[i] = cell / intervals / kAngstromPerNanometer;
  }
  if (sizes[0] == 0 || sizes[1] == 0) return;
  info.pixel_width = sizes[0];
  info.pixel_height = sizes[1];
  info.pixel_depth = sizes[2];
  info.unit = "nm";
}

VolumeFile read_header(ByteStream& stream, std::string_view axes) {
  const std::string& source = stream.source();
  std::array<std::byte, kHeader> header{};
  if (stream.read(header) < kHeader)
    throw Error(fmt::format("{}: is no MRC file or cut short: its header has {} bytes; copy or export it again", source,
                            kHeader));
  VolumeFile volume;
  const bool swapped = volume.swapped = is_swapped(header);
  const auto number = [&](std::size_t field) { return std::int64_t{read_field<std::int32_t>(header, field, swapped)}; };
  if (!is_sensible(header, swapped))
    throw Error(has_name(header) ? fmt::format("{}: damaged MRC: {}x{}x{} of mode {}; copy or export it again", source,
                                               number(kSections), number(kRows), number(kColumns), number(kMode))
                                 : fmt::format("{}: is no MRC file: export it as MRC, TIFF or PNG", source));
  volume.type = type_of(header, swapped, source);
  Image& image = volume.image;
  image.width = number(kColumns);
  image.height = number(kRows);
  image.info.kind = FileKind::mrc;
  describe_samples(image.info, volume.type);
  read_pixel_size(image.info, header, swapped, source);

  if (number(kExtended) < 0)
    throw Error(fmt::format("{}: damaged MRC: its extended header has {} bytes; copy or export it again", source,
                            number(kExtended)));
  volume.offset = static_cast<std::int64_t>(kHeader) + number(kExtended);
  TiffDescription planes{.order = "Z", .depth = number(kSections)};
  const std::int64_t slices = number(kIntervals + 8), group = number(kSpaceGroup);
  if (group >= kVolumes && group <= kLastVolumes && slices > 0 && planes.depth % slices == 0) {
    planes.order = "TZ";
    planes.frames = planes.depth / slices;
    planes.depth = slices;
  }
  set_planes(volume, stream, planes, axes);
  return volume;
}

Image read(ByteStream& stream, std::string_view axes, std::int64_t plane) {
  const VolumeFile volume = read_header(stream, axes);
  return read_planes(stream, volume, plane);
}

struct Mode {
  std::int32_t number;
  ElementType type;
};

Mode mode_of(const ImageInfo& info) {
  switch (stored_type(info)) {
    case ElementType::i8: return {0, ElementType::i8};
    case ElementType::i16: return {1, ElementType::i16};
    case ElementType::u8:
    case ElementType::u16: return {6, ElementType::u16};
    default: return {2, ElementType::f32};
  }
}

// Lowest, highest, mean and standard deviation of the values.
void write_statistics(std::span<std::byte> header, const std::vector<float>& values) {
  double sum = 0, squares = 0;
  for (const float value : values) sum += static_cast<double>(value);
  const double mean = sum / static_cast<double>(values.size());
  for (const float value : values) squares += std::pow(static_cast<double>(value) - mean, 2);
  const auto [low, high] = std::ranges::minmax(values);
  write_field(header, kLowest, low);
  write_field(header, kHighest, high);
  write_field(header, kMean, static_cast<float>(mean));
  write_field(header, kDeviation, static_cast<float>(std::sqrt(squares / static_cast<double>(values.size()))));
}

}  // namespace

bool is_mrc(std::span<const std::byte> beginning) {
  return beginning.size() >= kDeviation && has_name(beginning) && is_sensible(beginning, is_swapped(beginning));
}

Image read_mrc(const std::filesystem::path& path, std::string_view axes, std::int64_t plane) {
  ByteStream stream(path);
  return read(stream, axes, plane);
}

Image probe_mrc(const std::filesystem::path& path, std::string_view axes) {
  ByteStream stream(path);
  return read_header(stream, axes).image;
}

Image parse_mrc(std::span<const std::byte> bytes, const std::string& source, std::string_view axes,
                std::int64_t plane) {
  ByteStream stream(bytes, source);
  return read(stream, axes, plane);
}

std::vector<std::byte> serialize_mrc(const Image& image, const std::string& target) {
  if (image.channels != 1)
    throw Error(fmt::format("{}: MRC has one channel, the image {}: write a .tif", target, image.channels));
  if (std::max({image.planes(), image.height, image.width}) > kLargestSide)
    throw Error(fmt::format("{}: {} is too large for MRC: write a .tif", target, describe_size(image)));
  const Mode mode = mode_of(image.info);
  std::vector<std::byte> bytes(kHeader);
  const std::int64_t extents[] = {image.width, image.height, image.planes()};
  const std::int64_t intervals[] = {image.width, image.height, image.depth};
  const double sizes[] = {image.info.pixel_width, image.info.pixel_height, image.info.pixel_depth};
  const double angstrom = unit_factor(image.info.unit, "nm") * kAngstromPerNanometer;
  for (std::size_t i = 0; i < 3; ++i) {
    write_field(bytes, kColumns + 4 * i, static_cast<std::int32_t>(extents[i]));
    write_field(bytes, kIntervals + 4 * i, static_cast<std::int32_t>(intervals[i]));
    write_field(bytes, kCell + 4 * i, static_cast<float>(sizes[i] * angstrom * static_cast<double>(intervals[i])));
    write_field(bytes, kAngles + 4 * i, 90.0F);
    write_field(bytes, kAxes + 4 * i, static_cast<std::int32_t>(i + 1));
  }
  write_field(bytes, kMode, mode.number);
  write_field(bytes, kSpaceGroup, image.frames > 1 ? kVolumes : image.depth > 1 ? kVolume : kImages);
  write_field(bytes, kVersion, std::int32_t{20140});
  std::memcpy(bytes.data() + kName, "MAP ", 4);
  bytes[kStamp] = bytes[kStamp + 1] = kLittle ? kLittleStamp : kBigStamp;
  write_statistics(bytes, image.values);
  append_samples(bytes, mode.type, image.values);
  return bytes;
}

}  // namespace tuff
