// An 8-bit RGB picture with the little that our own figures need: pixels, lines, rectangles, text in a
// built-in 5x7 font.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace tuff {

using Color = std::array<std::uint8_t, 3>;

class Canvas {
 public:
  Canvas(std::int64_t width, std::int64_t height, Color background);

  std::int64_t width() const { return width_; }
  std::int64_t height() const { return height_; }
  Color pixel(std::int64_t x, std::int64_t y) const;

  // Whatever falls outside is left out.
  void set(std::int64_t x, std::int64_t y, Color color);
  void fill(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, Color color);
  void line(std::int64_t x0, std::int64_t y0, std::int64_t x1, std::int64_t y1, Color color);
  // Upper left corner at (x, y); each character takes 6 * scale pixels, 7 * scale high.
  void text(std::int64_t x, std::int64_t y, std::string_view characters, Color color, int scale = 1);
  void paste(std::int64_t x, std::int64_t y, const Canvas& other);

  Image image() const;  // 3 channels, 8 bits

 private:
  std::int64_t width_;
  std::int64_t height_;
  std::vector<Color> pixels_;
};

// Pixels that `text` takes.
std::int64_t text_width(std::string_view characters, int scale = 1);

}  // namespace tuff
