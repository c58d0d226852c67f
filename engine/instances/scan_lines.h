// Polygons as what they cover along horizontal lines: robust for any polygon, and two can be compared line by line.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "instances/star_polygons.h"

namespace tuff {

// Lines at y = offset + number * spacing.
struct LineGrid {
  double offset = 0;
  double spacing = 1;
};

// The even-odd inside of a polygon. Each line crosses it an even number of times, from one to the next inside.
class ScanLines {
 public:
  ScanLines() = default;
  ScanLines(std::span<const PolygonVertex> polygon, const LineGrid& grid);

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

 private:
  std::int64_t first_ = 0;
  std::vector<std::uint32_t> starts_ = {0};
  std::vector<float> crossings_;
};

}  // namespace tuff
