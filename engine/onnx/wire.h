// Protocol buffers' wire format, as far as ONNX files need it: a reader over bytes in memory that never looks beyond
// them and allocates nothing, and a writer. (protobuf.dev/programming-guides/encoding)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tuff::onnx {

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

// Reads one message's fields in order:
//   while (reader.next()) switch (reader.field()) { case 1: name = reader.text(); break; default: reader.skip(); }
// Every field must be taken by exactly one call. Error naming `source` where the bytes are no message.
class WireReader {
 public:
  // Both must outlive the reader.
  WireReader(std::span<const std::byte> bytes, const std::string& source) : bytes_(bytes), source_(source) {}

  bool next();  // false at the end of the message
  std::uint32_t field() const { return field_; }
  WireType type() const { return type_; }

  std::uint64_t varint();
  std::int64_t integer() { return static_cast<std::int64_t>(varint()); }
  float float32();
  double float64();
  std::span<const std::byte> bytes();
  std::string_view text();
  std::string
  label();  // text for messages and names: "?" where it has control characters, so that errors stay one line
  WireReader message() { return {bytes(), source_}; }
  void skip();

  // A repeated number: one of it, or many packed into bytes. Calls `add` with each.
  template <class Add>
  void varints(Add&& add) {
    if (type_ != WireType::bytes) return add(integer());
    for (WireReader packed(bytes(), source_); packed.at_ < packed.bytes_.size();) add(packed.raw_integer());
  }
  template <class Add>
  void floats(Add&& add) {
    if (type_ != WireType::bytes) return add(float32());
    for (WireReader packed = fixed_run(4); packed.at_ < packed.bytes_.size();) add(packed.raw_float32());
  }
  template <class Add>
  void doubles(Add&& add) {
    if (type_ != WireType::bytes) return add(float64());
    for (WireReader packed = fixed_run(8); packed.at_ < packed.bytes_.size();) add(packed.raw_float64());
  }

  [[noreturn]] void fail(std::string_view reason) const;

 private:
  void require(WireType type) const;
  std::uint64_t raw_varint();
  std::int64_t raw_integer() { return static_cast<std::int64_t>(raw_varint()); }
  float raw_float32();
  double raw_float64();
  WireReader fixed_run(std::size_t width);

  std::span<const std::byte> bytes_;
  const std::string& source_;
  std::size_t at_ = 0;
  std::uint32_t field_ = 0;
  WireType type_ = WireType::varint;
};

// Appends fields to a message.
class WireWriter {
 public:
  void varint(std::uint32_t field, std::int64_t value);
  void float32(std::uint32_t field, float value);
  void float64(std::uint32_t field, double value);
  void bytes(std::uint32_t field, std::string_view value);
  void message(std::uint32_t field, const WireWriter& value) { bytes(field, value.out_); }
  const std::string& str() const { return out_; }

 private:
  void key(std::uint32_t field, WireType type);
  void raw_varint(std::uint64_t value);
  std::string out_;
};

}  // namespace tuff::onnx
