#include "io/tiff.h"

#include <tiffio.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include "base/os.h"
#include "io/dataset.h"
#include "io/tiff_axes.h"
#include "support/files.h"

namespace tuff {
namespace {

struct Layout {
  std::uint32_t height = 21;
  std::uint32_t width = 19;
  int bits = 8;
  int format = SAMPLEFORMAT_UINT;
  int samples = 1;
  int planar = PLANARCONFIG_CONTIG;
  int photometric = PHOTOMETRIC_MINISBLACK;
  int compression = COMPRESSION_NONE;
  int predictor = 1;
  bool tiled = false;
  bool alpha = false;
  int pages = 1;
  std::string description;
  std::string mode = "w";
  float resolution = 0;
  int resolution_unit = RESUNIT_NONE;
  std::uint32_t rows_per_strip = 5;
};

// What the file holds: whole numbers that fit `bits`.
double value_at(const Layout& layout, std::int64_t page, std::int64_t sample, std::int64_t y, std::int64_t x) {
  const std::int64_t number = page * 101 + sample * 37 + y * 19 + x * 3;
  const std::int64_t limit =
      layout.bits >= 16 ? 30000 : std::int64_t{1} << std::min(layout.bits, layout.format == SAMPLEFORMAT_INT ? 7 : 8);
  const double sign = layout.format != SAMPLEFORMAT_UINT && number % 2 == 1 ? -1 : 1;
  return sign * static_cast<double>(number % limit);
}

template <class T>
void put(std::vector<std::byte>& bytes, double value) {
  const T sample = static_cast<T>(value);
  const auto* data = reinterpret_cast<const std::byte*>(&sample);
  bytes.insert(bytes.end(), data, data + sizeof(T));
}

std::uint16_t half_of(double value) {  // whole numbers up to 2048 only
  if (value == 0) return 0;
  int exponent = 0;
  const double mantissa = std::frexp(std::abs(value), &exponent);
  return static_cast<std::uint16_t>((value < 0 ? 0x8000 : 0) | (exponent + 14) << 10 |
                                    static_cast<int>((mantissa * 2 - 1) * 1024));
}

void put_sample(std::vector<std::byte>& bytes, const Layout& layout, double value) {
  const bool floating = layout.format == SAMPLEFORMAT_IEEEFP, is_signed = layout.format == SAMPLEFORMAT_INT;
  if (layout.bits == 8) is_signed ? put<std::int8_t>(bytes, value) : put<std::uint8_t>(bytes, value);
  if (layout.bits == 16 && floating) put<std::uint16_t>(bytes, half_of(value));
  if (layout.bits == 16 && !floating) is_signed ? put<std::int16_t>(bytes, value) : put<std::uint16_t>(bytes, value);
  if (layout.bits == 32)
    floating    ? put<float>(bytes, value)
    : is_signed ? put<std::int32_t>(bytes, value)
                : put<std::uint32_t>(bytes, value);
  if (layout.bits == 64) floating ? put<double>(bytes, value) : put<std::uint64_t>(bytes, value);
}

// Rows of a block, bits packed from the highest where a sample is no whole byte. Outside of the image: 0.
std::vector<std::byte> block_of(const Layout& layout, int page, std::uint32_t y0, std::uint32_t x0,
                                std::uint32_t height, std::uint32_t width, int first, int count) {
  std::vector<std::byte> bytes;
  for (std::uint32_t y = y0; y < y0 + height; ++y) {
    unsigned pending = 0;
    int pending_bits = 0;
    for (std::uint32_t x = x0; x < x0 + width; ++x)
      for (int s = first; s < first + count; ++s) {
        const double value = y < layout.height && x < layout.width ? value_at(layout, page, s, y, x) : 0;
        if (layout.bits % 8 == 0) {
          put_sample(bytes, layout, value);
          continue;
        }
        pending = pending << layout.bits | static_cast<unsigned>(value);
        for (pending_bits += layout.bits; pending_bits >= 8; pending_bits -= 8)
          bytes.push_back(static_cast<std::byte>(pending >> (pending_bits - 8) & 255u));
      }
    if (pending_bits > 0) bytes.push_back(static_cast<std::byte>(pending << (8 - pending_bits) & 255u));
  }
  return bytes;
}

void set_tags(TIFF* tiff, const Layout& layout, int page) {
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, layout.width);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, layout.height);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, layout.bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, layout.format);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, layout.samples);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, layout.planar);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, layout.photometric);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, layout.compression);
  if (layout.predictor != 1) TIFFSetField(tiff, TIFFTAG_PREDICTOR, layout.predictor);
  if (layout.tiled) {
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, 16);
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, 16);
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, layout.rows_per_strip);
  }
  if (page == 0 && !layout.description.empty())
    TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, layout.description.c_str());
  if (layout.resolution > 0) {
    TIFFSetField(tiff, TIFFTAG_XRESOLUTION, layout.resolution);
    TIFFSetField(tiff, TIFFTAG_YRESOLUTION, layout.resolution);
    TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, layout.resolution_unit);
  }
  if (layout.photometric == PHOTOMETRIC_PALETTE) {
    std::vector<std::uint16_t> red(256), green(256), blue(256);
    for (std::size_t i = 0; i < 256; ++i) {
      red[i] = static_cast<std::uint16_t>(i * 257);
      green[i] = static_cast<std::uint16_t>((255 - i) * 257);
      blue[i] = 7 * 257;
    }
    TIFFSetField(tiff, TIFFTAG_COLORMAP, red.data(), green.data(), blue.data());
  }
  const std::uint16_t unassociated = EXTRASAMPLE_UNASSALPHA;
  if (layout.alpha) TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &unassociated);
}

void write_file(const std::filesystem::path& path, const Layout& layout) {
  TIFF* tiff = TIFFOpen(path.string().c_str(), layout.mode.c_str());
  REQUIRE(tiff != nullptr);
  const bool apart = layout.planar == PLANARCONFIG_SEPARATE;
  const std::uint32_t rows = layout.tiled ? 16 : layout.rows_per_strip, columns = layout.tiled ? 16 : layout.width;
  for (int page = 0; page < layout.pages; ++page) {
    set_tags(tiff, layout, page);
    std::uint32_t block = 0;
    for (int plane = 0; plane < (apart ? layout.samples : 1); ++plane)
      for (std::uint32_t y = 0; y < layout.height; y += rows)
        for (std::uint32_t x = 0; x < layout.width; x += columns, ++block) {
          const std::uint32_t height = layout.tiled ? rows : std::min(rows, layout.height - y);
          std::vector<std::byte> bytes =
              block_of(layout, page, y, x, height, columns, apart ? plane : 0, apart ? 1 : layout.samples);
          const auto size = static_cast<tmsize_t>(bytes.size());
          REQUIRE((layout.tiled ? TIFFWriteEncodedTile(tiff, block, bytes.data(), size)
                                : TIFFWriteEncodedStrip(tiff, block, bytes.data(), size)) == size);
        }
    REQUIRE(TIFFWriteDirectory(tiff) == 1);
  }
  TIFFClose(tiff);
}

// Checks all pixels: channel c of slice/frame plane p is page `page_of(p, c / samples)`.
void check_pixels(const Image& image, const Layout& layout,
                  const std::function<std::int64_t(std::int64_t, std::int64_t)>& page_of) {
  const std::int64_t samples = layout.samples - (layout.alpha ? 1 : 0);
  for (std::int64_t p = 0; p < image.planes(); ++p) {
    const Image plane = image.plane(p);
    for (std::int64_t c = 0; c < image.channels; ++c)
      for (std::int64_t y = 0; y < image.height; ++y)
        for (std::int64_t x = 0; x < image.width; ++x) {
          const double expected = value_at(layout, page_of(p, c / samples), c % samples, y, x);
          if (plane.channel(c)[static_cast<std::size_t>(y * image.width + x)] == static_cast<float>(expected)) continue;
          FAIL("plane ", p, " channel ", c, " at ", y, ", ", x);
        }
  }
}

struct File {
  test::TemporaryFolder folder;
  std::filesystem::path path = folder / "x.tif";

  explicit File(const Layout& layout) { write_file(path, layout); }
};

std::string imagej(const std::string& lines) {
  return "ImageJ=1.53t\n" + lines;
}

}  // namespace

TEST_CASE("tiff: every sample format, in strips and tiles, both planar configurations, compressed or not") {
  const auto formats = std::vector<std::pair<int, int>>{
      {1, SAMPLEFORMAT_UINT},   {2, SAMPLEFORMAT_UINT},  {4, SAMPLEFORMAT_UINT},  {8, SAMPLEFORMAT_UINT},
      {12, SAMPLEFORMAT_UINT},  {16, SAMPLEFORMAT_UINT}, {32, SAMPLEFORMAT_UINT}, {64, SAMPLEFORMAT_UINT},
      {8, SAMPLEFORMAT_INT},    {16, SAMPLEFORMAT_INT},  {32, SAMPLEFORMAT_INT},  {32, SAMPLEFORMAT_IEEEFP},
      {64, SAMPLEFORMAT_IEEEFP}};
  for (const auto& [bits, format] : formats)
    for (const int samples : {1, 3, 5})
      for (const int planar : {PLANARCONFIG_CONTIG, PLANARCONFIG_SEPARATE})
        for (const bool tiled : {false, true})
          for (const int compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE}) {
            const Layout layout{.bits = bits,
                                .format = format,
                                .samples = samples,
                                .planar = planar,
                                .compression = compression,
                                .tiled = tiled};
            CAPTURE(bits);
            CAPTURE(format);
            CAPTURE(samples);
            CAPTURE(compression);
            const File file(layout);
            const Image image = read_tiff(file.path);
            REQUIRE((image.channels == samples && image.height == 21 && image.width == 19 && image.planes() == 1));
            CHECK(image.info.bits == bits);
            check_pixels(image, layout, [](std::int64_t, std::int64_t) { return 0; });
            const Image probe = probe_tiff(file.path);
            CHECK((probe.values.empty() && probe.channels == samples && probe.info == image.info));
          }
}

TEST_CASE("tiff: byte orders, BigTIFF, half floats, predictors, PackBits") {
  for (Layout layout :
       {Layout{.bits = 16, .mode = "wb"}, Layout{.bits = 16, .mode = "wl8"},
        Layout{.bits = 32, .format = SAMPLEFORMAT_IEEEFP, .mode = "wb"},
        Layout{.bits = 16, .compression = COMPRESSION_LZW, .predictor = 2},
        Layout{.bits = 32, .format = SAMPLEFORMAT_IEEEFP, .compression = COMPRESSION_ADOBE_DEFLATE, .predictor = 3},
        Layout{.compression = COMPRESSION_PACKBITS}}) {
    const File file(layout);
    check_pixels(read_tiff(file.path), layout, [](std::int64_t, std::int64_t) { return 0; });
  }
  const Layout half{.height = 7, .width = 6, .bits = 16, .format = SAMPLEFORMAT_IEEEFP};
  const File file(half);
  check_pixels(read_tiff(file.path), half, [](std::int64_t, std::int64_t) { return 0; });
}

TEST_CASE("tiff: MinIsWhite is inverted; ImageJ's masks with inverting table keep their values") {
  for (const int bits : {1, 8, 16}) {
    const Layout layout{.bits = bits, .photometric = PHOTOMETRIC_MINISWHITE};
    const File file(layout);
    const float white = static_cast<float>((1 << bits) - 1);
    const Image image = read_tiff(file.path);
    CHECK(image.values[20] == white - static_cast<float>(value_at(layout, 0, 0, 1, 1)));
    CHECK(read_mask(file.path).values == image.values);
  }
  const Layout fiji{.photometric = PHOTOMETRIC_MINISWHITE, .description = imagej("")};
  const File file(fiji);
  CHECK(read_image(file.path).values[0] == 255);
  check_pixels(read_mask(file.path), fiji, [](std::int64_t, std::int64_t) { return 0; });
}

TEST_CASE("tiff: palettes become colours; masks and ImageJ's tables keep indices; alpha is dropped") {
  const Layout layout{.photometric = PHOTOMETRIC_PALETTE};
  const File file(layout);
  const Image image = read_image(file.path);
  REQUIRE(image.channels == 3);
  const auto index = static_cast<float>(value_at(layout, 0, 0, 2, 3));
  CHECK(image.channel(0)[2 * 19 + 3] == index);
  CHECK(image.channel(1)[2 * 19 + 3] == 255 - index);
  CHECK(image.channel(2)[2 * 19 + 3] == 7);
  CHECK(probe_image(file.path).channels == 3);
  check_pixels(read_mask(file.path), layout, [](std::int64_t, std::int64_t) { return 0; });
  const Layout fiji{.photometric = PHOTOMETRIC_PALETTE, .description = imagej("")};
  check_pixels(read_image(File(fiji).path), fiji, [](std::int64_t, std::int64_t) { return 0; });

  const Layout alpha{.samples = 4, .photometric = PHOTOMETRIC_RGB, .alpha = true};
  const Image rgb = read_image(File(alpha).path);
  CHECK(rgb.channels == 3);
  check_pixels(rgb, alpha, [](std::int64_t, std::int64_t) { return 0; });
}

TEST_CASE("tiff: ImageJ's hyperstack: channels run fastest, then slices, then frames") {
  const Layout layout{
      .bits = 16,
      .pages = 24,
      .description = imagej("images=24\nchannels=2\nslices=3\nframes=4\nhyperstack=true\nunit=micron\nspacing=0.5\n"),
      .resolution = 4};
  const File file(layout);
  const Image image = read_tiff(file.path);
  CHECK((image.frames == 4 && image.channels == 2 && image.depth == 3));
  check_pixels(image, layout, [](std::int64_t plane, std::int64_t c) { return plane / 3 * 6 + plane % 3 * 2 + c; });
  CHECK(image.info.pixel_width == 0.25);
  CHECK(image.info.pixel_depth == 0.5);
  CHECK(image.info.unit == "um");
  const Image one = read_tiff(file.path, {}, TiffValues::pixels, 7);
  CHECK(one.planes() == 1);
  CHECK(one.values == image.plane(7).values);
  CHECK(test::contains(test::error_of([&] { read_tiff(file.path, {}, TiffValues::pixels, 12); }), "no plane 12 of 12"));

  const Layout stack{.pages = 3, .description = imagej("images=3\n")};
  CHECK(read_tiff(File(stack).path).depth == 3);
  const Layout large{.pages = 1, .description = imagej("images=9\nslices=9\n")};
  CHECK(test::contains(test::error_of([&] { read_tiff(File(large).path); }), "9 images in one page"));
}

TEST_CASE("tiff: OME's sizes and order") {
  const auto ome = [](const std::string& order, const std::string& sizes) {
    return "<?xml version=\"1.0\"?><OME xmlns=\"http://www.openmicroscopy.org\"><Image ID=\"Image:0\"><Pixels "
           "DimensionOrder=\"" +
           order + "\" ID=\"Pixels:0\" " + sizes +
           " PhysicalSizeX=\"0.2\" PhysicalSizeY=\"0.3\" PhysicalSizeZ=\"2\" Type=\"uint8\"></Pixels></Image></OME>";
  };
  const Layout layout{.pages = 12,
                      .description = ome("XYZCT", "SizeC=\"2\" SizeT=\"2\" SizeX=\"19\" SizeY=\"21\" SizeZ=\"3\"")};
  const Image image = read_tiff(File(layout).path);
  CHECK((image.frames == 2 && image.channels == 2 && image.depth == 3));
  check_pixels(image, layout, [](std::int64_t plane, std::int64_t c) { return plane / 3 * 6 + c * 3 + plane % 3; });
  CHECK((image.info.pixel_width == 0.2 && image.info.pixel_height == 0.3 && image.info.pixel_depth == 2 &&
         image.info.unit == "um"));

  const Layout rgb{.samples = 3,
                   .photometric = PHOTOMETRIC_RGB,
                   .pages = 2,
                   .description = ome("XYCZT", "SizeC=\"3\" SizeT=\"1\" SizeZ=\"2\"")};
  const Image colours = read_tiff(File(rgb).path);
  CHECK((colours.channels == 3 && colours.depth == 2));
  const Layout wrong{.pages = 5, .description = ome("XYZCT", "SizeC=\"2\" SizeT=\"2\" SizeZ=\"3\"")};
  CHECK(test::contains(test::error_of([&] { read_tiff(File(wrong).path); }), "12 planes, the file 5 pages"));
}

TEST_CASE("tiff: pages without a word need axes, and the error lists the choices") {
  const Layout layout{.pages = 6};
  const File file(layout);
  const std::string message = test::error_of([&] { read_tiff(file.path); });
  CHECK(test::contains(message, "6 pages"));
  for (const char* choice : {"--axes ZYX", "--axes TYX", "--axes CYX"}) CHECK(test::contains(message, choice));
  CHECK(read_tiff(file.path, "ZYX").depth == 6);
  CHECK(read_tiff(file.path, "TYX").frames == 6);
  CHECK(read_tiff(file.path, "CYX").channels == 6);
  check_pixels(read_tiff(file.path, "CYX"), layout, [](std::int64_t, std::int64_t c) { return c; });
  const Image two = read_tiff(file.path, "T3CYX");
  CHECK((two.frames == 3 && two.channels == 2));
  check_pixels(two, layout, [](std::int64_t t, std::int64_t c) { return t * 2 + c; });
  CHECK(read_tiff(file.path, "Z2C3YX").depth == 2);
  CHECK(test::contains(test::error_of([&] { read_tiff(file.path, "TCYX"); }), "give each axis but one its extent"));
  CHECK(test::contains(test::error_of([&] { read_tiff(file.path, "T4CYX"); }), "6 pages don't fit"));
  CHECK(test::contains(test::error_of([&] { read_tiff(file.path, "XYZ"); }), "not understood"));
  CHECK(test::contains(test::error_of([&] { read_tiff(file.path, "ZZYX"); }), "not understood"));
  const Layout named{.pages = 6, .description = "{\"shape\": [6, 21, 19], \"axes\": \"CYX\"}"};
  CHECK(read_tiff(File(named).path).channels == 6);
  const Layout unnamed{.pages = 6, .description = "{\"shape\": [6, 21, 19]}"};
  CHECK(test::contains(test::error_of([&] { read_tiff(File(unnamed).path); }), "--axes"));
  CHECK(read_tiff(File({}).path, "ZYX").depth == 1);  // one page fits any
}

TEST_CASE("tiff: descriptions, as text alone") {
  const TiffDescription micron = parse_description("ImageJ=1.53t\nunit=\\u00B5m\n");
  CHECK(micron.unit == "um");
  CHECK(parse_description("hello").writer == TiffDescription::Writer::unknown);
  CHECK(parse_description("<OME><Pixels DimensionOrder=\"nonsense\"/></OME>").writer ==
        TiffDescription::Writer::unknown);
  CHECK(parse_description("ImageJ=1\nslices=99999999999999999999\nframes=-3\n").depth == 1);
  CHECK(parse_description("{\"shape\": [1], \"axes\"").writer == TiffDescription::Writer::unknown);
}

TEST_CASE("tiff: what is written is read back, with pixel size") {
  test::TemporaryFolder folder;
  const std::pair<int, SampleKind> kinds[] = {{8, SampleKind::unsigned_integer},
                                              {16, SampleKind::unsigned_integer},
                                              {32, SampleKind::unsigned_integer},
                                              {16, SampleKind::signed_integer},
                                              {32, SampleKind::floating}};
  for (const auto& [bits, kind] : kinds)
    for (const std::int64_t channels : {1, 3, 4}) {
      Image image = test::random_image(channels, 70, 33, bits == 8 ? 256 : 30000);
      image.info = {
          .kind = FileKind::tiff, .sample = kind, .bits = bits, .pixel_width = 0.25, .pixel_height = 0.5, .unit = "um"};
      if (kind != SampleKind::unsigned_integer) image.values[5] = -7;
      if (kind == SampleKind::floating) image.values[6] = 0.125f;
      write_tiff(folder / "a.tif", image);
      const Image back = read_tiff(folder / "a.tif");
      CHECK(back.values == image.values);
      CHECK(back.channels == channels);
      CHECK(back.info == image.info);
    }
  Image stack = test::random_image(24, 5, 6);
  stack.frames = 2;
  stack.channels = 3;
  stack.depth = 4;
  stack.info.kind = FileKind::tiff;
  stack.info.pixel_width = stack.info.pixel_height = 2;
  stack.info.unit = "cm";
  write_tiff(folder / "s.tif", stack);
  const Image back = read_tiff(folder / "s.tif");
  CHECK((back.frames == 2 && back.channels == 3 && back.depth == 4));
  CHECK(back.values == stack.values);
  CHECK(back.info == stack.info);
  Image extremes(1, 1, 4);
  extremes.values = {-5, 300, std::nanf(""), 7.6f};
  write_tiff(folder / "e.tif", extremes);
  CHECK(read_tiff(folder / "e.tif").values == std::vector<float>{0, 255, 0, 8});
}

TEST_CASE("tiff: cut or damaged files never crash, and errors name them") {
  int refused = 0;
  for (const Layout& layout :
       {Layout{},
        Layout{
            .bits = 16, .samples = 2, .compression = COMPRESSION_LZW, .pages = 3, .description = imagej("images=3\n")},
        Layout{.compression = COMPRESSION_ADOBE_DEFLATE, .tiled = true},
        Layout{.samples = 3, .planar = PLANARCONFIG_SEPARATE, .mode = "w8"}}) {
    const File file(layout);
    const std::vector<std::byte> whole = os::read_file(file.path);
    const auto attempt = [&](std::span<const std::byte> bytes) {
      const std::string message = test::error_of([&] { parse_tiff(bytes, "cut.tif"); });
      CHECK((message.empty() || message.starts_with("cut.tif: ")));
      CHECK(message.find('\n') == std::string::npos);
      refused += !message.empty();
      return message;
    };
    REQUIRE(attempt(whole).empty());
    for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 200)
      CHECK_MESSAGE(!attempt(std::span(whole).first(length)).empty(), length);
    PhiloxStream random(9);
    for (int i = 0; i < 300; ++i) {
      std::vector<std::byte> damaged = whole;
      for (int flips = 0; flips < 3; ++flips)
        damaged[random.below(static_cast<std::uint32_t>(damaged.size()))] = static_cast<std::byte>(random.below(256));
      attempt(damaged);
    }
  }
  CHECK(refused > 400);
}

TEST_CASE("tiff: a header that claims terabytes allocates nothing") {
  for (const int compression : {COMPRESSION_NONE, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_LZW}) {
    const Layout layout{.compression = compression, .rows_per_strip = 21};
    const File file(layout);
    std::vector<std::byte> bytes = os::read_file(file.path);
    std::uint32_t directory = 0;
    std::memcpy(&directory, bytes.data() + 4, 4);
    std::uint16_t entries = 0;
    std::memcpy(&entries, bytes.data() + directory, 2);
    for (std::size_t i = 0; i < entries; ++i) {
      std::byte* entry = bytes.data() + directory + 2 + i * 12;
      std::uint16_t tag = 0;
      std::memcpy(&tag, entry, 2);
      if (tag != TIFFTAG_IMAGEWIDTH && tag != TIFFTAG_IMAGELENGTH && tag != TIFFTAG_ROWSPERSTRIP) continue;
      const std::uint16_t type_long = 4;
      const std::uint32_t large = 1 << 20;
      std::memcpy(entry + 2, &type_long, 2);
      std::memcpy(entry + 8, &large, 4);
    }
    const std::uint64_t before = os::process_peak_memory();
    const std::string message = test::error_of([&] { parse_tiff(bytes, "bomb.tif"); });
    CHECK(message.starts_with("bomb.tif: "));
    CHECK(os::process_peak_memory() - before < (std::uint64_t{256} << 20));
  }
}

TEST_CASE("tiff: pages that differ are refused, thumbnails are left out") {
  test::TemporaryFolder folder;
  const auto write_two = [&](std::uint32_t kind) {
    TIFF* tiff = TIFFOpen((folder / "t.tif").string().c_str(), "w");
    const Layout first{}, second{.height = 5, .width = 4};
    for (const Layout* layout : {&first, &second}) {
      set_tags(tiff, *layout, 0);
      if (layout == &second) TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, kind);
      for (std::uint32_t y = 0; y < layout->height; ++y) {
        std::vector<std::byte> row = block_of(*layout, 0, y, 0, 1, layout->width, 0, 1);
        TIFFWriteScanline(tiff, row.data(), y, 0);
      }
      TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
  };
  write_two(FILETYPE_REDUCEDIMAGE);
  CHECK(read_tiff(folder / "t.tif").planes() == 1);
  write_two(0);
  CHECK(test::contains(test::error_of([&] { read_tiff(folder / "t.tif"); }),
                       "page 2 (5x4, 8 bits) differs from the first (21x19"));
}

TEST_CASE("tiff: an empty file and a missing one") {
  test::TemporaryFolder folder;
  os::write_file(folder / "empty.tif", std::string_view(""));
  CHECK(test::contains(test::error_of([&] { read_image(folder / "empty.tif"); }),
                       "empty.tif: the file is empty (0 bytes)"));
  CHECK(test::contains(test::error_of([&] { read_tiff(folder / "none.tif"); }), "none.tif: can't be opened"));
}

}  // namespace tuff
