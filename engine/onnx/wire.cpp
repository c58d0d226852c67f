#include "onnx/wire.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace tuff::onnx {

static_assert(std::endian::native == std::endian::little,
              "the wire format is little-endian; swap bytes on this machine");

void WireReader::fail(std::string_view reason) const {
  throw Error(fmt::format("{}: no ONNX file, or a damaged one: {}", source_, reason));
}

void WireReader::require(WireType type) const {
  if (type_ != type) fail(fmt::format("field {} is of another kind than ONNX's", field_));
}

bool WireReader::next() {
  if (at_ == bytes_.size()) return false;
  const std::uint64_t key = raw_varint();
  const std::uint64_t kind = key & 7;
  if (key >> 3 == 0 || key >> 3 > 0x1fffffff) fail("a field's number is impossible");
  if (kind != 0 && kind != 1 && kind != 2 && kind != 5) fail("a field is of an unknown kind");
  field_ = static_cast<std::uint32_t>(key >> 3);
  type_ = static_cast<WireType>(kind);
  return true;
}

std::uint64_t WireReader::raw_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at_ == bytes_.size()) fail("it is cut short");
    const auto byte = static_cast<std::uint64_t>(bytes_[at_++]);
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
  }
  fail("a number is longer than 64 bits");
}

std::uint64_t WireReader::varint() {
  require(WireType::varint);
  return raw_varint();
}

float WireReader::raw_float32() {
  if (bytes_.size() - at_ < 4) fail("it is cut short");
  float value = 0;
  std::memcpy(&value, bytes_.data() + at_, 4);
  at_ += 4;
  return value;
}

double WireReader::raw_float64() {
  if (bytes_.size() - at_ < 8) fail("it is cut short");
  double value = 0;
  std::memcpy(&value, bytes_.data() + at_, 8);
  at_ += 8;
  return value;
}

float WireReader::float32() {
  require(WireType::fixed32);
  return raw_float32();
}

double WireReader::float64() {
  require(WireType::fixed64);
  return raw_float64();
}

std::span<const std::byte> WireReader::bytes() {
  require(WireType::bytes);
  const std::uint64_t length = raw_varint();
  if (length > bytes_.size() - at_) fail(fmt::format("a field of {} bytes reaches beyond its end", length));
  const auto part = bytes_.subspan(at_, static_cast<std::size_t>(length));
  at_ += part.size();
  return part;
}

std::string_view WireReader::text() {
  const auto part = bytes();
  return {reinterpret_cast<const char*>(part.data()), part.size()};
}

std::string WireReader::label() {
  return printable(text());
}

WireReader WireReader::fixed_run(std::size_t width) {
  WireReader packed = message();
  if (packed.bytes_.size() % width != 0) fail("a list of numbers ends within one");
  return packed;
}

void WireReader::skip() {
  switch (type_) {
    case WireType::varint: raw_varint(); break;
    case WireType::fixed64: raw_float64(); break;
    case WireType::fixed32: raw_float32(); break;
    case WireType::bytes: bytes(); break;
  }
}

void WireWriter::raw_varint(std::uint64_t value) {
  for (; value >= 128; value >>= 7) out_ += static_cast<char>((value & 127) | 128);
  out_ += static_cast<char>(value);
}

void WireWriter::key(std::uint32_t field, WireType type) {
  raw_varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(type));
}

void WireWriter::varint(std::uint32_t field, std::int64_t value) {
  key(field, WireType::varint);
  raw_varint(static_cast<std::uint64_t>(value));
}

void WireWriter::float32(std::uint32_t field, float value) {
  key(field, WireType::fixed32);
  out_.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void WireWriter::float64(std::uint32_t field, double value) {
  key(field, WireType::fixed64);
  out_.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void WireWriter::bytes(std::uint32_t field, std::string_view value) {
  key(field, WireType::bytes);
  raw_varint(value.size());
  out_ += value;
}

}  // namespace tuff::onnx
