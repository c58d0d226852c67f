#include "io/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/os.h"
#include "io/byte_stream.h"

namespace tuff {
namespace {

constexpr std::size_t kHeader = 16, kLabelsHeader = 8;
constexpr std::int64_t kMostLabels = std::int64_t{1} << 31;
constexpr std::int64_t kLargestSide = 16384;

std::int64_t big_endian(std::span<const std::uint8_t> header, std::size_t at) {
  std::int64_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) value = value * 256 + header[i];
  return value;
}

IdxImages parse_header(std::span<const std::uint8_t, kHeader> header, const std::string& source) {
  if (header[0] != 0 || header[1] != 0) throw Error(fmt::format("{}: is no idx file (MNIST's format)", source));
  if (header[2] != 8 || header[3] != 3)
    throw Error(fmt::format("{}: an idx file of type {:#04x} with {} axes; images are bytes (0x08) with 3 axes", source,
                            header[2], header[3]));
  IdxImages images{.count = big_endian(header, 4), .height = big_endian(header, 8), .width = big_endian(header, 12)};
  if (images.count < 1 || images.height < 1 || images.width < 1 || images.height > kLargestSide ||
      images.width > kLargestSide)
    throw Error(fmt::format("{}: {} images of {}x{}: at least one of 1x1 to {}x{} is wanted", source, images.count,
                            images.height, images.width, kLargestSide, kLargestSide));
  return images;
}

}  // namespace

bool is_idx_file(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return name.ends_with(".idx") || name.ends_with("idx3-ubyte") || name.ends_with("idx1-ubyte");
}

IdxImages parse_idx(std::span<const std::byte> bytes, const std::string& source) {
  ByteStream reader(bytes, source);
  std::array<std::uint8_t, kHeader> header{};
  if (reader.read(std::as_writable_bytes(std::span(header))) < kHeader)
    throw Error(fmt::format("{}: is no idx file (MNIST's format): too short", source));
  IdxImages images = parse_header(header, source);
  const std::int64_t wanted = images.count * images.height * images.width;  // below 2^60
  const auto cut_short = [&] {
    return Error(fmt::format("{}: is cut short: {} images of {}x{} are announced", source, images.count, images.height,
                             images.width));
  };
  if (wanted > reader.at_most()) throw cut_short();
  images.values.resize(static_cast<std::size_t>(wanted));
  if (reader.read(std::as_writable_bytes(std::span(images.values))) < images.values.size()) throw cut_short();
  std::array<std::uint8_t, 1> more{};
  if (reader.read(std::as_writable_bytes(std::span(more))) > 0)
    throw Error(fmt::format("{}: holds more than the {} images of {}x{} that it announces", source, images.count,
                            images.height, images.width));
  return images;
}

IdxImages read_idx(const std::filesystem::path& path) {
  return parse_idx(os::read_file(path), path.string());
}

std::vector<std::uint8_t> parse_idx_labels(std::span<const std::byte> bytes, const std::string& source) {
  ByteStream reader(bytes, source);
  std::array<std::uint8_t, kLabelsHeader> header{};
  if (reader.read(std::as_writable_bytes(std::span(header))) < kLabelsHeader || header[0] != 0 || header[1] != 0)
    throw Error(fmt::format("{}: is no idx file (MNIST's format)", source));
  if (header[2] != 8 || header[3] != 1)
    throw Error(fmt::format("{}: an idx file of type {:#04x} with {} axes; labels are bytes (0x08) with 1 axis", source,
                            header[2], header[3]));
  const std::int64_t count = big_endian(header, 4);
  if (count < 1 || count > kMostLabels) throw Error(fmt::format("{}: announces {} labels", source, count));
  const auto cut_short = [&] { return Error(fmt::format("{}: is cut short: {} labels are announced", source, count)); };
  if (count > reader.at_most()) throw cut_short();
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(count));
  if (reader.read(std::as_writable_bytes(std::span(labels))) < labels.size()) throw cut_short();
  std::array<std::uint8_t, 1> more{};
  if (reader.read(std::as_writable_bytes(std::span(more))) > 0)
    throw Error(fmt::format("{}: holds more than the {} labels that it announces", source, count));
  return labels;
}

std::vector<std::uint8_t> read_idx_labels(const std::filesystem::path& path) {
  return parse_idx_labels(os::read_file(path), path.string());
}

}  // namespace tuff
