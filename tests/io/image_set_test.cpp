#include "io/image_set.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>

#include "base/error.h"
#include "base/os.h"
#include "io/idx.h"
#include "support/files.h"

using namespace tuff;
using namespace tuff::test;

namespace {

namespace fs = std::filesystem;

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

// Two images of 3 rows and 2 columns, with values 0, 1, 2 ...
std::vector<std::byte> small_idx() {
  std::vector<std::byte> bytes = bytes_of({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2});
  for (int i = 0; i < 12; ++i) bytes.push_back(static_cast<std::byte>(20 * i));
  return bytes;
}

std::vector<std::byte> zipped(const std::vector<std::byte>& bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::vector<std::byte> result(bytes.size() + 100);
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

std::int64_t same(std::int64_t side) {
  return side;
}

ImageSet open(const fs::path& path, std::int64_t side, Fit fit = Fit::pad) {
  return open_image_set(std::span(&path, 1), {}, side, fit, same);
}

std::vector<float> values_of(const ImageSet& images, std::int64_t index) {
  std::vector<float> values(static_cast<std::size_t>(images.channels() * images.side() * images.side()));
  images.read(index, values);
  return values;
}

Image grey(std::int64_t height, std::int64_t width, std::vector<float> values) {
  Image image(1, height, width);
  image.values = std::move(values);
  return image;
}

// Either an Error, or a well-formed result.
bool survives(const std::vector<std::byte>& bytes) {
  try {
    const IdxImages images = parse_idx(bytes, "hostile");
    return static_cast<std::int64_t>(images.values.size()) == images.count * images.height * images.width;
  } catch (const Error& error) {
    return contains(error.what(), "hostile");
  }
}

}  // namespace

TEST_CASE("idx: plain and gzip give the same images") {
  for (const auto& bytes : {small_idx(), zipped(small_idx())}) {
    const IdxImages images = parse_idx(bytes, "x");
    CHECK(images.count == 2);
    CHECK(images.height == 3);
    CHECK(images.width == 2);
    REQUIRE(images.values.size() == 12);
    CHECK(images.values[7] == 140);
  }
}

TEST_CASE("idx: every cut, every flipped bit and false sizes give an error or whole images") {
  for (const auto& whole : {small_idx(), zipped(small_idx())}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      CHECK(contains(error_of([&] { parse_idx(std::span(whole).first(size), "hostile"); }), "hostile"));
    }
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      CAPTURE(bit);
      std::vector<std::byte> flipped = whole;
      flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
      CHECK(survives(flipped));
    }
  }
  std::vector<std::byte> huge = small_idx();  // 2^60 bytes announced
  for (const std::size_t at : {4u, 5u, 6u, 7u}) huge[at] = std::byte{0xff};
  for (const std::size_t at : {10u, 14u}) huge[at] = std::byte{0x3f};
  CHECK(contains(error_of([&] { parse_idx(huge, "h"); }), "cut short"));
  CHECK(contains(error_of([&] { parse_idx(zipped(huge), "h"); }), "cut short"));
  std::vector<std::byte> more = small_idx();
  more.push_back(std::byte{0});
  CHECK(contains(error_of([&] { parse_idx(more, "h"); }), "holds more"));
  CHECK(contains(error_of([&] { parse_idx(zipped(more), "h"); }), "holds more"));
  std::vector<std::byte> floats = small_idx();
  floats[2] = std::byte{0x0d};
  CHECK(contains(error_of([&] { parse_idx(floats, "h"); }), "0x0d"));
}

TEST_CASE("image set: MNIST's digits where they are there") {
  const auto data = real_data();
  if (!data) return;
  const fs::path path = *data / "digits" / "t10k-images-idx3-ubyte.gz";
  const ImageSet images = open(path, 32);
  CHECK(images.count() == 10'000);
  CHECK(images.channels() == 1);
  CHECK(images.name(42) == "t10k-images-idx3-ubyte_00042");
  const std::vector<float> seven = values_of(images, 0);
  CHECK(*std::ranges::max_element(seven) == 1);
  for (std::size_t i = 0; i < 32; ++i)
    for (const std::size_t edge : {i, 32 + i, 30 * 32 + i, 31 * 32 + i}) CHECK(seven[edge] == 0);
}

TEST_CASE("image set: padding puts zeros around, evenly") {
  const TemporaryFolder folder;
  const auto idx = zipped(small_idx());
  os::write_file(folder / "a.idx.gz", idx);
  const std::vector<float> padded = values_of(open(folder / "a.idx.gz", 4), 1);
  std::vector<float> expected(16);
  const float image[] = {120, 140, 160, 180, 200, 220};
  for (std::size_t i = 0; i < 6; ++i) expected[i / 2 * 4 + 1 + i % 2] = image[i] / 255;
  CHECK(padded == expected);
  CHECK(contains(error_of([&] { open(folder / "a.idx.gz", 2); }), "--fit crop"));
  CHECK(open(folder / "a.idx.gz", 0).side() == 3);
}

TEST_CASE("image set: crop takes the centre, resize averages") {
  const Image image = grey(2, 4, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(fit_image(image, 2, Fit::crop).values == std::vector<float>{2, 3, 6, 7});
  CHECK(fit_image(image, 2, Fit::resize).values == std::vector<float>{2, 3, 6, 7});  // the shorter side fits already
  const Image flat = fit_image(grey(5, 7, std::vector<float>(35, 0.25f)), 3, Fit::resize);
  for (const float value : flat.values) CHECK(value == doctest::Approx(0.25));
  std::vector<float> ramp(64);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i % 8);
  const Image half = fit_image(grey(8, 8, ramp), 4, Fit::resize);
  for (std::size_t x = 1; x < 3; ++x) CHECK(half.values[x] == doctest::Approx(2 * static_cast<double>(x) + 0.5));
  const Image twice = fit_image(grey(8, 8, ramp), 16, Fit::resize);
  for (std::size_t x = 1; x < 15; ++x) CHECK(twice.values[x] == doctest::Approx(static_cast<double>(x) / 2 - 0.25));
}

TEST_CASE("image set: folders of PNG and TIFF, by name; 16 bits and floats keep their precision") {
  const TemporaryFolder folder;
  write_image(folder / "b.png", grey(4, 4, std::vector<float>(16, 51)));
  Image fine = grey(4, 4, std::vector<float>(16, 12345));
  fine.info.bits = 16;
  write_image(folder / "a.png", fine);
  const ImageSet images = open(folder.path(), 4);
  REQUIRE(images.count() == 2);
  CHECK(images.name(0) == "a");
  CHECK(values_of(images, 0)[5] == doctest::Approx(12345.0 / 65535));
  CHECK(values_of(images, 1)[5] == doctest::Approx(0.2));
  Image floats = grey(4, 4, std::vector<float>(16, 0.75f));
  floats.info = {.kind = FileKind::tiff, .sample = SampleKind::floating, .bits = 32};
  write_image(folder / "c.tif", floats);
  CHECK(values_of(open(folder.path(), 4), 2)[0] == 0.75f);
  floats.values[3] = 1.5f;
  write_image(folder / "c.tif", floats);
  CHECK(contains(error_of([&] { open(folder.path(), 4); }), "1.5, outside of 0 to 1"));
}

TEST_CASE("image set: bytes are exact, and other pixels are another data set") {
  const TemporaryFolder folder;
  const Image image = random_image(3, 8, 8);
  write_image(folder / "x.png", image);
  const ImageSet images = open(folder.path(), 8);
  CHECK(images.channels() == 3);
  const std::vector<float> values = values_of(images, 0);
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(values[i] == image.values[i] / 255.0f);
  const std::string before = images.fingerprint();
  CHECK(before == open(folder.path(), 8).fingerprint());
  write_image(folder / "x.png", random_image(3, 8, 8, 256, 2));
  CHECK(before != open(folder.path(), 8).fingerprint());
  write_image(folder / "y.png", random_image(1, 8, 8));
  CHECK(contains(error_of([&] { open(folder.path(), 8); }), "channel"));
}
