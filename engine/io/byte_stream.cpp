#include "io/byte_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace tuff {
namespace {

constexpr std::int64_t kMostUnpacked = 1032;  // deflate makes no byte into more
constexpr std::size_t kBuffer = std::size_t{1} << 16;
constexpr std::size_t kPiece = std::size_t{1} << 30;  // zlib counts in 32 bits
constexpr int kGzip = 16;

bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() > 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

Bytef* zlib_bytes(std::span<const std::byte> bytes) {  // zlib only reads there
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
}

}  // namespace

ByteStream::ByteStream(const std::filesystem::path& path) : source_(path.string()) {
  file_.open(path, std::ios::binary | std::ios::ate);
  if (!file_ || std::filesystem::is_directory(path))
    throw Error(fmt::format("{}: can't be opened for reading", source_));
  left_ = static_cast<std::int64_t>(file_.tellg());
  std::byte magic[3] = {};
  file_.seekg(0);
  file_.read(reinterpret_cast<char*>(magic), std::min<std::int64_t>(left_, sizeof(magic)));
  packed_ = left_ >= static_cast<std::int64_t>(sizeof(magic)) && is_gzip(magic);
  file_.seekg(0);
  start();
}

ByteStream::ByteStream(std::span<const std::byte> bytes, std::string source)
    : source_(std::move(source)),
      memory_(bytes),
      left_(static_cast<std::int64_t>(bytes.size())),
      packed_(is_gzip(bytes)) {
  start();
}

ByteStream::~ByteStream() {
  if (packed_) inflateEnd(&stream_);
}

void ByteStream::start() {
  if (!packed_) return;
  buffer_.resize(kBuffer);
  if (inflateInit2(&stream_, MAX_WBITS + kGzip) != Z_OK) {
    packed_ = false;
    throw Error(fmt::format("{}: out of memory", source_));
  }
}

std::size_t ByteStream::stored(std::span<std::byte> to) {
  auto count = std::min(to.size(), static_cast<std::size_t>(left_));
  if (file_.is_open()) {
    file_.read(reinterpret_cast<char*>(to.data()), static_cast<std::streamsize>(count));
    if (static_cast<std::size_t>(file_.gcount()) != count) throw Error(fmt::format("{}: can't be read", source_));
  } else if (count > 0) {
    std::memcpy(to.data(), memory_.data(), count);
    memory_ = memory_.subspan(count);
  }
  left_ -= static_cast<std::int64_t>(count);
  return count;
}

bool ByteStream::refill() {
  if (stream_.avail_in > 0) return true;
  stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
  stream_.avail_in = static_cast<uInt>(stored(buffer_));
  return stream_.avail_in > 0;
}

// A gzip file may be several, one behind the other; other bytes behind it don't count.
void ByteStream::end_member() {
  constexpr Bytef kMagic = 0x1f;
  ended_ = !refill() || *stream_.next_in != kMagic;
  if (!ended_) inflateReset(&stream_);
}

std::size_t ByteStream::unpack(std::span<std::byte> to) {
  if (!refill()) throw Error(fmt::format("{}: the gzip file is cut short: copy or export it again", source_));
  const auto room = static_cast<uInt>(std::min(to.size(), kPiece));
  stream_.avail_out = room;
  stream_.next_out = reinterpret_cast<Bytef*>(to.data());
  const int result = inflate(&stream_, Z_NO_FLUSH);
  const std::size_t made = room - stream_.avail_out;
  if (result == Z_STREAM_END)
    end_member();
  else if (result != Z_OK && result != Z_BUF_ERROR)  // the latter: more bytes are wanted
    throw Error(fmt::format("{}: the gzip file is damaged ({}): copy or export it again", source_,
                            stream_.msg ? stream_.msg : zError(result)));
  return made;
}

std::size_t ByteStream::read(std::span<std::byte> to) {
  std::size_t done = 0;
  if (!packed_)
    done = stored(to);
  else
    while (done < to.size() && !ended_) done += unpack(to.subspan(done));
  position_ += static_cast<std::int64_t>(done);
  return done;
}

void ByteStream::skip_to(std::int64_t position) {
  if (packed_) {
    std::vector<std::byte> dropped(kBuffer);
    while (position_ < position && !ended_)
      read(std::span(dropped).first(std::min(dropped.size(), static_cast<std::size_t>(position - position_))));
    return;
  }
  const std::int64_t count = std::clamp<std::int64_t>(position - position_, 0, left_);
  if (file_.is_open())
    file_.seekg(count, std::ios::cur);
  else
    memory_ = memory_.subspan(static_cast<std::size_t>(count));
  left_ -= count;
  position_ += count;
}

std::int64_t ByteStream::at_most() const {
  return packed_ ? (left_ + static_cast<std::int64_t>(stream_.avail_in) + 1) * kMostUnpacked : left_;
}

std::vector<std::byte> pack_gzip(std::span<const std::byte> bytes) {
  z_stream stream{};
  constexpr int kMemory = 8;  // zlib's default
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    throw OutOfMemory("gzip: out of memory");
  std::vector<std::byte> packed;
  std::vector<std::byte> buffer(kBuffer);
  int result = Z_OK;
  while (result != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      const auto piece = bytes.first(std::min(bytes.size(), kPiece));
      stream.next_in = zlib_bytes(piece);
      stream.avail_in = static_cast<uInt>(piece.size());
      bytes = bytes.subspan(piece.size());
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    result = deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    packed.insert(packed.end(), buffer.begin(), buffer.end() - stream.avail_out);
  }
  deflateEnd(&stream);
  return packed;
}

}  // namespace tuff
