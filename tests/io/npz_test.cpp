#include "io/npz.h"

#include <algorithm>
#include <cmath>

#include "base/os.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "support/files.h"

namespace tuff {
namespace {

constexpr ElementType kAllTypes[] = {ElementType::f32,    ElementType::f64, ElementType::f16, ElementType::bf16,
                                     ElementType::i8,     ElementType::i16, ElementType::i32, ElementType::i64,
                                     ElementType::u8,     ElementType::u16, ElementType::u32, ElementType::u64,
                                     ElementType::boolean};

Array counting(ElementType type, std::vector<std::int64_t> shape) {
  Array array(ElementType::i64, std::move(shape));
  std::int64_t next = 0;
  for (std::int64_t& value : array.as<std::int64_t>()) value = next++;
  return convert(array, type);
}

// np.savez_compressed(x=np.arange(6, dtype=np.int16).reshape(2, 3)): one deflated member "x.npy".
constexpr unsigned char kCompressed[] = {
    0x50, 0x4b, 0x03, 0x04, 0x2d, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0x1a, 0x4e, 0x98, 0x7e,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x05, 0x00, 0x14, 0x00, 0x78, 0x2e, 0x6e, 0x70, 0x79, 0x01,
    0x00, 0x10, 0x00, 0x8c, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x52, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x9b, 0xec, 0x17, 0xea, 0x1b, 0x10, 0xc9, 0xc8, 0x50, 0xc6, 0x50, 0xad, 0x9e, 0x92, 0x5a, 0x9c, 0x5c,
    0xa4, 0x6e, 0xa5, 0xa0, 0x6e, 0x93, 0x69, 0xa4, 0xae, 0xa3, 0xa0, 0x9e, 0x96, 0x5f, 0x54, 0x52, 0x94, 0x98,
    0x17, 0x9f, 0x5f, 0x94, 0x92, 0x0a, 0x12, 0x77, 0x4b, 0xcc, 0x29, 0x4e, 0x05, 0x8a, 0x17, 0x67, 0x24, 0x16,
    0xa4, 0x02, 0xf9, 0x1a, 0x46, 0x3a, 0x0a, 0xc6, 0x9a, 0x3a, 0x0a, 0xb5, 0x0a, 0x64, 0x03, 0x2e, 0x06, 0x06,
    0x46, 0x06, 0x26, 0x06, 0x66, 0x06, 0x16, 0x06, 0x56, 0x06, 0x00, 0x50, 0x4b, 0x01, 0x02, 0x2d, 0x03, 0x2d,
    0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0x1a, 0x4e, 0x98, 0x7e, 0x52, 0x00, 0x00, 0x00, 0x8c,
    0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x00,
    0x00, 0x00, 0x00, 0x78, 0x2e, 0x6e, 0x70, 0x79, 0x50, 0x4b, 0x05, 0x06, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x01, 0x00, 0x33, 0x00, 0x00, 0x00, 0x89, 0x00, 0x00, 0x00, 0x00, 0x00};

}  // namespace

TEST_CASE("array: half floats convert both ways, rounded to nearest even") {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    Float16 half;
    half.bits = static_cast<std::uint16_t>(bits);
    const auto value = static_cast<float>(half);
    const Float16 back(value);
    if (std::isnan(value))
      CHECK(std::isnan(static_cast<float>(back)));
    else
      CHECK(back.bits == half.bits);
  }
  const auto rounded = [](float value) { return static_cast<float>(Float16(value)); };
  CHECK(rounded(1 + 0x1p-11f) == 1);  // halfway: to even
  CHECK(rounded(1 + 3 * 0x1p-11f) == 1 + 0x1p-9f);
  CHECK(rounded(65519) == 65504);
  CHECK(std::isinf(rounded(65520)));
  CHECK(rounded(0x1p-25f) == 0);
  CHECK(rounded(3 * 0x1p-26f) == 0x1p-24f);
  CHECK(static_cast<float>(BFloat16(1 + 0x1p-8f)) == 1);
  CHECK(static_cast<float>(BFloat16(1 + 3 * 0x1p-8f)) == 1 + 0x1p-6f);
}

TEST_CASE("array: conversions follow NumPy, and floats beyond an integer's range its ends") {
  Array wide(ElementType::f64, {5});
  const double values[] = {-1.9, 300, std::nan(""), 1e300, 0.5};
  std::ranges::copy(values, wide.as<double>().begin());
  CHECK(integers(convert(wide, ElementType::u8)) == std::vector<std::int64_t>{0, 255, 0, 255, 0});
  CHECK(integers(convert(wide, ElementType::i32)) == std::vector<std::int64_t>{-1, 300, 0, INT32_MAX, 0});
  CHECK(integers(convert(wide, ElementType::boolean)) == std::vector<std::int64_t>{1, 1, 1, 1, 1});
  CHECK(integers(convert(array_of({2}, std::vector<std::int64_t>{-1, 257}), ElementType::u8)) ==
        std::vector<std::int64_t>{255, 1});
}

TEST_CASE("npy, npz and safetensors: every type comes back, empty arrays too") {
  test::TemporaryFolder folder;
  std::vector<NamedArray> arrays;
  SafeTensors stored;
  for (const ElementType type : kAllTypes)
    for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{}, {3}, {2, 0, 3}, {2, 3, 2}}) {
      const Array array = counting(type, shape);
      write_npy(folder / "a.npy", array);
      // NumPy has no bf16: it becomes f32.
      CHECK(read_npy_array(folder / "a.npy") == (type == ElementType::bf16 ? convert(array, ElementType::f32) : array));
      const std::string name = std::string(to_string(type)) + "/" + shape_text(shape);
      stored.tensors.push_back(StoredTensor::from_array(name, array));
      if (type != ElementType::bf16) arrays.push_back({name, array});
    }
  write_npz(folder / "a.npz", arrays);
  const std::vector<NamedArray> back = read_npz(folder / "a.npz");
  REQUIRE(back.size() == arrays.size());
  for (std::size_t i = 0; i < back.size(); ++i) {
    CHECK(back[i].name == arrays[i].name);
    CHECK(back[i].array == arrays[i].array);
  }
  const SafeTensors parsed = parse_safetensors(serialize_safetensors(stored), "x");
  for (const StoredTensor& tensor : stored.tensors) CHECK(parsed.at(tensor.name).array() == tensor.array());
}

TEST_CASE("npz: NumPy's compressed archives") {
  const std::vector<NamedArray> arrays = parse_npz(std::as_bytes(std::span(kCompressed)), "x.npz");
  REQUIRE(arrays.size() == 1);
  CHECK(arrays[0].name == "x");
  CHECK(arrays[0].array == counting(ElementType::i16, {2, 3}));
}

TEST_CASE("npz: damage is an error, never a crash") {
  test::TemporaryFolder folder;
  write_npz(folder / "a.npz",
            std::vector<NamedArray>{{"x", counting(ElementType::f32, {4})}, {"y", counting(ElementType::i8, {2, 2})}});
  const std::vector<std::byte> whole = os::read_file(folder / "a.npz");
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK(test::contains(test::error_of([&] { parse_npz(std::span(whole).first(length), "a.npz"); }), "a.npz"));
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::vector<std::byte> damaged = whole;
    damaged[bit / 8] ^= std::byte{1} << bit % 8;
    refused += test::error_of([&] { parse_npz(damaged, "a.npz"); }).empty() ? 0 : 1;
  }
  CHECK(refused > whole.size() * 3);  // dates and attributes may change
  CHECK(test::contains(test::error_of([&] {
                         write_npz(folder / "b.npz", std::vector<NamedArray>{{"x", Array{}}, {"x", Array{}}});
                       }),
                       "twice"));
}

}  // namespace tuff
