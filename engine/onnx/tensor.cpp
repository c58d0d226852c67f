#include "onnx/tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <type_traits>

#include "base/error.h"

namespace tuff::onnx {
namespace {

namespace fs = std::filesystem;

struct DataTypeRow {
  std::int64_t number;
  std::string_view name;
  std::optional<ElementType> type;
};

constexpr DataTypeRow kDataTypes[] = {
    {0, "UNDEFINED", {}},
    {1, "FLOAT", ElementType::f32},
    {2, "UINT8", ElementType::u8},
    {3, "INT8", ElementType::i8},
    {4, "UINT16", ElementType::u16},
    {5, "INT16", ElementType::i16},
    {6, "INT32", ElementType::i32},
    {7, "INT64", ElementType::i64},
    {8, "STRING", {}},
    {9, "BOOL", ElementType::boolean},
    {10, "FLOAT16", ElementType::f16},
    {11, "DOUBLE", ElementType::f64},
    {12, "UINT32", ElementType::u32},
    {13, "UINT64", ElementType::u64},
    {14, "COMPLEX64", {}},
    {15, "COMPLEX128", {}},
    {16, "BFLOAT16", ElementType::bf16},
    {17, "FLOAT8E4M3FN", {}},
    {18, "FLOAT8E4M3FNUZ", {}},
    {19, "FLOAT8E5M2", {}},
    {20, "FLOAT8E5M2FNUZ", {}},
    {21, "UINT4", {}},
    {22, "INT4", {}},
    {23, "FLOAT4E2M1", {}},
    {24, "FLOAT8E8M0", {}},
    {25, "UINT2", {}},
    {26, "INT2", {}},
};

// The fields of a TensorProto as they stand in the file.
struct Stored {
  NamedTensor tensor;
  std::vector<std::int64_t> dims;
  std::vector<float> floats;           // f32
  std::vector<std::int64_t> integers;  // i32 and all smaller types, f16 and bf16 as bits, bool; i64; u32 and u64
  std::vector<double> doubles;         // f64
  std::optional<std::span<const std::byte>> raw;
  bool external = false;
  std::map<std::string, std::string> location;
};

std::pair<std::string, std::string> read_entry(WireReader reader) {
  std::pair<std::string, std::string> entry;
  while (reader.next()) {
    if (reader.field() == 1)
      entry.first = reader.label();
    else if (reader.field() == 2)
      entry.second = reader.label();
    else
      reader.skip();
  }
  return entry;
}

Stored read_stored(WireReader reader) {
  Stored stored;
  const auto integer = [&](std::int64_t value) { stored.integers.push_back(value); };
  while (reader.next()) {
    switch (reader.field()) {
      case 1: reader.varints([&](std::int64_t value) { stored.dims.push_back(value); }); break;
      case 2: stored.tensor.data_type = reader.integer(); break;
      case 3: reader.fail("a tensor is cut into segments, which isn't read");
      case 4: reader.floats([&](float value) { stored.floats.push_back(value); }); break;
      case 5:
      case 7:
      case 11: reader.varints(integer); break;
      case 8: stored.tensor.name = reader.label(); break;
      case 9: stored.raw = reader.bytes(); break;
      case 10: reader.doubles([&](double value) { stored.doubles.push_back(value); }); break;
      case 13: stored.location.insert(read_entry(reader.message())); break;
      case 14: stored.external = reader.integer() == 1; break;
      default: reader.skip();
    }
  }
  return stored;
}

[[noreturn]] void refuse(const std::string& source, const Stored& stored, const std::string& reason) {
  throw Error(
      fmt::format("{}: tensor \"{}\" (shape {}): {}", source, stored.tensor.name, shape_text(stored.dims), reason));
}

// A whole number of an external tensor's entry; `otherwise` where it isn't there.
std::uint64_t location_number(const std::string& source, const Stored& stored, const char* key,
                              std::uint64_t otherwise) {
  const auto found = stored.location.find(key);
  if (found == stored.location.end()) return otherwise;
  const std::string& text = found->second;
  const bool digits =
      !text.empty() && text.size() < 19 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) refuse(source, stored, fmt::format("its external data have the {} \"{}\"", key, text));
  return std::stoull(text);
}

// The path of external data: relative, and with all links followed still in the model's folder.
fs::path external_path(const std::string& source, const Stored& stored, const fs::path& folder) {
  if (folder.empty()) refuse(source, stored, "its data lie in another file, and no folder is given");
  const auto found = stored.location.find("location");
  if (found == stored.location.end() || found->second.empty())
    refuse(source, stored, "its external data have no location");
  const fs::path relative = found->second;
  const bool escapes = relative.is_absolute() || std::ranges::find(relative, fs::path("..")) != relative.end();
  std::error_code error;
  const fs::path root = fs::weakly_canonical(folder, error);
  const fs::path path = fs::weakly_canonical(root / relative, error);
  const bool inside = std::ranges::mismatch(root, path).in1 == root.end();
  if (escapes || error || !inside)
    refuse(source, stored, fmt::format("its external data \"{}\" lie outside of the model's folder", found->second));
  return path;
}

void read_external(const std::string& source, const Stored& stored, const fs::path& folder, Array& array,
                   std::int64_t needed) {
  const fs::path path = external_path(source, stored, folder);
  std::error_code error;
  const std::uint64_t size = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 0;
  const std::uint64_t offset = location_number(source, stored, "offset", 0);
  const std::uint64_t length = location_number(source, stored, "length", static_cast<std::uint64_t>(needed));
  if (length != static_cast<std::uint64_t>(needed))
    refuse(source, stored, fmt::format("its external data have {} bytes, its shape needs {}", length, needed));
  if (error || offset > size || length > size - offset)
    refuse(source, stored,
           fmt::format("its external data aren't in {} ({} bytes from {} of {})", path.filename().string(), length,
                       offset, size));
  array = Array(array.type, stored.dims);
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char*>(array.data.data()), static_cast<std::streamsize>(array.data.size()));
  if (!file) refuse(source, stored, fmt::format("its external data {} can't be read", path.filename().string()));
}

// From the list that the type has in a TensorProto.
void read_list(const std::string& source, const Stored& stored, Array& array) {
  const std::size_t listed = array.type == ElementType::f32   ? stored.floats.size()
                             : array.type == ElementType::f64 ? stored.doubles.size()
                                                              : stored.integers.size();
  const std::int64_t elements = checked_bytes(stored.dims, 1);
  if (elements < 0 || static_cast<std::uint64_t>(elements) != listed)
    refuse(source, stored, fmt::format("{} numbers are there", listed));
  array = Array(array.type, stored.dims);
  if (array.type == ElementType::f32) {
    std::ranges::copy(stored.floats, array.as<float>().begin());
  } else if (array.type == ElementType::f64) {
    std::ranges::copy(stored.doubles, array.as<double>().begin());
  } else {
    visit(array.type, [&]<class T>() {
      std::ranges::transform(stored.integers, array.as<T>().begin(), [](std::int64_t value) {
        if constexpr (std::is_integral_v<T>) {
          return static_cast<T>(value);
        } else {  // f16 and bf16 stand there as their bits
          T element{};
          if constexpr (sizeof(T) == 2) element.bits = static_cast<std::uint16_t>(value);
          return element;
        }
      });
    });
  }
}

}  // namespace

std::optional<ElementType> element_type(std::int64_t number) {
  const auto row = std::ranges::find(kDataTypes, number, &DataTypeRow::number);
  return row == std::end(kDataTypes) ? std::nullopt : row->type;
}

std::int64_t data_type(ElementType type) {
  return std::ranges::find(kDataTypes, std::optional(type), &DataTypeRow::type)->number;
}

std::string data_type_name(std::int64_t number) {
  const auto row = std::ranges::find(kDataTypes, number, &DataTypeRow::number);
  return row == std::end(kDataTypes) ? fmt::format("type {}", number) : std::string(row->name);
}

NamedTensor read_tensor(WireReader reader, const std::string& source, const fs::path& folder) {
  Stored stored = read_stored(reader);
  const std::optional<ElementType> type = element_type(stored.tensor.data_type);
  if (!type) return stored.tensor;
  const std::int64_t needed = checked_bytes(stored.dims, static_cast<std::int64_t>(size_of(*type)));
  if (needed < 0) refuse(source, stored, "its shape is impossible");
  Array array;
  array.type = *type;
  if (stored.external) {
    read_external(source, stored, folder, array, needed);
  } else if (stored.raw) {
    if (stored.raw->size() != static_cast<std::uint64_t>(needed))
      refuse(source, stored, fmt::format("{} bytes are there, {} needed", stored.raw->size(), needed));
    array = Array(*type, stored.dims);
    std::ranges::copy(*stored.raw, array.data.begin());
  } else {
    read_list(source, stored, array);
  }
  if (*type == ElementType::boolean)
    for (std::byte& value : array.data) value = std::byte{value != std::byte{0}};
  stored.tensor.array = std::move(array);
  return stored.tensor;
}

}  // namespace tuff::onnx
