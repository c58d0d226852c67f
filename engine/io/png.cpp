#include "io/png.h"

#include <fmt/format.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstring>

#include "base/error.h"

namespace tuff {
namespace {

constexpr std::size_t kSignatureBytes = 8;
constexpr std::size_t kHeaderBytes = kSignatureBytes + 8 + 13 + 4;  // signature and the whole IHDR chunk

std::uint32_t big_endian(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

[[noreturn]] void refuse(const std::string& source, const std::string& reason) {
  throw Error(fmt::format("{}: damaged PNG: {}; copy or export it again", source, reason));
}

// libpng reports faults by longjmp, so the functions that call it hold nothing with a destructor.
struct Failure {
  std::jmp_buf jump;
  char message[160] = "";
};

void on_error(png_structp png, png_const_charp message) {
  auto* failure = static_cast<Failure*>(png_get_error_ptr(png));
  std::snprintf(failure->message, sizeof(failure->message), "%s", message);
  std::longjmp(failure->jump, 1);
}

void on_warning(png_structp, png_const_charp) {}

struct Source {
  const std::byte* next;
  std::size_t left;
};

void read_bytes(png_structp png, png_bytep to, std::size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->left) png_error(png, "its data end early");
  std::memcpy(to, source->next, count);
  source->next += count;
  source->left -= count;
}

void append_bytes(png_structp png, png_bytep from, std::size_t count) {
  auto* bytes = static_cast<std::vector<std::byte>*>(png_get_io_ptr(png));
  bytes->insert(bytes->end(), reinterpret_cast<std::byte*>(from), reinterpret_cast<std::byte*>(from) + count);
}

// Unpacks into one byte a sample. False with failure.message set where libpng refuses.
bool decode(png_structp png, png_infop info, Source& source, Failure& failure, std::uint8_t* pixels) {
  if (setjmp(failure.jump) != 0) return false;
  png_set_read_fn(png, &source, read_bytes);
  png_read_info(png, info);
  const png_uint_32 width = png_get_image_width(png, info);
  const png_uint_32 height = png_get_image_height(png, info);
  png_set_packing(png);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  for (int pass = 0; pass < passes; ++pass)
    for (png_uint_32 y = 0; y < height; ++y) png_read_row(png, pixels + std::size_t{y} * width, nullptr);
  return true;
}

struct Layout {
  png_uint_32 width;
  png_uint_32 height;
  int channels;
  int bytes_per_sample;
};

bool encode(png_structp png, png_infop info, std::vector<std::byte>& to, Failure& failure, const Layout& layout,
            const std::uint8_t* pixels) {
  if (setjmp(failure.jump) != 0) return false;
  png_set_write_fn(png, &to, append_bytes, nullptr);
  png_set_IHDR(png, info, layout.width, layout.height, 8 * layout.bytes_per_sample,
               layout.channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  const std::size_t stride =
      std::size_t{layout.width} * static_cast<std::size_t>(layout.channels * layout.bytes_per_sample);
  for (png_uint_32 y = 0; y < layout.height; ++y) png_write_row(png, pixels + y * stride);
  png_write_end(png, info);
  return true;
}

// Interleaved, big-endian where a sample has two bytes.
std::vector<std::uint8_t> interleave(const Image& image, int bytes_per_sample) {
  const auto plane = static_cast<std::size_t>(image.height * image.width);
  const auto channels = static_cast<std::size_t>(image.channels);
  const float largest = bytes_per_sample == 2 ? 65535.0f : 255.0f;
  std::vector<std::uint8_t> pixels;
  pixels.reserve(plane * channels * static_cast<std::size_t>(bytes_per_sample));
  for (std::size_t i = 0; i < plane; ++i) {
    for (std::size_t c = 0; c < channels; ++c) {
      const float value = image.values[c * plane + i];
      const auto sample = static_cast<unsigned>(std::lround(value > 0 ? std::min(value, largest) : 0.0f));  // NaN: 0
      if (bytes_per_sample == 2) pixels.push_back(static_cast<std::uint8_t>(sample >> 8));
      pixels.push_back(static_cast<std::uint8_t>(sample & 255));
    }
  }
  return pixels;
}

}  // namespace

bool is_png(std::span<const std::byte> bytes) {
  return bytes.size() >= kSignatureBytes && std::memcmp(bytes.data(), "\x89PNG\r\n\x1a\n", kSignatureBytes) == 0;
}

PngHeader parse_png_header(std::span<const std::byte> bytes, const std::string& source) {
  if (bytes.size() < kHeaderBytes) refuse(source, "it is cut short");
  if (std::memcmp(bytes.data() + 12, "IHDR", 4) != 0) refuse(source, "its header is missing");
  PngHeader header{.width = big_endian(bytes, 16), .height = big_endian(bytes, 20)};
  header.bits = std::to_integer<int>(bytes[24]);
  header.palette = std::to_integer<int>(bytes[25]) == PNG_COLOR_TYPE_PALETTE;
  if (header.width < 1 || header.height < 1 || header.width > INT32_MAX || header.height > INT32_MAX)
    refuse(source, fmt::format("its size is {}x{}", header.height, header.width));
  if (header.bits < 1) refuse(source, "its samples have no bits");
  return header;
}

void check_png(std::span<const std::byte> bytes, const std::string& source) {
  const PngHeader header = parse_png_header(bytes, source);
  // Deflate shrinks by 1032 at most: a header that promises more lies, and must not make us allocate it. Each row
  // begins with the byte of its filter.
  const double row = 1 + std::ceil(static_cast<double>(header.width) * header.bits / 8);
  const double least = row * static_cast<double>(header.height) / 1100;
  if (least > static_cast<double>(bytes.size()))
    refuse(source, fmt::format("{}x{} pixels can't be in {} bytes", header.height, header.width, bytes.size()));
  std::size_t at = kSignatureBytes;
  while (true) {
    if (bytes.size() - at < 12) refuse(source, "it is cut short");
    const std::size_t length = big_endian(bytes, at);
    if (length > bytes.size() - at - 12) refuse(source, "it is cut short");
    const auto* chunk = reinterpret_cast<const Bytef*>(bytes.data() + at + 4);  // type and data
    if (crc32(0, chunk, static_cast<uInt>(length + 4)) != big_endian(bytes, at + 8 + length))
      refuse(source, "a checksum is wrong");
    if (std::memcmp(chunk, "IEND", 4) == 0) return;
    at += length + 12;
  }
}

Image decode_png_indices(std::span<const std::byte> bytes, const std::string& source) {
  check_png(bytes, source);
  const PngHeader header = parse_png_header(bytes, source);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(header.width * header.height));
  Failure failure;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &failure, on_error, on_warning);
  png_infop info = png_create_info_struct(png);
  Source data{bytes.data(), bytes.size()};
  const bool done = decode(png, info, data, failure, pixels.data());
  png_destroy_read_struct(&png, &info, nullptr);
  if (!done) refuse(source, failure.message);

  Image image(1, header.height, header.width);
  std::ranges::copy(pixels, image.values.begin());
  return image;
}

std::vector<std::byte> serialize_png(const Image& image) {
  if (image.planes() != 1 || (image.channels != 1 && image.channels != 3))
    throw Error(fmt::format("an image of {} can't be a PNG (one plane of 1 or 3 channels): write a .tif",
                            describe_size(image)));
  const Layout layout{static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
                      static_cast<int>(image.channels), image.info.bits > 8 ? 2 : 1};
  const std::vector<std::uint8_t> pixels = interleave(image, layout.bytes_per_sample);
  std::vector<std::byte> bytes;
  Failure failure;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &failure, on_error, on_warning);
  png_infop info = png_create_info_struct(png);
  const bool done = encode(png, info, bytes, failure, layout, pixels.data());
  png_destroy_write_struct(&png, &info);
  if (!done) throw Error(fmt::format("a PNG of {} can't be written: {}", describe_size(image), failure.message));
  return bytes;
}

}  // namespace tuff
