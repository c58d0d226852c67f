#include "io/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/os.h"

namespace tuff {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct TypeName {
  std::string_view name;
  ElementType type;
};

constexpr TypeName kTypeNames[] = {
    {"f4", ElementType::f32},  {"f8", ElementType::f64}, {"f2", ElementType::f16}, {"i1", ElementType::i8},
    {"i2", ElementType::i16},  {"i4", ElementType::i32}, {"i8", ElementType::i64}, {"u1", ElementType::u8},
    {"u2", ElementType::u16},  {"u4", ElementType::u32}, {"u8", ElementType::u64}, {"b1", ElementType::boolean},
    {"V2", ElementType::bf16},
};

[[noreturn]] void refuse(const std::string& source, const std::string& reason) {
  throw Error(fmt::format("{}: {}", source, reason));
}

struct Header {
  char byte_order = '<';
  std::string dtype;  // "f4"
  bool fortran = false;
  std::vector<std::int64_t> shape;
};

// What follows `'key':` in the header, a Python dictionary in one line.
std::string_view value_of(std::string_view text, std::string_view key, const std::string& source) {
  const std::size_t at = text.find(fmt::format("'{}'", key));
  const std::size_t colon = at == text.npos ? at : text.find(':', at);
  if (colon == text.npos) refuse(source, fmt::format("its .npy header has no '{}'", key));
  const std::size_t begin = text.find_first_not_of(' ', colon + 1);
  return begin == text.npos ? std::string_view{} : text.substr(begin);
}

std::vector<std::int64_t> parse_shape(std::string_view text, const std::string& source) {
  const std::size_t end = text.find(')');
  if (text.empty() || text.front() != '(' || end == text.npos) refuse(source, "its .npy shape can't be read");
  std::vector<std::int64_t> shape;
  std::int64_t number = -1;
  for (const char c : text.substr(1, end - 1)) {
    if (c >= '0' && c <= '9') {
      number = std::max<std::int64_t>(number, 0);
      if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, c - '0', &number))
        refuse(source, "its .npy shape is impossible");
    } else if (c == ',' && number >= 0) {
      shape.push_back(std::exchange(number, -1));
    } else if (c != ' ') {
      refuse(source, "its .npy shape can't be read");
    }
  }
  if (number >= 0) shape.push_back(number);
  return shape;
}

Header parse_header(std::string_view text, const std::string& source) {
  Header header;
  const std::string_view type = value_of(text, "descr", source);
  if (type.size() < 5 || type[0] != '\'' || type[4] != '\'')
    refuse(source, "its .npy type is none of the plain numbers (f2, f4, f8, i1..i8, u1..u8, b1)");
  header.byte_order = type[1];
  header.dtype = type.substr(2, 2);
  header.fortran = value_of(text, "fortran_order", source).starts_with("True");
  header.shape = parse_shape(value_of(text, "shape", source), source);
  return header;
}

// Brings elements of a Fortran-ordered array into row-major order.
void transpose(Array& array) {
  const std::size_t rank = array.shape.size(), width = size_of(array.type);
  std::vector<std::size_t> stride(rank, 1);
  for (std::size_t axis = rank; axis-- > 1;)
    stride[axis - 1] = stride[axis] * static_cast<std::size_t>(array.shape[axis]);
  const std::vector<std::byte> from = array.data;
  for (std::size_t i = 0; i * width < from.size(); ++i) {
    std::size_t rest = i, position = 0;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      position += rest % static_cast<std::size_t>(array.shape[axis]) * stride[axis];
      rest /= static_cast<std::size_t>(array.shape[axis]);
    }
    std::memcpy(array.data.data() + position * width, from.data() + i * width, width);
  }
}

void swap_bytes(Array& array) {
  const std::size_t width = size_of(array.type);
  for (std::size_t at = 0; at < array.data.size(); at += width)
    std::ranges::reverse(std::span(array.data).subspan(at, width));
}

}  // namespace

Array read_npy_array(const std::filesystem::path& path) {
  return parse_npy_array(os::read_file(path), path.string());
}

Array parse_npy_array(std::span<const std::byte> bytes, const std::string& source) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() < 12 || !text.starts_with(kMagic)) refuse(source, "no .npy file (its first bytes differ)");
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(text[at])); };
  const bool wide = byte(6) >= 2;  // versions 2 and 3 have a 32-bit length
  const std::size_t begin = wide ? 12 : 10;
  const std::size_t length = wide ? byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24 : byte(8) | byte(9) << 8;
  if (length > text.size() - begin) refuse(source, "the .npy file is cut short within its header");

  const Header header = parse_header(text.substr(begin, length), source);
  const auto name = std::ranges::find(kTypeNames, header.dtype, &TypeName::name);
  if (name == std::end(kTypeNames))
    refuse(source, fmt::format("elements of type '{}' aren't read; save it as float32 or int32", header.dtype));
  const std::int64_t needed = checked_bytes(header.shape, static_cast<std::int64_t>(size_of(name->type)));
  if (needed < 0) refuse(source, "its .npy shape is impossible");
  const std::span<const std::byte> data = bytes.subspan(begin + length);
  if (static_cast<std::uint64_t>(needed) > data.size())
    refuse(source, fmt::format("the .npy file is cut short: {} bytes announced, {} there", needed, data.size()));

  Array array(name->type, header.shape);
  std::ranges::copy(data.first(array.data.size()), array.data.begin());
  if (header.byte_order == (std::endian::native == std::endian::little ? '>' : '<')) swap_bytes(array);
  if (header.fortran) transpose(array);
  if (array.type == ElementType::boolean)
    for (std::byte& value : array.data) value = std::byte{value != std::byte{0}};
  return array;
}

HostTensor read_npy(const std::filesystem::path& path) {
  return parse_npy(os::read_file(path), path.string());
}

HostTensor parse_npy(std::span<const std::byte> bytes, const std::string& source) {
  return to_tensor(parse_npy_array(bytes, source), source);
}

std::string serialize_npy(const Array& array) {
  if (array.type == ElementType::bf16) return serialize_npy(convert(array, ElementType::f32));
  const auto name = std::ranges::find(kTypeNames, array.type, &TypeName::type);
  const char order = size_of(array.type) == 1 ? '|' : std::endian::native == std::endian::little ? '<' : '>';
  std::string shape;
  for (const std::int64_t extent : array.shape) shape += fmt::format("{},", extent);
  std::string header =
      fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}", order, name->name, shape);
  const std::size_t preamble = kMagic.size() + 4;
  header.resize((preamble + header.size() + 1 + 63) / 64 * 64 - preamble - 1, ' ');  // data begin at a multiple of 64
  header += '\n';
  if (header.size() > 65535) throw Error("too many axes for a .npy file");
  std::string bytes(kMagic);
  bytes += {'\x01', '\x00', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(array.data.data()), array.data.size());
  return bytes;
}

void write_npy(const std::filesystem::path& path, const Array& array) {
  os::write_file(path, serialize_npy(array));
}

void write_npy(const std::filesystem::path& path, const HostTensor& tensor) {
  write_npy(path, from_tensor(tensor));
}

}  // namespace tuff
