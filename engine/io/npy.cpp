#include "io/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/os.h"

namespace tuff {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

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
    refuse(source, "its .npy type is none of the plain numbers (f2, f4, f8, i1..i8, u1, u2, b1)");
  header.byte_order = type[1];
  header.dtype = type.substr(2, 2);
  header.fortran = value_of(text, "fortran_order", source).starts_with("True");
  header.shape = parse_shape(value_of(text, "shape", source), source);
  return header;
}

// Row-major position of every element of a Fortran-ordered array, in file order.
std::vector<std::size_t> row_major_positions(const Shape& shape) {
  const int rank = shape.rank();
  std::vector<std::int64_t> stride(static_cast<std::size_t>(rank), 1);
  for (int axis = rank - 2; axis >= 0; --axis)
    stride[static_cast<std::size_t>(axis)] = stride[static_cast<std::size_t>(axis) + 1] * shape[axis + 1];
  std::vector<std::size_t> positions(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < positions.size(); ++i) {
    std::int64_t rest = static_cast<std::int64_t>(i), position = 0;
    for (int axis = 0; axis < rank; ++axis) {
      position += rest % shape[axis] * stride[static_cast<std::size_t>(axis)];
      rest /= shape[axis];
    }
    positions[i] = static_cast<std::size_t>(position);
  }
  return positions;
}

// Reads elements of type From into `result`, in row-major order.
template <class From, class To>
void convert(const Header& header, std::span<const std::byte> data, HostTensor& result, const std::string& source) {
  const std::vector<std::size_t> positions =
      header.fortran ? row_major_positions(result.shape) : std::vector<std::size_t>{};
  const bool swap = sizeof(From) > 1 && header.byte_order == (std::endian::native == std::endian::little ? '>' : '<');
  To* out = reinterpret_cast<To*>(result.data.data());
  for (std::size_t i = 0; i < static_cast<std::size_t>(result.shape.elements()); ++i) {
    std::array<std::byte, sizeof(From)> bytes;
    std::memcpy(bytes.data(), data.data() + i * sizeof(From), sizeof(From));
    if (swap) std::ranges::reverse(bytes);
    const From value = std::bit_cast<From>(bytes);
    if constexpr (std::is_integral_v<From> && sizeof(From) > sizeof(To)) {
      if (value < std::numeric_limits<To>::min() || value > std::numeric_limits<To>::max())
        refuse(source, fmt::format("{} does not fit 32 bits", value));
    }
    out[positions.empty() ? i : positions[i]] = static_cast<To>(value);
  }
}

struct Reader {
  std::string_view dtype;
  std::size_t bytes;
  DType to;
  void (*convert)(const Header&, std::span<const std::byte>, HostTensor&, const std::string&);
};

constexpr Reader kReaders[] = {
    {"f4", 4, DType::f32, convert<float, float>},
    {"f8", 8, DType::f32, convert<double, float>},
    {"f2", 2, DType::f16, convert<std::uint16_t, std::uint16_t>},
    {"i4", 4, DType::i32, convert<std::int32_t, std::int32_t>},
    {"i8", 8, DType::i32, convert<std::int64_t, std::int32_t>},
    {"i2", 2, DType::i32, convert<std::int16_t, std::int32_t>},
    {"u2", 2, DType::i32, convert<std::uint16_t, std::int32_t>},
    {"i1", 1, DType::i32, convert<std::int8_t, std::int32_t>},
    {"u1", 1, DType::i32, convert<std::uint8_t, std::int32_t>},
    {"b1", 1, DType::i32, convert<std::uint8_t, std::int32_t>},
};

}  // namespace

HostTensor read_npy(const std::filesystem::path& path) {
  return parse_npy(os::read_file(path), path.string());
}

HostTensor parse_npy(std::span<const std::byte> bytes, const std::string& source) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() < 12 || !text.starts_with(kMagic)) refuse(source, "no .npy file (its first bytes differ)");
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(text[at])); };
  const bool wide = byte(6) >= 2;  // versions 2 and 3 have a 32-bit length
  const std::size_t begin = wide ? 12 : 10;
  const std::size_t length = wide ? byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24 : byte(8) | byte(9) << 8;
  if (length > text.size() - begin) refuse(source, "the .npy file is cut short within its header");

  const Header header = parse_header(text.substr(begin, length), source);
  const auto reader = std::ranges::find(kReaders, header.dtype, &Reader::dtype);
  if (reader == std::end(kReaders))
    refuse(source, fmt::format("elements of type '{}' aren't read; save it as float32 or int32", header.dtype));
  std::int64_t elements = 1;
  for (const std::int64_t extent : header.shape) {
    if (extent < 1) refuse(source, "the array is empty");
    if (__builtin_mul_overflow(elements, extent, &elements)) refuse(source, "its .npy shape is impossible");
  }
  const std::span<const std::byte> data = bytes.subspan(begin + length);
  if (static_cast<std::uint64_t>(elements) > data.size() / reader->bytes)
    refuse(source, fmt::format("the .npy file is cut short: {} elements of {} bytes announced, {} bytes there",
                               elements, reader->bytes, data.size()));
  HostTensor result(Shape(header.shape), reader->to);
  reader->convert(header, data, result, source);
  return result;
}

void write_npy(const std::filesystem::path& path, const HostTensor& tensor) {
  const std::string_view dtype = tensor.dtype == DType::f32 ? "<f4" : tensor.dtype == DType::f16 ? "<f2" : "<i4";
  std::string shape;
  for (const std::int64_t extent : tensor.shape.extents()) shape += fmt::format("{},", extent);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", dtype, shape);
  const std::size_t preamble = kMagic.size() + 4;
  header.resize((preamble + header.size() + 1 + 63) / 64 * 64 - preamble - 1, ' ');  // data begin at a multiple of 64
  header += '\n';
  if (header.size() > 65535) throw Error(fmt::format("{}: too many axes for a .npy file", path.string()));
  std::string bytes(kMagic);
  bytes += {'\x01', '\x00', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
  os::write_file(path, bytes);
}

}  // namespace tuff
