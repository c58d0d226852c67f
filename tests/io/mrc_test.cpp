// The files in tests/fuzz/seeds/mrc were written by mrcfile 1.5.4, whose numbers are the expected ones; imod_u8.mrc has
// IMOD's stamp in addition.
#include "io/mrc.h"

#include <algorithm>
#include <cstring>

#include "base/os.h"
#include "support/files.h"

namespace tuff {
namespace {

using test::contains;
using test::error_of;

std::vector<std::byte> seed(const char* name) {
  return os::read_file(std::filesystem::path(TUFF_SOURCE_DIR) / "tests/fuzz/seeds/mrc" / name);
}

template <class T>
void put(std::vector<std::byte>& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

// A header as little-endian programs write it: columns, rows, sections, mode.
std::vector<std::byte> header(std::int32_t columns, std::int32_t rows, std::int32_t sections, std::int32_t mode) {
  std::vector<std::byte> bytes(1024);
  const std::int32_t fields[] = {columns, rows, sections, mode};
  std::memcpy(bytes.data(), fields, sizeof(fields));
  std::memcpy(bytes.data() + 208, "MAP DD\0\0", 8);
  return bytes;
}

Image volume(SampleKind sample, int bits, float lowest) {
  Image image(1, ImageSize(2, 3, 4));
  for (std::size_t i = 0; i < image.values.size(); ++i) image.values[i] = lowest + static_cast<float>(i) * 5;
  image.info = {.kind = FileKind::mrc,
                .sample = sample,
                .bits = bits,
                .pixel_width = 1.5,
                .pixel_height = 1.25,
                .pixel_depth = 4,
                .unit = "nm"};
  return image;
}

}  // namespace

TEST_CASE("mrc: int16 with an extended header has mrcfile's values and voxel size") {
  const Image image = parse_mrc(seed("i16.mrc"), "i16");
  CHECK((image.depth == 2 && image.height == 3 && image.width == 4 && image.channels == 1 && image.frames == 1));
  for (std::size_t i = 0; i < image.values.size(); ++i) CHECK(image.values[i] == (static_cast<float>(i) - 6) * 100);
  CHECK(image.info == ImageInfo{FileKind::mrc, SampleKind::signed_integer, 16, 0.8, 0.8, 1.6, "nm"});
}

TEST_CASE("mrc: half floats, big-endian floats and uint16 have mrcfile's values") {
  const Image half = parse_mrc(seed("f16_stack.mrc"), "f16");  // an image stack: depth too
  CHECK((half.depth == 3 && half.height == 2 && half.width == 2 && half.info.sample == SampleKind::floating));
  CHECK((half.values[0] == -0.5f && half.values[1] == -0.375f && half.values[11] == 0.875f));
  CHECK(half.info.bits == 16);
  const Image big = parse_mrc(seed("big_f32.mrc"), "f32");
  CHECK((big.values[0] == -1 && big.values[1] == -0.71428573f && big.values[7] == 1));
  CHECK(big.info.pixel_depth == doctest::Approx(0.35));
  const Image wide = parse_mrc(seed("u8_as_u16.mrc"), "u16");
  CHECK(wide.values == std::vector<float>{0, 50, 100, 150, 200, 250});
  CHECK(wide.info == ImageInfo{.kind = FileKind::mrc, .bits = 16});  // no voxel size: no unit
}

TEST_CASE("mrc: bytes are signed unless IMOD's flags say otherwise") {
  std::vector<std::byte> bytes = seed("imod_u8.mrc");
  CHECK(parse_mrc(bytes, "u8").values == std::vector<float>{0, 100, 200, 255, 128, 127});
  CHECK(parse_mrc(bytes, "u8").info.sample == SampleKind::unsigned_integer);
  put(bytes, 156, std::int32_t{1});
  CHECK(parse_mrc(bytes, "i8").values == std::vector<float>{0, 100, -56, -1, -128, 127});
  put(bytes, 152, std::int32_t{0});
  put(bytes, 156, std::int32_t{0});
  CHECK(parse_mrc(bytes, "i8").values == std::vector<float>{0, 100, -56, -1, -128, 127});
}

TEST_CASE("mrc: sections are what axes say, volume stacks are points in time") {
  const std::vector<std::byte> bytes = seed("f16_stack.mrc");
  CHECK(parse_mrc(bytes, "a", "TYX").frames == 3);
  CHECK(parse_mrc(bytes, "a", "CYX").channels == 3);
  CHECK(contains(error_of([&] { parse_mrc(bytes, "a", "T2ZYX"); }), "don't fit axes"));
  std::vector<std::byte> volumes = seed("i16.mrc");
  put(volumes, 36, std::int32_t{1});  // slices of a volume
  put(volumes, 88, std::int32_t{401});
  const Image image = parse_mrc(volumes, "b");
  CHECK((image.frames == 2 && image.depth == 1));
}

TEST_CASE("mrc: pixel sizes follow the axes of the cell") {
  std::vector<std::byte> bytes = header(2, 3, 1, 0);
  bytes.resize(1024 + 6);
  const std::int32_t intervals[] = {10, 3, 2}, axes[] = {3, 2, 1};  // columns run along z
  const float cell[] = {100, 60, 10};
  std::memcpy(bytes.data() + 28, intervals, sizeof(intervals));
  std::memcpy(bytes.data() + 40, cell, sizeof(cell));
  std::memcpy(bytes.data() + 64, axes, sizeof(axes));
  const ImageInfo info = parse_mrc(bytes, "a").info;
  CHECK((info.pixel_width == 0.5 && info.pixel_height == 2 && info.pixel_depth == 1));
  put(bytes, 64, std::int32_t{2});
  CHECK(contains(error_of([&] { parse_mrc(bytes, "a"); }), "its axes are 2, 2, 1"));
}

TEST_CASE("mrc: what is written is read back, each type") {
  test::TemporaryFolder folder;
  for (const Image& image :
       {volume(SampleKind::signed_integer, 8, -60), volume(SampleKind::signed_integer, 16, -3000),
        volume(SampleKind::unsigned_integer, 16, 60000), volume(SampleKind::floating, 32, -0.3f)}) {
    write_image(folder / "a.mrc", image);
    const Image back = read_image(folder / "a.mrc");
    CHECK(back.values == image.values);
    CHECK((back.info.sample == image.info.sample && back.info.bits == image.info.bits && back.info.unit == "nm"));
    CHECK(back.info.pixel_width == doctest::Approx(1.5));
    CHECK(back.info.pixel_depth == doctest::Approx(4));
    CHECK(describe_size(back) == "2x3x4");
  }
  Image bytes = volume(SampleKind::unsigned_integer, 8, 10);
  bytes.frames = 2;
  bytes.depth = 1;
  bytes.info.unit = "um";
  write_image(folder / "b.rec", bytes);
  const Image back = read_image(folder / "b.rec");
  CHECK((back.values == bytes.values && back.frames == 2 && back.depth == 1 && back.info.bits == 16));
  CHECK(back.info.pixel_width == doctest::Approx(1500));
  CHECK(contains(error_of([&] { write_image(folder / "c.map", Image(3, 2, 2)); }), "write a .tif"));
}

TEST_CASE("mrc: one plane and the header alone are read from files, old ones too") {
  test::TemporaryFolder folder;
  std::vector<std::byte> bytes = seed("i16.mrc");
  std::fill_n(bytes.begin() + 208, 8, std::byte{0});  // as before the year 2000
  os::write_file(folder / "old.mrc", bytes);
  const Image plane = read_image(folder / "old.mrc", {}, 1);
  CHECK((plane.depth == 1 && plane.values.size() == 12 && plane.values[0] == 600));
  CHECK(contains(error_of([&] { read_mask(folder / "old.mrc", {}, 2); }), "no plane 2 of 2"));
  const Image probe = probe_image(folder / "old.mrc");
  CHECK((probe.values.empty() && probe.size() == ImageSize(2, 3, 4) && probe.info == plane.info));
  os::write_file(folder / "named.dat", seed("big_f32.mrc"));
  CHECK(read_image(folder / "named.dat").info.kind == FileKind::mrc);
  CHECK((is_image_file("x.MRC") && is_image_file("x.rec") && is_image_file("x.map")));
}

TEST_CASE("mrc: files that can't be read are refused with the reason") {
  const auto refused = [](const std::vector<std::byte>& bytes, const char* part) {
    const std::string error = error_of([&] { parse_mrc(bytes, "file.mrc"); });
    CHECK_MESSAGE((contains(error, "file.mrc: ") && contains(error, part)), error);
  };
  std::vector<std::byte> cut = seed("i16.mrc");
  cut.pop_back();
  refused(cut, "is cut short: 2 planes of 3x4");
  cut.resize(1000);
  refused(cut, "its header has 1024 bytes");
  refused(header(1 << 20, 1 << 20, 1 << 20, 2), "is cut short");
  refused(header(0, 3, 3, 2), "damaged MRC: 3x3x0");
  refused(header(4, 4, -4, 2), "damaged MRC: -4x4x4");
  refused(header(1, 1, 1, 4), "complex numbers");
  refused(header(1, 1, 1, 101), "mode 101 isn't read");
  std::vector<std::byte> extended = header(1, 1, 1, 0);
  put(extended, 92, std::int32_t{-1});
  refused(extended, "extended header has -1 bytes");
  put(extended, 92, INT32_MAX);
  refused(extended, "is cut short");
  refused(std::vector<std::byte>(2000, std::byte{'x'}), "is no MRC file");
}

}  // namespace tuff
