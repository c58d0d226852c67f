// The bytes of a file or of memory in order, unpacked where gzip packed them: readers needn't know which it is.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace tuff {

class ByteStream {
 public:
  explicit ByteStream(const std::filesystem::path& path);  // Error where it can't be opened
  // `source` names the bytes, which must live as long as this, in errors.
  ByteStream(std::span<const std::byte> bytes, std::string source);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // Fills `to` as far as the bytes reach and returns how many there were. Error where gzip's are damaged.
  std::size_t read(std::span<std::byte> to);
  // Goes forward to byte `position`; what isn't packed is not read for it. Beyond the end nothing is left to read.
  void skip_to(std::int64_t position);

  std::int64_t position() const { return position_; }
  std::int64_t at_most() const;  // bytes that can follow: exact unless packed
  bool packed() const { return packed_; }
  const std::string& source() const { return source_; }

 private:
  void start();
  std::size_t stored(std::span<std::byte> to);  // the next bytes as they are stored
  std::size_t unpack(std::span<std::byte> to);
  void end_member();
  bool refill();

  std::string source_;
  std::span<const std::byte> memory_;  // what is left of it
  std::ifstream file_;
  std::int64_t left_ = 0;  // stored bytes not yet taken
  std::int64_t position_ = 0;
  bool packed_ = false;
  bool ended_ = false;
  std::vector<std::byte> buffer_;  // packed bytes, which `stream_` takes
  z_stream stream_{};
};

// All bytes as gzip packs them.
std::vector<std::byte> pack_gzip(std::span<const std::byte> bytes);

}  // namespace tuff
