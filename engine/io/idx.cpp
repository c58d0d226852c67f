#include "io/idx.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "base/os.h"

namespace tuff {
namespace {

constexpr std::size_t kHeader = 16, kLabelsHeader = 8;
constexpr std::int64_t kMostLabels = std::int64_t{1} << 31;
constexpr std::int64_t kLargestSide = 16384;
constexpr std::int64_t kMostInflated = 1032;  // deflate makes no byte into more

// Bytes in order, of a plain file or of what gzip holds.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& source) : bytes_(bytes), source_(source) {
    constexpr std::array<std::byte, 2> kMagic = {std::byte{0x1f}, std::byte{0x8b}};
    zipped_ = bytes.size() > 2 && std::equal(kMagic.begin(), kMagic.end(), bytes.begin());
    if (!zipped_) return;
    constexpr int kGzip = 16;
    if (inflateInit2(&stream_, MAX_WBITS + kGzip) != Z_OK) throw Error(fmt::format("{}: out of memory", source));
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  }
  ~Reader() {
    if (zipped_) inflateEnd(&stream_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Fills `to` as far as the bytes reach and returns how many there were.
  std::size_t read(std::span<std::uint8_t> to) {
    if (!zipped_) {
      const std::size_t count = std::min(to.size(), bytes_.size() - used_);
      if (count > 0) std::memcpy(to.data(), bytes_.data() + used_, count);
      used_ += count;
      return count;
    }
    std::size_t done = 0;
    while (done < to.size() && !ended_) done += inflate_some(to.subspan(done));
    return done;
  }

  // The most bytes that can follow.
  std::int64_t at_most() const {
    return static_cast<std::int64_t>(bytes_.size() - used_) * (zipped_ ? kMostInflated : 1);
  }

 private:
  std::size_t inflate_some(std::span<std::uint8_t> to) {
    constexpr std::size_t kPiece = std::size_t{1} << 30;  // zlib counts in 32 bits
    const auto available = static_cast<uInt>(std::min(bytes_.size() - used_, kPiece));
    const auto room = static_cast<uInt>(std::min(to.size(), kPiece));
    stream_.avail_in = available;
    stream_.avail_out = room;
    stream_.next_out = to.data();
    const int result = inflate(&stream_, Z_NO_FLUSH);
    used_ += available - stream_.avail_in;
    const std::size_t made = room - stream_.avail_out;
    ended_ = result == Z_STREAM_END;
    if (result != Z_OK && !ended_) {
      if (result == Z_BUF_ERROR && used_ == bytes_.size())
        throw Error(fmt::format("{}: the gzip file is cut short", source_));
      throw Error(
          fmt::format("{}: the gzip file is damaged ({})", source_, stream_.msg ? stream_.msg : zError(result)));
    }
    return made;
  }

  std::span<const std::byte> bytes_;
  const std::string& source_;
  std::size_t used_ = 0;
  bool zipped_ = false;
  bool ended_ = false;
  z_stream stream_{};
};

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
  Reader reader(bytes, source);
  std::array<std::uint8_t, kHeader> header{};
  if (reader.read(header) < kHeader) throw Error(fmt::format("{}: is no idx file (MNIST's format): too short", source));
  IdxImages images = parse_header(header, source);
  const std::int64_t wanted = images.count * images.height * images.width;  // below 2^60
  const auto cut_short = [&] {
    return Error(fmt::format("{}: is cut short: {} images of {}x{} are announced", source, images.count, images.height,
                             images.width));
  };
  if (wanted > reader.at_most()) throw cut_short();
  images.values.resize(static_cast<std::size_t>(wanted));
  if (reader.read(images.values) < images.values.size()) throw cut_short();
  std::array<std::uint8_t, 1> more{};
  if (reader.read(more) > 0)
    throw Error(fmt::format("{}: holds more than the {} images of {}x{} that it announces", source, images.count,
                            images.height, images.width));
  return images;
}

IdxImages read_idx(const std::filesystem::path& path) {
  return parse_idx(os::read_file(path), path.string());
}

std::vector<std::uint8_t> parse_idx_labels(std::span<const std::byte> bytes, const std::string& source) {
  Reader reader(bytes, source);
  std::array<std::uint8_t, kLabelsHeader> header{};
  if (reader.read(header) < kLabelsHeader || header[0] != 0 || header[1] != 0)
    throw Error(fmt::format("{}: is no idx file (MNIST's format)", source));
  if (header[2] != 8 || header[3] != 1)
    throw Error(fmt::format("{}: an idx file of type {:#04x} with {} axes; labels are bytes (0x08) with 1 axis", source,
                            header[2], header[3]));
  const std::int64_t count = big_endian(header, 4);
  if (count < 1 || count > kMostLabels) throw Error(fmt::format("{}: announces {} labels", source, count));
  const auto cut_short = [&] { return Error(fmt::format("{}: is cut short: {} labels are announced", source, count)); };
  if (count > reader.at_most()) throw cut_short();
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(count));
  if (reader.read(labels) < labels.size()) throw cut_short();
  std::array<std::uint8_t, 1> more{};
  if (reader.read(more) > 0)
    throw Error(fmt::format("{}: holds more than the {} labels that it announces", source, count));
  return labels;
}

std::vector<std::uint8_t> read_idx_labels(const std::filesystem::path& path) {
  return parse_idx_labels(os::read_file(path), path.string());
}

}  // namespace tuff
