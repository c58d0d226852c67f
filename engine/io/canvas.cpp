#include "io/canvas.h"

#include <algorithm>
#include <cstdlib>

namespace tuff {
namespace {

// Printable ASCII from the space on, 5 x 7 pixels each: 35 bits, row by row, the highest bit first.
constexpr std::uint64_t kGlyphs[] = {
    0x000000000, 0x108421004, 0x294000000, 0x295f57d4a, 0x11f4717c4, 0x672222273, 0x32544564d, 0x108000000, 0x088842082,
    0x208210888, 0x02aefbaa0, 0x0084f9080, 0x000001844, 0x000070000, 0x00000018c, 0x042222210, 0x3a33ae62e, 0x11842108e,
    0x3a213221f, 0x78217043e, 0x08ca97c42, 0x7e1e0862e, 0x1910f462e, 0x7c2221108, 0x3a317462e, 0x3a317844c, 0x018c03180,
    0x00c601844, 0x088882082, 0x001f07c00, 0x208208888, 0x3a2111004, 0x3a37ade0f, 0x11518fe31, 0x7a31f463e, 0x3a308422e,
    0x7a318c63e, 0x7e10f421f, 0x7e10f4210, 0x3a30bc62f, 0x4631fc631, 0x38842108e, 0x1c4210a4c, 0x4654c5251, 0x42108421f,
    0x4775ac631, 0x4739ace71, 0x3a318c62e, 0x7a31f4210, 0x3a318d64d, 0x7a31f5251, 0x3e107043e, 0x7c8421084, 0x46318c62e,
    0x46318a944, 0x4631ad771, 0x462a22a31, 0x462a21084, 0x7c222221f, 0x39084210e, 0x420820821, 0x38421084e, 0x115100000,
    0x00000001f, 0x208000000, 0x000e0be2f, 0x421e8c63e, 0x000f8420f, 0x042f8c62f, 0x000e8fe0e, 0x191e42108, 0x000f8bc2e,
    0x421e8c631, 0x100c2108e, 0x080610a4c, 0x4212a6292, 0x30842108e, 0x001aad6b5, 0x001e8c631, 0x000e8c62e, 0x001e8fa10,
    0x000f8bc21, 0x0016cc210, 0x000f8383e, 0x211e42126, 0x00118c66d, 0x00118c544, 0x00118d6aa, 0x001151151, 0x00118bc2e,
    0x001f1111f, 0x0c8441083, 0x108421084, 0x608411098, 0x0008a8800,
};
constexpr int kGlyphWidth = 5;
constexpr int kGlyphHeight = 7;

std::uint64_t glyph(char character) {
  const int index = character - ' ';
  return index >= 0 && index < static_cast<int>(std::size(kGlyphs)) ? kGlyphs[index] : kGlyphs['?' - ' '];
}

}  // namespace

Canvas::Canvas(std::int64_t width, std::int64_t height, Color background)
    : width_(width), height_(height), pixels_(static_cast<std::size_t>(width * height), background) {}

Color Canvas::pixel(std::int64_t x, std::int64_t y) const {
  return pixels_[static_cast<std::size_t>(y * width_ + x)];
}

void Canvas::set(std::int64_t x, std::int64_t y, Color color) {
  if (x >= 0 && y >= 0 && x < width_ && y < height_) pixels_[static_cast<std::size_t>(y * width_ + x)] = color;
}

void Canvas::fill(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, Color color) {
  for (std::int64_t row = std::max<std::int64_t>(y, 0); row < std::min(y + height, height_); ++row)
    for (std::int64_t column = std::max<std::int64_t>(x, 0); column < std::min(x + width, width_); ++column)
      set(column, row, color);
}

void Canvas::line(std::int64_t x0, std::int64_t y0, std::int64_t x1, std::int64_t y1, Color color) {
  // Bresenham's algorithm.
  const std::int64_t dx = std::abs(x1 - x0), dy = -std::abs(y1 - y0);
  const std::int64_t step_x = x0 < x1 ? 1 : -1, step_y = y0 < y1 ? 1 : -1;
  std::int64_t error = dx + dy;
  while (true) {
    set(x0, y0, color);
    if (x0 == x1 && y0 == y1) return;
    const std::int64_t twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x0 += step_x;
    }
    if (twice <= dx) {
      error += dx;
      y0 += step_y;
    }
  }
}

void Canvas::text(std::int64_t x, std::int64_t y, std::string_view characters, Color color, int scale) {
  for (const char character : characters) {
    const std::uint64_t bits = glyph(character);
    for (int i = 0; i < kGlyphWidth * kGlyphHeight; ++i)
      if ((bits >> (kGlyphWidth * kGlyphHeight - 1 - i) & 1) != 0)
        fill(x + i % kGlyphWidth * scale, y + i / kGlyphWidth * scale, scale, scale, color);
    x += (kGlyphWidth + 1) * scale;
  }
}

void Canvas::paste(std::int64_t x, std::int64_t y, const Canvas& other) {
  for (std::int64_t row = 0; row < other.height_; ++row)
    for (std::int64_t column = 0; column < other.width_; ++column) set(x + column, y + row, other.pixel(column, row));
}

Image Canvas::image() const {
  Image image(3, height_, width_);
  for (std::size_t c = 0; c < 3; ++c) {
    const std::span<float> channel = image.channel(static_cast<std::int64_t>(c));
    for (std::size_t i = 0; i < pixels_.size(); ++i) channel[i] = static_cast<float>(pixels_[i][c]);
  }
  return image;
}

std::int64_t text_width(std::string_view characters, int scale) {
  return characters.empty() ? 0 : static_cast<std::int64_t>(characters.size()) * (kGlyphWidth + 1) * scale - scale;
}

}  // namespace tuff
