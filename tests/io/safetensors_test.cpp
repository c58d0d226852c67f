#include "io/safetensors.h"

#include <cstring>

#include "base/os.h"
#include "support/files.h"

namespace tuff {
namespace {

std::vector<std::byte> file_of(const std::string& header, std::size_t data_bytes) {
  std::vector<std::byte> bytes(8 + header.size() + data_bytes);
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

SafeTensors example() {
  SafeTensors file;
  file.metadata = {{"format", "pt"}, {"config", "{\"a\": \"b\\n\"}"}};
  file.tensors.push_back(StoredTensor::from_tensor(
      "conv.weight", HostTensor::from_floats(Shape{2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6})));
  file.tensors.push_back({"odd", "U8", {3}, {std::byte{1}, std::byte{2}, std::byte{3}}});
  file.tensors.push_back(StoredTensor::from_int64("bn.num_batches_tracked", 7));
  file.tensors.push_back({"empty", "F32", {0, 4}, {}});
  return file;
}

}  // namespace

TEST_CASE("safetensors: a file keeps names, types, shapes, bytes and metadata") {
  test::TemporaryFolder folder;
  const SafeTensors file = example();
  write_safetensors(folder / "model.safetensors", file);
  const SafeTensors back = read_safetensors(folder / "model.safetensors");
  CHECK(back.metadata == file.metadata);
  REQUIRE(back.tensors.size() == file.tensors.size());
  for (const StoredTensor& tensor : file.tensors) {
    const StoredTensor& other = back.at(tensor.name);
    CHECK(other.dtype == tensor.dtype);
    CHECK(other.shape == tensor.shape);
    CHECK(other.data == tensor.data);
  }
  CHECK(back.at("conv.weight").tensor().floats()[4] == 5);
  CHECK(back.at("bn.num_batches_tracked").tensor().ints()[0] == 7);
  CHECK(serialize_safetensors(back) == serialize_safetensors(file));
  CHECK(test::contains(test::error_of([&] { back.at("missing"); }), "'missing'"));
}

TEST_CASE("safetensors: data begin at a multiple of eight, wide elements first") {
  const std::vector<std::byte> bytes = serialize_safetensors(example());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  CHECK(length % 8 == 0);
  const SafeTensors back = parse_safetensors(bytes, "memory");
  CHECK(back.tensors.front().name == "bn.num_batches_tracked");
  CHECK(back.tensors.back().name == "odd");
}

TEST_CASE("safetensors: a file cut anywhere is refused by name") {
  const std::vector<std::byte> bytes = serialize_safetensors(example());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::string message =
        test::error_of([&] { parse_safetensors(std::span(bytes).first(length), "cut.safetensors"); });
    CHECK_MESSAGE(message.starts_with("cut.safetensors: "), length);
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("safetensors: what the format forbids is refused") {
  const auto refused = [](const std::string& header, std::size_t bytes) {
    return test::error_of([&] { parse_safetensors(file_of(header, bytes), "x"); });
  };
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  CHECK(refused("{" + a + "}", 8).empty());
  CHECK(test::contains(refused("{" + a + "," + a + "}", 8), "twice"));
  CHECK(test::contains(refused("{" + a + "}", 12), "take 8 bytes"));
  CHECK(test::contains(refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12), "gap"));
  CHECK(test::contains(refused("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8), "overlaps"));
  CHECK(test::contains(refused(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8), "needs 12"));
  CHECK(test::contains(refused(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8), "whole"));
  CHECK(test::contains(refused(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})", 8),
                       "impossible"));
  CHECK(test::contains(refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8), "ends before"));
  CHECK(test::contains(refused(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", 8), "lacks"));
  CHECK(test::contains(refused(R"({"__metadata__":{"a":1}})", 0), "no string"));
  CHECK(test::contains(refused("[1]", 0), "begin"));
  CHECK(test::contains(refused("{,}", 0), "JSON"));
  CHECK(refused(R"({"a":{"dtype":"NEW7","shape":[3],"data_offsets":[0,5]}})", 5).empty());  // unknown types are kept

  std::vector<std::byte> overlong = file_of("{}", 0);
  overlong[6] = std::byte{1};  // a header of 2^48 bytes
  CHECK(test::contains(test::error_of([&] { parse_safetensors(overlong, "x"); }), "header should have"));
}

TEST_CASE("safetensors: other types become what the engine computes with") {
  StoredTensor wide{"w", "F64", {1}, std::vector<std::byte>(8)};
  const double value = 0.1;
  std::memcpy(wide.data.data(), &value, 8);
  CHECK(wide.tensor().floats()[0] == 0.1f);
  const StoredTensor brain{"b", "BF16", {1}, {std::byte{0x80}, std::byte{0x3f}}};
  CHECK(brain.tensor().floats()[0] == 1.0f);
  CHECK(test::contains(test::error_of([] { StoredTensor::from_int64("n", std::int64_t{1} << 40).tensor(); }),
                       "does not fit"));
  CHECK(test::contains(test::error_of([] {
                         StoredTensor{"n", "C64", {1}, std::vector<std::byte>(8)}.tensor();
                       }),
                       "type C64"));
}

}  // namespace tuff
