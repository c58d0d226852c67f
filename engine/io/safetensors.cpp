#include "io/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/os.h"

namespace tuff {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian; swap bytes on this machine");

namespace {

using nlohmann::json;

constexpr std::uint64_t kLongestHeader = 100'000'000;  // the reference implementation's limit

[[noreturn]] void refuse(const std::string& source, const std::string& reason) {
  throw Error(fmt::format("{}: not a whole safetensors file: {}", source, reason));
}

// Bits of one element, 0 for a dtype we don't know (its size then can't be checked).
std::int64_t element_bits(std::string_view dtype) {
  struct Width {
    std::string_view dtype;
    std::int64_t bits;
  };
  static constexpr Width widths[] = {{"F64", 64},    {"I64", 64},   {"U64", 64}, {"F32", 32},  {"I32", 32},
                                     {"U32", 32},    {"C64", 64},   {"F16", 16}, {"BF16", 16}, {"I16", 16},
                                     {"U16", 16},    {"I8", 8},     {"U8", 8},   {"BOOL", 8},  {"F8_E4M3", 8},
                                     {"F8_E5M2", 8}, {"F8_E8M0", 8}};
  for (const Width& width : widths)
    if (width.dtype == dtype) return width.bits;
  return 0;
}

// JSON in which no object has a key twice.
json parse_header(std::string_view text, const std::string& source) {
  std::vector<std::set<std::string>> keys;
  std::string twice;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      twice = value.get<std::string>();
    return true;
  };
  json header;
  try {
    header = json::parse(text, watch);
  } catch (const json::exception&) {
    refuse(source, "its header is no JSON; the file is damaged or of another format");
  }
  if (!twice.empty()) refuse(source, fmt::format("its header has '{}' twice", twice));
  if (!header.is_object()) refuse(source, "its header is no JSON object");
  return header;
}

std::map<std::string, std::string> parse_metadata(const json& entry, const std::string& source) {
  std::map<std::string, std::string> metadata;
  if (!entry.is_object()) refuse(source, "__metadata__ is no object");
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string()) refuse(source, fmt::format("__metadata__ '{}' is no string", key));
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

std::uint64_t whole_number(const json& value, const std::string& source, std::string_view tensor) {
  if (!value.is_number_unsigned()) refuse(source, fmt::format("tensor '{}' has a number that isn't whole", tensor));
  return value.get<std::uint64_t>();
}

// Name, dtype, shape of one entry (its data stay empty) and where its bytes are.
std::pair<StoredTensor, Range> parse_entry(const std::string& name, const json& entry, const std::string& source) {
  const bool complete = entry.is_object() && entry.size() == 3 && entry.contains("dtype") &&
                        entry["dtype"].is_string() && entry.contains("shape") && entry["shape"].is_array() &&
                        entry.contains("data_offsets") && entry["data_offsets"].is_array() &&
                        entry["data_offsets"].size() == 2;
  if (!complete) refuse(source, fmt::format("tensor '{}' lacks dtype, shape or data_offsets", name));
  StoredTensor tensor{.name = name, .dtype = entry["dtype"].get<std::string>()};
  const std::int64_t bits = element_bits(tensor.dtype);
  std::int64_t total_bits = bits;
  for (const json& extent : entry["shape"]) {
    const std::uint64_t value = whole_number(extent, source, name);
    if (value > std::uint64_t{INT64_MAX} ||
        __builtin_mul_overflow(total_bits, static_cast<std::int64_t>(value), &total_bits))
      refuse(source, fmt::format("tensor '{}' has an impossible shape", name));
    tensor.shape.push_back(static_cast<std::int64_t>(value));
  }
  const Range range{whole_number(entry["data_offsets"][0], source, name),
                    whole_number(entry["data_offsets"][1], source, name)};
  if (range.end < range.begin) refuse(source, fmt::format("tensor '{}' ends before it begins", name));
  if (bits != 0 && static_cast<std::uint64_t>(total_bits) != (range.end - range.begin) * 8)
    refuse(source, fmt::format("tensor '{}' has {} bytes, its shape {} of {} needs {}", name, range.end - range.begin,
                               fmt::join(tensor.shape, "x"), tensor.dtype, total_bits / 8));
  return {std::move(tensor), range};
}

// Those of the format's types that an Array can have.
struct ElementName {
  std::string_view name;
  ElementType type;
};

constexpr ElementName kElementTypes[] = {
    {"F32", ElementType::f32},      {"F64", ElementType::f64}, {"F16", ElementType::f16}, {"BF16", ElementType::bf16},
    {"I8", ElementType::i8},        {"I16", ElementType::i16}, {"I32", ElementType::i32}, {"I64", ElementType::i64},
    {"U8", ElementType::u8},        {"U16", ElementType::u16}, {"U32", ElementType::u32}, {"U64", ElementType::u64},
    {"BOOL", ElementType::boolean},
};

}  // namespace

StoredTensor StoredTensor::from_array(std::string name, Array array) {
  const auto row = std::ranges::find(kElementTypes, array.type, &ElementName::type);
  return {std::move(name), std::string(row->name), std::move(array.shape), std::move(array.data)};
}

StoredTensor StoredTensor::from_tensor(std::string name, const HostTensor& tensor) {
  return from_array(std::move(name), tuff::from_tensor(tensor));
}

StoredTensor StoredTensor::from_int64(std::string name, std::int64_t value) {
  return from_array(std::move(name), array_of({}, std::span(&value, 1)));
}

Array StoredTensor::array() const {
  const auto row = std::ranges::find(kElementTypes, dtype, &ElementName::name);
  if (row == std::end(kElementTypes))
    throw Error(fmt::format("tensor '{}' is of type {}, which isn't computed with", name, dtype));
  Array result(row->type, shape);
  if (result.data.size() != data.size())
    throw Error(fmt::format("tensor '{}' has {} bytes, its shape needs {}", name, data.size(), result.data.size()));
  result.data = data;
  return result;
}

HostTensor StoredTensor::tensor() const {
  return to_tensor(array(), fmt::format("tensor '{}'", name));
}

const StoredTensor* SafeTensors::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &StoredTensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

const StoredTensor& SafeTensors::at(std::string_view name) const {
  if (const StoredTensor* tensor = find(name)) return *tensor;
  throw Error(fmt::format("there is no tensor '{}' in the model file: it belongs to another network", name));
}

SafeTensors read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(os::read_file(path), path.string());
}

SafeTensors parse_safetensors(std::span<const std::byte> bytes, const std::string& source) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof(length)) refuse(source, fmt::format("it has only {} bytes", bytes.size()));
  std::memcpy(&length, bytes.data(), sizeof(length));
  if (length > kLongestHeader || length > bytes.size() - sizeof(length))
    refuse(source, fmt::format("its header should have {} bytes, the file has {}", length, bytes.size()));
  const std::span<const std::byte> body = bytes.subspan(sizeof(length) + length);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof(length), length);
  if (text.empty() || text.front() != '{') refuse(source, "its header does not begin with '{'");

  SafeTensors file;
  std::vector<std::pair<StoredTensor, Range>> entries;
  const json header = parse_header(text, source);
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__")
      file.metadata = parse_metadata(entry, source);
    else
      entries.push_back(parse_entry(name, entry, source));
  }
  std::ranges::sort(entries, {}, [](const auto& entry) { return std::pair(entry.second.begin, entry.second.end); });

  std::uint64_t position = 0;
  for (const auto& [tensor, range] : entries) {
    if (range.begin != position)
      refuse(source, fmt::format("tensor '{}' leaves a gap or overlaps another", tensor.name));
    position = range.end;
  }
  if (position != body.size())
    refuse(source, fmt::format("its tensors take {} bytes, the file has {} for them", position, body.size()));
  for (auto& [tensor, range] : entries) {
    const auto data = body.subspan(range.begin, range.end - range.begin);
    tensor.data.assign(data.begin(), data.end());
    file.tensors.push_back(std::move(tensor));
  }
  return file;
}

std::vector<std::byte> serialize_safetensors(const SafeTensors& file) {
  std::vector<const StoredTensor*> order;
  for (const StoredTensor& tensor : file.tensors) order.push_back(&tensor);
  std::ranges::stable_sort(order, std::greater(),
                           [](const StoredTensor* tensor) { return element_bits(tensor->dtype); });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::uint64_t position = 0;
  for (const StoredTensor* tensor : order) {
    if (header.contains(tensor->name)) throw Error(fmt::format("tensor '{}' would be stored twice", tensor->name));
    const std::uint64_t end = position + tensor->data.size();
    header[tensor->name] = {{"dtype", tensor->dtype}, {"shape", tensor->shape}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // data begin at a multiple of 8

  const std::uint64_t length = text.size();
  std::vector<std::byte> bytes(sizeof(length) + text.size() + position);
  std::memcpy(bytes.data(), &length, sizeof(length));
  std::memcpy(bytes.data() + sizeof(length), text.data(), text.size());
  std::byte* out = bytes.data() + sizeof(length) + text.size();
  for (const StoredTensor* tensor : order) out = std::ranges::copy(tensor->data, out).out;
  return bytes;
}

void write_safetensors(const std::filesystem::path& path, const SafeTensors& file) {
  os::write_file(path, serialize_safetensors(file));
}

}  // namespace tuff
