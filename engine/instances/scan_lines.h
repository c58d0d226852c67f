// Polygons, and cross-sections of polyhedra, as what they cover along horizontal lines: robust for any polygon, and two
// can be compared line by line.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tuff {

struct PolygonVertex {
  float y = 0, x = 0;
};

// An edge, in any direction.
struct LineSegment {
  PolygonVertex from, to;
};

// Lines at y = offset + number * spacing.
struct LineGrid {
  double offset = 0;
  double spacing = 1;
};

// The even-odd inside of closed outlines. Each line crosses them an even number of times, from one to the next inside.
class ScanLines {
 public:
  ScanLines() = default;
  ScanLines(std::span<const PolygonVertex> polygon, const LineGrid& grid);
  // Segments in any order that together close: equal ends are equal to the last bit.
  ScanLines(std::span<const LineSegment> outline, const LineGrid& grid);

  std::int64_t first() const { return first_; }
  std::int64_t end() const { return first_ + static_cast<std::int64_t>(starts_.size()) - 1; }
  // The x of crossings with line `number` of [first, end), ascending.
  std::span<const float> crossings(std::int64_t number) const {
    const auto line = static_cast<std::size_t>(number - first_);
    return std::span(crossings_).subspan(starts_[line], starts_[line + 1] - starts_[line]);
  }

  // In pixels times the lines of one pixel.
  double length() const;
  double common_length(const ScanLines& other) const;

  // Where lines are rows of pixels: writes the id to the pixels of a plane whose centers lie inside.
  void fill(std::span<std::int32_t> plane, std::int64_t height, std::int64_t width, std::int32_t id) const;

 private:
  std::int64_t first_ = 0;
  std::vector<std::uint32_t> starts_ = {0};
  std::vector<float> crossings_;
};

}  // namespace tuff
