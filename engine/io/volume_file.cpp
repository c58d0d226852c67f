#include "io/volume_file.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <type_traits>

#include "base/error.h"

namespace tuff {
namespace {

template <class T>
float pixel_of(const std::byte* at, const VolumeFile& volume) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  if (volume.slope == 1 && volume.intercept == 0) return static_cast<float>(value);
  if constexpr (std::is_arithmetic_v<T>)
    return static_cast<float>(static_cast<double>(value) * volume.slope + volume.intercept);
  else
    return static_cast<float>(static_cast<double>(static_cast<float>(value)) * volume.slope + volume.intercept);
}

void swap_each(std::span<std::byte> bytes, std::size_t size) {
  for (std::size_t at = 0; at + size <= bytes.size(); at += size)
    std::reverse(bytes.data() + at, bytes.data() + at + size);
}

void unpack_page(std::span<const std::byte> bytes, const VolumeFile& volume, float* to) {
  visit(volume.type, [&]<class T>() {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) *to++ = pixel_of<T>(bytes.data() + at, volume);
  });
}

// Where a page of the file goes.
struct Target {
  std::int64_t page = 0;
  std::int64_t plane = 0;  // of the image, channels counted
};

// In the file's order: packed files are read forwards only.
std::vector<Target> targets_of(const VolumeFile& volume, const Image& image, std::int64_t plane) {
  const PageOrder& order = volume.order;
  std::vector<Target> targets;
  for (std::int64_t i = 0; i < image.planes(); ++i) {
    const std::int64_t from = plane == kAllPlanes ? i : plane;
    for (std::int64_t c = 0; c < image.channels; ++c)
      targets.push_back(
          {from / order.depth * order.frame_stride + c * order.channel_stride + from % order.depth * order.depth_stride,
           (i / image.depth * image.channels + c) * image.depth + i % image.depth});
  }
  std::ranges::sort(targets, {}, &Target::page);
  return targets;
}

[[noreturn]] void refuse_short(const VolumeFile& volume, const std::string& source, std::int64_t planes) {
  throw Error(
      fmt::format("{}: is cut short: {} planes of {}x{} with {} bytes a pixel are announced; copy or export it again",
                  source, planes, volume.image.height, volume.image.width, size_of(volume.type)));
}

template <class T>
void append(std::vector<std::byte>& bytes, float value) {
  T sample = 0;
  if constexpr (std::is_floating_point_v<T>) {
    sample = value;
  } else {
    const auto low = static_cast<double>(std::numeric_limits<T>::lowest());
    const auto high = static_cast<double>(std::numeric_limits<T>::max());
    if (!std::isnan(value)) sample = static_cast<T>(std::clamp(std::nearbyint(static_cast<double>(value)), low, high));
  }
  const auto* data = reinterpret_cast<const std::byte*>(&sample);
  bytes.insert(bytes.end(), data, data + sizeof(T));
}

template <class T>
void append_all(std::vector<std::byte>& bytes, std::span<const float> values) {
  bytes.reserve(bytes.size() + values.size() * sizeof(T));
  for (const float value : values) append<T>(bytes, value);
}

}  // namespace

void set_planes(VolumeFile& volume, const ByteStream& stream, const TiffDescription& file, std::string_view axes) {
  Image& image = volume.image;
  const std::int64_t extents[] = {file.frames, file.channels, file.depth, image.height, image.width};
  const std::int64_t bytes = checked_bytes(extents, static_cast<std::int64_t>(size_of(volume.type)));
  const std::int64_t pages = file.frames * file.channels * file.depth;
  const std::int64_t gap = volume.offset - stream.position();
  if (bytes <= 0 || gap < 0 || bytes > stream.at_most() - gap) refuse_short(volume, stream.source(), pages);
  volume.order = order_pages(stream.source(), pages, 1, file, axes);
  image.frames = volume.order.frames;
  image.channels = volume.order.channels;
  image.depth = volume.order.depth;
}

void describe_samples(ImageInfo& info, ElementType type) {
  info.bits = static_cast<int>(size_of(type)) * 8;
  info.sample =
      is_floating(type) ? SampleKind::floating
      : type == ElementType::i8 || type == ElementType::i16 || type == ElementType::i32 || type == ElementType::i64
          ? SampleKind::signed_integer
          : SampleKind::unsigned_integer;
}

ElementType stored_type(const ImageInfo& info) {
  if (info.sample == SampleKind::floating) return ElementType::f32;
  const bool sign = info.sample == SampleKind::signed_integer;
  if (info.bits <= 8) return sign ? ElementType::i8 : ElementType::u8;
  if (info.bits <= 16) return sign ? ElementType::i16 : ElementType::u16;
  return sign ? ElementType::i32 : ElementType::u32;
}

Image read_planes(ByteStream& stream, const VolumeFile& volume, std::int64_t plane) {
  Image image = volume.image;
  const std::int64_t planes = image.planes();
  if (plane != kAllPlanes) {
    if (plane < 0 || plane >= planes)
      throw Error(fmt::format("{}: there is no plane {} of {}", stream.source(), plane, planes));
    image.frames = image.depth = 1;
  }
  check_image_memory(image, stream.source());
  const std::int64_t area = image.height * image.width;
  image.values.resize(static_cast<std::size_t>(area * image.channels * image.planes()));
  std::vector<std::byte> bytes(static_cast<std::size_t>(area) * size_of(volume.type));
  for (const Target& target : targets_of(volume, image, plane)) {
    stream.skip_to(volume.offset + target.page * static_cast<std::int64_t>(bytes.size()));
    if (stream.read(bytes) < bytes.size()) refuse_short(volume, stream.source(), planes * image.channels);
    if (volume.swapped) swap_each(bytes, size_of(volume.type));
    unpack_page(bytes, volume, image.values.data() + target.plane * area);
  }
  std::byte more{};
  if (plane == kAllPlanes) stream.read({&more, 1});  // gzip's checksum is behind its bytes
  return image;
}

void append_samples(std::vector<std::byte>& bytes, ElementType type, std::span<const float> values) {
  switch (type) {
    case ElementType::i8: return append_all<std::int8_t>(bytes, values);
    case ElementType::u8: return append_all<std::uint8_t>(bytes, values);
    case ElementType::i16: return append_all<std::int16_t>(bytes, values);
    case ElementType::u16: return append_all<std::uint16_t>(bytes, values);
    case ElementType::i32: return append_all<std::int32_t>(bytes, values);
    case ElementType::u32: return append_all<std::uint32_t>(bytes, values);
    default: return append_all<float>(bytes, values);
  }
}

double unit_factor(const std::string& unit, const std::string& wanted) {
  static const std::map<std::string, double> kMeters = {{"m", 1},     {"cm", 1e-2}, {"mm", 1e-3},
                                                        {"um", 1e-6}, {"nm", 1e-9}, {"inch", 0.0254}};
  const auto from = kMeters.find(unit), to = kMeters.find(wanted);
  return from == kMeters.end() || to == kMeters.end() ? 0 : from->second / to->second;
}

}  // namespace tuff
