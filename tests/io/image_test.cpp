#include "io/image.h"

#include <png.h>

#include <algorithm>
#include <cstring>

#include "base/os.h"
#include "io/png.h"
#include "support/files.h"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#if __has_include(<stb/stb_image_write.h>)
#include <stb/stb_image_write.h>
#else
#include <stb_image_write.h>
#endif

namespace tuff {
namespace {

struct PngKind {
  const char* name;
  int color_type;
  int bits;
  bool interlaced = false;
};

// A PNG of 7 x 5 pixels whose sample number i is i modulo the depth's range, written by libpng.
std::string write_png_kind(const std::filesystem::path& path, const PngKind& kind) {
  std::FILE* file = std::fopen(path.string().c_str(), "wb");
  REQUIRE(file != nullptr);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file);
  png_set_IHDR(png, info, 7, 5, kind.bits, kind.color_type, kind.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::vector<png_color> palette(16);
  for (std::size_t i = 0; i < palette.size(); ++i)
    palette[i] = {static_cast<png_byte>(i * 10), static_cast<png_byte>(i * 5), 7};
  if (kind.color_type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette.data(), std::min(1 << kind.bits, 16));
  png_write_info(png, info);
  const int samples = kind.color_type == PNG_COLOR_TYPE_RGB          ? 3
                      : kind.color_type == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
                      : kind.color_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                                     : 1;
  png_set_packing(png);
  std::vector<std::vector<png_byte>> rows(
      5, std::vector<png_byte>(static_cast<std::size_t>(7 * samples * (kind.bits == 16 ? 2 : 1))));
  std::size_t number = 0;
  for (auto& row : rows)
    for (png_byte& byte : row)
      byte = static_cast<png_byte>(number++ % (kind.bits >= 8 ? 251u : 1u << kind.bits) %
                                   (kind.color_type == 3 ? 4 : 256));
  std::vector<png_bytep> pointers;
  for (auto& row : rows) pointers.push_back(row.data());
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  std::fclose(file);
  return path.string();
}

// A grey BMP with palette, rows from below, of the given size.
std::vector<std::byte> bmp(std::uint32_t width, std::uint32_t height) {
  const std::uint32_t stride = (width + 3) / 4 * 4, offset = 54 + 1024;
  std::vector<std::byte> bytes(offset + stride * height);
  const auto put = [&](std::size_t at, std::uint32_t value) { std::memcpy(bytes.data() + at, &value, 4); };
  bytes[0] = std::byte{'B'};
  bytes[1] = std::byte{'M'};
  put(2, static_cast<std::uint32_t>(bytes.size()));
  put(10, offset);
  put(14, 40);
  put(18, width);
  put(22, height);
  put(26, 1 | 8u << 16);
  put(46, 256);
  for (std::uint32_t i = 0; i < 256; ++i) put(54 + i * 4, i | i << 8 | i << 16);
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::uint32_t x = 0; x < width; ++x)
      bytes[offset + (height - 1 - y) * stride + x] = static_cast<std::byte>(y * 10 + x);
  return bytes;
}

}  // namespace

TEST_CASE("image: PNG of 8 and 16 bits, grey and colour, comes back as written") {
  test::TemporaryFolder folder;
  for (const std::int64_t channels : {1, 3})
    for (const std::uint32_t limit : {256u, 65536u}) {
      const Image image = test::random_image(channels, 13, 9, limit);
      write_image(folder / "a.png", image);
      const Image back = read_image(folder / "a.png");
      CHECK(back.values == image.values);
      CHECK(back.channels == channels);
      CHECK(back.info.bits == (limit > 256 ? 16 : 8));
      const Image probe = probe_image(folder / "a.png");
      CHECK(probe.values.empty());
      CHECK(probe.info == back.info);
      CHECK((probe.height == 13 && probe.width == 9 && probe.channels == channels));
    }
}

TEST_CASE("image: values outside of the format are rounded and clamped") {
  test::TemporaryFolder folder;
  Image image(1, 1, 4);
  image.values = {-3, 0.6f, 255.4f, std::nanf("")};
  write_image(folder / "a.png", image);
  CHECK(read_image(folder / "a.png").values == std::vector<float>{0, 1, 255, 0});
}

TEST_CASE("image: every PNG colour type") {
  test::TemporaryFolder folder;
  for (const bool interlaced : {false, true}) {
    const auto read = [&](int type, int bits) {
      return read_image(write_png_kind(folder / "k.png", {"", type, bits, interlaced}));
    };
    const Image grey = read(PNG_COLOR_TYPE_GRAY, 8);
    CHECK((grey.channels == 1 && grey.values[10] == 10));
    const Image grey_alpha = read(PNG_COLOR_TYPE_GRAY_ALPHA, 8);
    CHECK((grey_alpha.channels == 1 && grey_alpha.values[3] == 6));
    const Image rgb = read(PNG_COLOR_TYPE_RGB, 8);
    CHECK((rgb.channels == 3 && rgb.channel(1)[2] == 7));
    const Image rgba = read(PNG_COLOR_TYPE_RGB_ALPHA, 16);
    CHECK((rgba.channels == 3 && rgba.info.bits == 16 && rgba.channel(1)[1] == 10 * 256 + 11));
    const Image palette = read(PNG_COLOR_TYPE_PALETTE, 4);
    CHECK((palette.channels == 3 && palette.channel(0)[3] == 30 && palette.channel(1)[3] == 15 &&
           palette.channel(2)[3] == 7));
  }
}

TEST_CASE("image: masks keep palette indices and the values of few bits") {
  test::TemporaryFolder folder;
  for (const bool interlaced : {false, true})
    for (const int bits : {1, 2, 4}) {
      for (const int type : {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_PALETTE}) {
        const Image mask = read_mask(write_png_kind(folder / "m.png", {"", type, bits, interlaced}));
        REQUIRE((mask.channels == 1 && mask.height == 5 && mask.width == 7));
        for (std::size_t i = 0; i < 35; ++i)
          CHECK(mask.values[i] == static_cast<float>(i % (1u << bits) % (type == 3 ? 4 : 256)));
      }
    }
}

TEST_CASE("image: a PNG cut anywhere, or with a wrong byte, is an error that names it") {
  const std::vector<std::byte> whole = serialize_png(test::random_image(3, 20, 17));
  test::TemporaryFolder folder;
  const auto message = [&](std::span<const std::byte> bytes) {
    os::write_file(folder / "cut.png", bytes);
    return test::error_of([&] { read_image(folder / "cut.png"); });
  };
  REQUIRE(message(whole).empty());
  for (std::size_t length = 0; length < whole.size(); length += length < 64 ? 1 : 37)
    CHECK_MESSAGE(test::contains(message(std::span(whole).first(length)), "cut.png: "), length);
  CHECK(test::contains(message({}), "empty (0 bytes)"));
  for (std::size_t at = 8; at < whole.size(); at += 29) {
    std::vector<std::byte> damaged = whole;
    damaged[at] ^= std::byte{0x10};
    CHECK_MESSAGE(test::contains(message(damaged), "cut.png: "), at);
  }
}

TEST_CASE("image: a PNG header that promises more than the file can hold is refused") {
  std::vector<std::byte> bytes = serialize_png(test::random_image(1, 4, 4));
  for (const std::size_t at : {16u, 20u}) bytes[at] = std::byte{0x10};  // 268 million pixels a side
  CHECK(test::contains(test::error_of([&] { check_png(bytes, "big.png"); }), "can't be in"));
}

TEST_CASE("image: BMP is read, and cut ones are refused") {
  test::TemporaryFolder folder;
  const std::vector<std::byte> whole = bmp(6, 4);
  os::write_file(folder / "a.bmp", whole);
  const Image image = read_image(folder / "a.bmp");
  CHECK((image.height == 4 && image.width == 6 && image.channels == 3));
  CHECK(image.channel(0)[2 * 6 + 5] == 25);
  for (std::size_t length = 1; length < whole.size(); length += length < 60 ? 1 : 31) {
    os::write_file(folder / "cut.bmp", std::span(whole).first(length));
    CHECK_MESSAGE(test::contains(test::error_of([&] { read_image(folder / "cut.bmp"); }), "cut.bmp: "), length);
  }
}

TEST_CASE("image: JPEG is read, and cut ones are refused") {
  test::TemporaryFolder folder;
  std::vector<std::byte> whole;
  std::vector<unsigned char> pixels(40 * 24);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<unsigned char>(i % 40 * 6);
  stbi_write_jpg_to_func(
      [](void* context, void* data, int size) {
        auto* bytes = static_cast<std::vector<std::byte>*>(context);
        bytes->insert(bytes->end(), static_cast<std::byte*>(data), static_cast<std::byte*>(data) + size);
      },
      &whole, 40, 24, 1, pixels.data(), 95);
  os::write_file(folder / "a.jpg", whole);
  const Image image = read_image(folder / "a.jpg");
  CHECK((image.height == 24 && image.width == 40 && image.channels == 3 && image.info.kind == FileKind::jpeg));
  CHECK(image.channel(0)[5 * 40 + 30] == doctest::Approx(180).epsilon(0.03));
  for (std::size_t length = 4; length < whole.size(); length += 17) {
    os::write_file(folder / "cut.jpg", std::span(whole).first(length));
    CHECK_MESSAGE(test::contains(test::error_of([&] { read_image(folder / "cut.jpg"); }), "cut.jpg: "), length);
  }
}

TEST_CASE("image: files of other kinds are refused with the way out") {
  test::TemporaryFolder folder;
  for (const char* name : {"a.czi", "b.nd2", "c.LIF"}) {
    os::write_file(folder / name, std::string_view("not an image at all"));
    CHECK(test::contains(test::error_of([&] { read_image(folder / name); }), "export it as TIFF"));
  }
  os::write_file(folder / "d.png", std::string_view("GIF89a........"));
  CHECK(test::contains(test::error_of([&] { read_image(folder / "d.png"); }), "d.png: no image that is read"));
  CHECK(test::contains(test::error_of([&] { read_image(folder / "none.png"); }), "no such file"));
  CHECK(test::contains(test::error_of([&] { read_image(folder.path()); }), "can't be opened"));
  CHECK(test::contains(test::error_of([&] { write_image(folder / "x.gif", Image(1, 2, 2)); }), ".png or .tif"));
  CHECK(test::contains(test::error_of([&] { write_image(folder / "x.png", Image(2, 2, 2)); }), "write a .tif"));
  CHECK(is_image_file("a.TIFF"));
  CHECK(!is_image_file("a.czi"));
}

TEST_CASE("image: planes of a stack keep their channels") {
  Image stack;
  stack.frames = 2;
  stack.channels = 2;
  stack.depth = 3;
  stack.height = 1;
  stack.width = 1;
  for (int i = 0; i < 12; ++i) stack.values.push_back(static_cast<float>(i));
  CHECK(stack.planes() == 6);
  CHECK(stack.plane(1).values == std::vector<float>{1, 4});
  CHECK(stack.plane(5).values == std::vector<float>{8, 11});
  CHECK(describe_size(stack) == "2x2x3x1x1");
}

}  // namespace tuff
