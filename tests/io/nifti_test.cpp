// The files in tests/fuzz/seeds/nifti have headers made by nibabel 5.4.2, whose numbers are the expected ones.
#include "io/nifti.h"

#include <algorithm>
#include <cstring>

#include "base/os.h"
#include "io/byte_stream.h"
#include "io/dataset.h"
#include "support/files.h"

namespace tuff {
namespace {

using test::contains;
using test::error_of;

std::vector<std::byte> seed(const char* name) {
  return os::read_file(std::filesystem::path(TUFF_SOURCE_DIR) / "tests/fuzz/seeds/nifti" / name);
}

template <class T>
void put(std::vector<std::byte>& bytes, std::size_t at, T value, bool swapped = false) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
  if (swapped)
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + sizeof(T)));
}

// 2 x 1 x 1 voxels of a datatype: `low` and `high`.
template <class T>
std::vector<std::byte> pair_of(std::int16_t datatype, T low, T high, bool swapped) {
  std::vector<std::byte> bytes(352 + 2 * sizeof(T));
  put(bytes, 0, std::int32_t{348}, swapped);
  put(bytes, 40, std::int16_t{3}, swapped);
  put(bytes, 42, std::int16_t{2}, swapped);
  put(bytes, 44, std::int16_t{1}, swapped);
  put(bytes, 46, std::int16_t{1}, swapped);
  put(bytes, 70, datatype, swapped);
  put(bytes, 108, 352.0f, swapped);
  std::memcpy(bytes.data() + 344, "n+1", 4);
  put(bytes, 352, low, swapped);
  put(bytes, 352 + sizeof(T), high, swapped);
  return bytes;
}

template <class T>
void check_type(std::int16_t datatype, SampleKind sample, T low, T high) {
  CAPTURE(datatype);
  for (const bool swapped : {false, true}) {
    const Image image = parse_nifti(pair_of(datatype, low, high, swapped), "a");
    CHECK(image.values == std::vector<float>{static_cast<float>(low), static_cast<float>(high)});
    CHECK(image.info == ImageInfo{.kind = FileKind::nifti, .sample = sample, .bits = static_cast<int>(sizeof(T) * 8)});
  }
}

Image counting(std::int64_t frames, std::int64_t channels, const ImageSize& size) {
  Image image(frames * channels, size);
  image.frames = frames;
  image.channels = channels;
  for (std::size_t i = 0; i < image.values.size(); ++i) image.values[i] = static_cast<float>(i);
  image.info = {
      .kind = FileKind::nifti, .bits = 8, .pixel_width = 0.5, .pixel_height = 0.25, .pixel_depth = 2, .unit = "mm"};
  return image;
}

}  // namespace

TEST_CASE("nifti: packed int16 with slope and intercept has nibabel's values and voxel size") {
  const Image image = parse_nifti(seed("i16_scaled.nii.gz"), "a");
  CHECK(describe_size(image) == "2x3x4");
  for (std::size_t i = 0; i < image.values.size(); ++i)
    CHECK(image.values[i] == (static_cast<float>(i) - 5) * 0.5f - 3);
  CHECK(image.info == ImageInfo{FileKind::nifti, SampleKind::floating, 32, 0.5, 0.75, 2, "mm"});
}

TEST_CASE("nifti: big-endian, time and channels have nibabel's values") {
  const Image big = parse_nifti(seed("big_u16.nii"), "a");
  CHECK((big.depth == 2 && big.height == 2 && big.width == 3 && big.values[11] == 55000));
  CHECK(big.info == ImageInfo{FileKind::nifti, SampleKind::unsigned_integer, 16, 0.25, 0.25, 1, "um"});
  const Image time = parse_nifti(seed("f64_time.nii"), "b");
  CHECK((time.frames == 2 && time.depth == 2 && time.channels == 1 && time.values[15] == 3.75f));
  const Image channels = parse_nifti(seed("f64_time.nii"), "b", "CZYX");
  CHECK((channels.frames == 1 && channels.depth == 2 && channels.channels == 2 && channels.values == time.values));
  const Image fifth = parse_nifti(seed("u8_channels.nii.gz"), "c");
  CHECK((fifth.frames == 1 && fifth.depth == 1 && fifth.channels == 3 && fifth.channel(2)[3] == 11));
}

TEST_CASE("nifti: every datatype in both byte orders") {
  check_type<std::uint8_t>(2, SampleKind::unsigned_integer, 0, 255);
  check_type<std::int8_t>(256, SampleKind::signed_integer, -128, 127);
  check_type<std::int16_t>(4, SampleKind::signed_integer, -32768, 32767);
  check_type<std::uint16_t>(512, SampleKind::unsigned_integer, 1, 65535);
  check_type<std::int32_t>(8, SampleKind::signed_integer, -(1 << 24), 77777);
  check_type<std::uint32_t>(768, SampleKind::unsigned_integer, 5, 4294967040U);
  check_type<std::int64_t>(1024, SampleKind::signed_integer, -5, 1 << 20);
  check_type<std::uint64_t>(1280, SampleKind::unsigned_integer, 5, 1 << 20);
  check_type<float>(16, SampleKind::floating, -0.1f, 1e30f);
  check_type<double>(64, SampleKind::floating, -0.25, 1e10);
}

TEST_CASE("nifti: what is written is read back, time and channels in their places") {
  test::TemporaryFolder folder;
  const Image image = counting(2, 3, {2, 3, 4});
  for (const char* name : {"a.nii", "a.nii.gz"}) {
    write_image(folder / name, image);
    const Image back = read_image(folder / name);
    CHECK((back.values == image.values && back.frames == 2 && back.channels == 3 && back.info == image.info));
    const Image plane = read_image(folder / name, {}, 3);
    CHECK(plane.values == image.plane(3).values);
    CHECK(probe_image(folder / name).size() == image.size());
  }
  CHECK(std::filesystem::file_size(folder / "a.nii") == 352 + 144);
  CHECK(std::filesystem::file_size(folder / "a.nii.gz") < 352);
  Image floats = counting(1, 1, {3, 4});
  floats.info = {.kind = FileKind::nifti,
                 .sample = SampleKind::floating,
                 .bits = 32,
                 .pixel_width = 500,
                 .pixel_height = 500,
                 .unit = "nm"};
  floats.values[0] = -0.125f;
  write_image(folder / "b.nii", floats);
  const Image back = read_image(folder / "b.nii");
  CHECK((back.values == floats.values && back.info.pixel_width == 0.5 && back.info.unit == "um"));
  CHECK(contains(error_of([&] { write_image(folder / "c.nii", Image(1, 1, 32768)); }), "too large for NIfTI-1"));
}

TEST_CASE("nifti: x.nii.gz is paired with its mask, and named x") {
  CHECK(image_name("folder/x.nii.gz") == "x");
  CHECK((is_image_file("x.nii.gz") && is_image_file("x.NII") && !is_image_file("x.gz")));
  test::TemporaryFolder images, masks;
  write_image(images / "x.nii.gz", counting(1, 1, {4, 16, 16}));
  write_image(masks / "x.nii.gz", counting(1, 1, {4, 16, 16}));
  const Dataset dataset = open_dataset(images.path(), masks.path(), {});
  REQUIRE(dataset.items.size() == 4);
  CHECK(dataset.items[1].name == "x_z1");
  CHECK(dataset.items[1].mask == masks / "x.nii.gz");
}

TEST_CASE("nifti: files that can't be read are refused with the reason") {
  const auto refused = [](const std::vector<std::byte>& bytes, const char* part) {
    const std::string error = error_of([&] { parse_nifti(bytes, "file.nii"); });
    CHECK_MESSAGE((contains(error, "file.nii: ") && contains(error, part)), error);
  };
  const auto changed = [](std::size_t at, auto value) {
    std::vector<std::byte> bytes = pair_of<std::uint8_t>(2, 1, 2, false);
    put(bytes, at, value);
    return bytes;
  };
  refused(changed(0, std::int32_t{540}), "is NIfTI-2");
  refused(changed(0, std::int32_t{7}), "is no NIfTI file");
  refused(changed(344, std::int32_t{0}), "pair of files");
  refused(changed(70, std::int16_t{128}), "datatype 128");
  refused(changed(40, std::int16_t{0}), "it has 0 axes");
  refused(changed(42, std::int16_t{-2}), "axis 1 has extent -2");
  refused(changed(46, std::int16_t{2}), "is cut short: 2 planes of 1x2");
  refused(changed(108, 17.0f), "begin at byte 17");
  refused(changed(108, 4000.0f), "is cut short");
  std::vector<std::byte> scaled = changed(112, 2.0f);
  put(scaled, 116, std::numeric_limits<float>::infinity());
  refused(scaled, "intercept");
  std::vector<std::byte> packed = seed("i16_scaled.nii.gz");
  packed[packed.size() - 6] ^= std::byte{1};
  refused(packed, "gzip file is damaged");
  packed.resize(packed.size() / 2);
  refused(packed, "gzip file is cut short");
  std::vector<std::byte> seven = pair_of<std::uint8_t>(2, 1, 2, false);
  put(seven, 40, std::int16_t{6});
  put(seven, 52, std::int16_t{2});
  refused(seven, "along axis 6");
}

TEST_CASE("byte stream: several gzip members are one file") {
  const std::string_view text = "as long as it is";
  std::vector<std::byte> bytes = pack_gzip(std::as_bytes(std::span(text)));
  const std::vector<std::byte> once = bytes;
  bytes.insert(bytes.end(), once.begin(), once.end());
  ByteStream stream(bytes, "a");
  std::string all(64, '?');
  all.resize(stream.read(std::as_writable_bytes(std::span(all))));
  CHECK(all == std::string(text) + std::string(text));
}

}  // namespace tuff
