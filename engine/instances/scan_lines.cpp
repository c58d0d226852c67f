#include "instances/scan_lines.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tuff {
namespace {

// Lines that an edge crosses: the lower end belongs to the next edge.
struct Edge {
  std::int64_t first, end;
  double x, slope;  // at line number 0, and per line

  Edge(const LineSegment& segment, const LineGrid& grid) {
    PolygonVertex a = segment.from, b = segment.to;
    if (a.y > b.y) std::swap(a, b);
    const double from = (static_cast<double>(a.y) - grid.offset) / grid.spacing;
    const double to = (static_cast<double>(b.y) - grid.offset) / grid.spacing;
    first = static_cast<std::int64_t>(std::ceil(from));
    end = static_cast<std::int64_t>(std::ceil(to));
    slope = first < end ? (static_cast<double>(b.x) - static_cast<double>(a.x)) / (to - from) : 0;
    x = static_cast<double>(a.x) - from * slope;
  }
};

std::vector<LineSegment> edges_of(std::span<const PolygonVertex> polygon) {
  std::vector<LineSegment> edges;
  edges.reserve(polygon.size());
  for (std::size_t i = 0; i < polygon.size(); ++i) edges.push_back({polygon[i], polygon[(i + 1) % polygon.size()]});
  return edges;
}

}  // namespace

ScanLines::ScanLines(std::span<const PolygonVertex> polygon, const LineGrid& grid)
    : ScanLines(edges_of(polygon), grid) {}

ScanLines::ScanLines(std::span<const LineSegment> outline, const LineGrid& grid) {
  std::vector<Edge> edges;
  edges.reserve(outline.size());
  for (const LineSegment& segment : outline)
    if (const Edge edge(segment, grid); edge.first < edge.end) edges.push_back(edge);
  if (edges.empty()) return;
  first_ = std::ranges::min_element(edges, {}, &Edge::first)->first;
  const std::int64_t last = std::ranges::max_element(edges, {}, &Edge::end)->end;

  // How often each line is crossed, where its crossings begin, and what they are.
  const auto line = [&](std::int64_t number) { return static_cast<std::size_t>(number - first_); };
  starts_.assign(line(last) + 1, 0);
  for (const Edge& edge : edges)
    for (std::int64_t number = edge.first; number < edge.end; ++number) ++starts_[line(number) + 1];
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  crossings_.resize(starts_.back());
  std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
  for (const Edge& edge : edges)
    for (std::int64_t number = edge.first; number < edge.end; ++number)
      crossings_[next[line(number)]++] = static_cast<float>(edge.x + static_cast<double>(number) * edge.slope);
  for (std::size_t i = 0; i + 1 < starts_.size(); ++i)
    std::sort(crossings_.begin() + starts_[i], crossings_.begin() + starts_[i + 1]);
}

double ScanLines::length() const {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < crossings_.size(); i += 2)
    sum += static_cast<double>(crossings_[i + 1]) - static_cast<double>(crossings_[i]);
  return sum;
}

double ScanLines::common_length(const ScanLines& other) const {
  double sum = 0;
  for (std::int64_t number = std::max(first(), other.first()); number < std::min(end(), other.end()); ++number) {
    const std::span<const float> mine = crossings(number), theirs = other.crossings(number);
    for (std::size_t i = 0, k = 0; i + 1 < mine.size() && k + 1 < theirs.size();) {
      const float begin = std::max(mine[i], theirs[k]), stop = std::min(mine[i + 1], theirs[k + 1]);
      if (stop > begin) sum += static_cast<double>(stop) - static_cast<double>(begin);
      (mine[i + 1] < theirs[k + 1] ? i : k) += 2;
    }
  }
  return sum;
}

void ScanLines::fill(std::span<std::int32_t> plane, std::int64_t height, std::int64_t width, std::int32_t id) const {
  const auto from = [&](float x) {
    return static_cast<std::int64_t>(std::clamp(std::ceil(x), 0.0f, static_cast<float>(width)));
  };
  for (std::int64_t y = std::max<std::int64_t>(first(), 0); y < std::min(end(), height); ++y) {
    const std::span<const float> crossed = crossings(y);
    const auto row = plane.begin() + y * width;
    for (std::size_t i = 0; i + 1 < crossed.size(); i += 2)
      std::fill(row + from(crossed[i]), row + from(crossed[i + 1]), id);
  }
}

}  // namespace tuff
