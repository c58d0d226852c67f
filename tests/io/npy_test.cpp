#include "io/npy.h"

#include <cstring>

#include "base/os.h"
#include "support/files.h"

namespace tuff {
namespace {

std::vector<std::byte> npy(const std::string& header, const std::string& data, char version = 1) {
  std::string text = "\x93NUMPY";
  text += {version, '\0', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  if (version > 1) text += std::string(2, '\0');
  text += header + data;
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

}  // namespace

TEST_CASE("npy: what is written is read back") {
  test::TemporaryFolder folder;
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3, 4}}) {
    HostTensor tensor(shape);
    for (std::size_t i = 0; i < tensor.floats().size(); ++i) tensor.floats()[i] = static_cast<float>(i) + 0.5f;
    write_npy(folder / "a.npy", tensor);
    const HostTensor back = read_npy(folder / "a.npy");
    CHECK(back.shape == shape);
    CHECK(back.data == tensor.data);
  }
  write_npy(folder / "i.npy", HostTensor::from_ints(Shape{2}, std::vector<std::int32_t>{-1, 70000}));
  CHECK(read_npy(folder / "i.npy").ints()[1] == 70000);
}

TEST_CASE("npy: types, byte orders, versions and Fortran order") {
  const auto ints = [](const HostTensor& tensor) {
    return std::vector<std::int32_t>(tensor.ints().begin(), tensor.ints().end());
  };
  CHECK(ints(parse_npy(
            npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", std::string("\x01\x02\xff\xff", 4)),
            "x")) == std::vector<std::int32_t>{258, -1});
  CHECK(ints(parse_npy(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", "abcdef"), "x")) ==
        std::vector<std::int32_t>{'a', 'c', 'e', 'b', 'd', 'f'});
  CHECK(ints(parse_npy(
            npy("{'descr': '<i8', 'fortran_order': False, 'shape': (), }", std::string("\x05\0\0\0\0\0\0\0", 8), 2),
            "x")) == std::vector<std::int32_t>{5});
}

TEST_CASE("npy: damaged files are refused by name") {
  const auto refused = [](std::span<const std::byte> bytes) {
    return test::error_of([&] { parse_npy(bytes, "x.npy"); });
  };
  const std::vector<std::byte> whole =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", std::string(16, '\0'));
  CHECK(refused(whole).empty());
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK(refused(std::span(whole).first(length)).starts_with("x.npy: "));
  CHECK(test::contains(refused(npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "12345678")), "'c8'"));
  CHECK(test::contains(refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "1234")),
                       "type"));
  CHECK(test::contains(
      refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", "1234")),
      "impossible"));
  CHECK(test::contains(
      refused(npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", std::string("\0\0\0\0\0\1\0\0", 8))),
      "does not fit"));
}

}  // namespace tuff
