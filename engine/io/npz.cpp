#include "io/npz.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "base/error.h"
#include "base/os.h"
#include "io/npy.h"

namespace tuff {
namespace {

// Signatures and the fixed part's bytes of the records that a zip consists of (APPNOTE 4.3).
constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr std::size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22;
constexpr std::uint64_t kDeflateRatio = 1032;  // no deflated byte stands for more

[[noreturn]] void refuse(const std::string& source, const std::string& reason) {
  throw Error(fmt::format("{}: not a whole .npz file: {}", source, reason));
}

// Little-endian numbers of a record, which must lie inside the file.
class Record {
 public:
  Record(std::span<const std::byte> file, std::uint64_t at, std::size_t bytes, const std::string& source) {
    if (at > file.size() || bytes > file.size() - at) refuse(source, "a record lies beyond its end");
    bytes_ = file.subspan(static_cast<std::size_t>(at), bytes);
  }
  std::uint32_t u16(std::size_t at) const { return byte(at) | byte(at + 1) << 8; }
  std::uint32_t u32(std::size_t at) const { return u16(at) | u16(at + 2) << 16; }

 private:
  std::uint32_t byte(std::size_t at) const { return static_cast<std::uint32_t>(bytes_[at]); }
  std::span<const std::byte> bytes_;
};

struct Member {
  std::string name;
  std::uint32_t method = 0, checksum = 0;
  std::uint32_t packed = 0, size = 0;  // bytes
  std::uint64_t at = 0;                // of its local record
};

// Where the directory begins and how many members it has. A comment of up to 64 KiB may follow.
std::pair<std::uint64_t, std::uint32_t> find_directory(std::span<const std::byte> file, const std::string& source) {
  if (file.size() < kEndBytes) refuse(source, fmt::format("it has only {} bytes", file.size()));
  const std::size_t last = file.size() - kEndBytes, first = last > 65535 ? last - 65535 : 0;
  for (std::size_t at = last + 1; at-- > first;) {
    const Record end(file, at, kEndBytes, source);
    if (end.u32(0) != kEnd) continue;
    if (end.u16(10) == 0xffff || end.u32(16) == 0xffffffff) refuse(source, "zip64 archives aren't read");
    return {end.u32(16), end.u16(10)};
  }
  refuse(source, "it has no zip directory");
}

std::vector<Member> read_directory(std::span<const std::byte> file, const std::string& source) {
  auto [at, count] = find_directory(file, source);
  std::vector<Member> members;
  std::set<std::string> names;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Record entry(file, at, kCentralBytes, source);
    if (entry.u32(0) != kCentral) refuse(source, "its directory is damaged");
    Member member{.method = entry.u16(10),
                  .checksum = entry.u32(16),
                  .packed = entry.u32(20),
                  .size = entry.u32(24),
                  .at = entry.u32(42)};
    if ((entry.u16(8) & 1) != 0) refuse(source, "its members are encrypted");
    const std::size_t name_bytes = entry.u16(28);
    Record(file, at + kCentralBytes, name_bytes, source);
    member.name.assign(reinterpret_cast<const char*>(file.data()) + at + kCentralBytes, name_bytes);
    if (!names.insert(member.name).second) refuse(source, fmt::format("it has '{}' twice", member.name));
    at += kCentralBytes + name_bytes + entry.u16(30) + entry.u16(32);
    members.push_back(std::move(member));
  }
  return members;
}

std::vector<std::byte> inflate_raw(std::span<const std::byte> packed, std::size_t size, const std::string& source) {
  if (size > packed.size() * kDeflateRatio + kDeflateRatio) refuse(source, "a member's length is impossible");
  std::vector<std::byte> result(size);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw Error(fmt::format("{}: zlib doesn't start", source));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));  // zlib only reads there
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(size);
  const int status = inflate(&stream, Z_FINISH);
  const bool whole = status == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  if (!whole) refuse(source, "a deflated member is damaged");
  return result;
}

Array read_member(std::span<const std::byte> file, const Member& member, const std::string& source) {
  const Record local(file, member.at, kLocalBytes, source);
  if (local.u32(0) != kLocal) refuse(source, fmt::format("member '{}' isn't where its directory says", member.name));
  const std::uint64_t begin = member.at + kLocalBytes + local.u16(26) + local.u16(28);
  Record(file, begin, member.packed, source);
  const auto packed = file.subspan(static_cast<std::size_t>(begin), member.packed);
  std::vector<std::byte> inflated;
  std::span<const std::byte> data = packed;
  if (member.method == 8) {
    inflated = inflate_raw(packed, member.size, source);
    data = inflated;
  } else if (member.method != 0) {
    refuse(source,
           fmt::format("member '{}' is compressed by method {}; only deflate is read", member.name, member.method));
  }
  if (data.size() != member.size) refuse(source, fmt::format("member '{}' has two lengths", member.name));
  if (crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()) != member.checksum)
    refuse(source, fmt::format("member '{}' is damaged (its checksum differs)", member.name));
  return parse_npy_array(data, fmt::format("{}: {}", source, member.name));
}

void put(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 255);
}

// What the local and the central record have in common: version, flags, method, time and date, checksum and lengths.
void put_common(std::string& out, const std::string& name, const std::string& data) {
  const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size());
  const auto size = static_cast<std::uint32_t>(data.size());
  put(out, 20, 2);
  put(out, 0, 4);
  put(out, 0x00210000, 4);  // 1 January 1980: equal arrays give equal files
  put(out, static_cast<std::uint32_t>(checksum), 4);
  put(out, size, 4);
  put(out, size, 4);
  put(out, static_cast<std::uint32_t>(name.size()), 2);
  put(out, 0, 2);
}

}  // namespace

std::vector<NamedArray> read_npz(const std::filesystem::path& path) {
  return parse_npz(os::read_file(path), path.string());
}

std::vector<NamedArray> parse_npz(std::span<const std::byte> bytes, const std::string& source) {
  std::vector<NamedArray> arrays;
  for (const Member& member : read_directory(bytes, source)) {
    std::string name = member.name;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    arrays.push_back({std::move(name), read_member(bytes, member, source)});
  }
  return arrays;
}

void write_npz(const std::filesystem::path& path, std::span<const NamedArray> arrays) {
  std::string file, directory;
  std::set<std::string> names;
  for (const NamedArray& array : arrays) {
    if (!names.insert(array.name).second) throw Error(fmt::format("{}: '{}' twice", path.string(), array.name));
    const std::string name = array.name + ".npy", data = serialize_npy(array.array);
    if (file.size() + data.size() > 0xf0000000u || name.size() > 65535 || arrays.size() > 65534)
      throw Error(fmt::format("{}: too much for an .npz file; write several .npy files", path.string()));
    put(directory, kCentral, 4);
    put(directory, 20, 2);
    put_common(directory, name, data);
    put(directory, 0, 2);  // comment
    put(directory, 0, 4);  // disk, attributes
    put(directory, 0, 4);
    put(directory, static_cast<std::uint32_t>(file.size()), 4);
    directory += name;
    put(file, kLocal, 4);
    put_common(file, name, data);
    file += name + data;
  }
  const auto count = static_cast<std::uint32_t>(arrays.size());
  const auto begin = static_cast<std::uint32_t>(file.size());
  file += directory;
  put(file, kEnd, 4);
  put(file, 0, 4);
  put(file, count, 2);
  put(file, count, 2);
  put(file, static_cast<std::uint32_t>(directory.size()), 4);
  put(file, begin, 4);
  put(file, 0, 2);
  os::write_file(path, file);
}

}  // namespace tuff
