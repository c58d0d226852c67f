#include "instances/star_polygons.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/error.h"
#include "instances/scan_lines.h"

namespace tuff {
namespace {

constexpr LineGrid kHalfPixels{.offset = -0.25, .spacing = 0.5};  // the middles of half pixels

// Kept polygons, found by the bins of `size` pixels that their bounding boxes touch.
class KeptPolygons {
 public:
  struct Outline {
    float top = 0, bottom = 0, left = 0, right = 0;
    ScanLines lines;
    double length = 0;
    std::size_t asked_by = 0;  // the candidate that was last compared with it
  };

  KeptPolygons(double height, double width)
      : rows_(bin(height) + 1), columns_(bin(width) + 1), bins_(static_cast<std::size_t>(rows_ * columns_)) {}

  static Outline outline(std::span<const PolygonVertex> polygon) {
    const auto [top, bottom] = std::ranges::minmax(polygon, {}, &PolygonVertex::y);
    const auto [left, right] = std::ranges::minmax(polygon, {}, &PolygonVertex::x);
    Outline result{top.y, bottom.y, left.x, right.x, ScanLines(polygon, kHalfPixels)};
    result.length = result.lines.length();
    return result;
  }

  // Whether a kept one overlaps it by more than `threshold` of the smaller's area. `candidate` counts from 1.
  bool overlaps(const Outline& outline, std::size_t candidate, double threshold) {
    bool found = false;
    for_each_bin(outline, [&](std::vector<std::size_t>& bin) {
      for (const std::size_t index : bin) {
        Outline& other = kept_[index];
        if (found || std::exchange(other.asked_by, candidate) == candidate) continue;
        if (other.top > outline.bottom || other.bottom < outline.top || other.left > outline.right ||
            other.right < outline.left)
          continue;
        const double smaller = std::min(outline.length, other.length) + 1e-10;
        found = outline.lines.common_length(other.lines) > threshold * smaller;
      }
    });
    return found;
  }

  void keep(Outline outline) {
    for_each_bin(outline, [&](std::vector<std::size_t>& bin) { bin.push_back(kept_.size()); });
    kept_.push_back(std::move(outline));
  }

 private:
  static std::int64_t bin(double place) { return static_cast<std::int64_t>(place / 32); }

  // What lies outside of the image belongs to the bins at its edge.
  template <class Visit>
  void for_each_bin(const Outline& outline, Visit&& visit) {
    const auto within = [](float place, std::int64_t bins) {
      return std::clamp<std::int64_t>(bin(static_cast<double>(place)), 0, bins - 1);
    };
    for (std::int64_t row = within(outline.top, rows_); row <= within(outline.bottom, rows_); ++row)
      for (std::int64_t column = within(outline.left, columns_); column <= within(outline.right, columns_); ++column)
        visit(bins_[static_cast<std::size_t>(row * columns_ + column)]);
  }

  std::int64_t rows_, columns_;
  std::vector<std::vector<std::size_t>> bins_;
  std::vector<Outline> kept_;
};

// The ends of rays of unit length.
std::vector<PolygonVertex> unit_rays(std::size_t rays) {
  std::vector<PolygonVertex> result;
  for (std::size_t k = 0; k < rays; ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(rays);
    result.push_back({static_cast<float>(std::sin(angle)), static_cast<float>(std::cos(angle))});
  }
  return result;
}

std::vector<PolygonVertex> vertices(const StarPolygon& polygon, std::span<const PolygonVertex> rays) {
  std::vector<PolygonVertex> result;
  result.reserve(rays.size());
  for (std::size_t k = 0; k < rays.size(); ++k)
    result.push_back({polygon.y + polygon.distances[k] * rays[k].y, polygon.x + polygon.distances[k] * rays[k].x});
  return result;
}

}  // namespace

std::vector<PolygonVertex> vertices(const StarPolygon& polygon) {
  return vertices(polygon, unit_rays(polygon.distances.size()));
}

std::vector<StarPolygon> find_star_polygons(std::span<const float> probability, std::span<const float> distances,
                                            std::int64_t rays, std::int64_t height, std::int64_t width,
                                            const StarOptions& options) {
  const std::size_t plane = probability.size();
  if (rays < 3 || static_cast<std::int64_t>(plane) != height * width ||
      distances.size() != plane * static_cast<std::size_t>(rays))
    throw Error(
        fmt::format("find_star_polygons: {} probabilities and {} distances don't fit {} x {} pixels and {} rays "
                    "(at least 3)",
                    plane, distances.size(), height, width, rays));
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < plane; ++i)
    if (probability[i] > options.prob_threshold) order.push_back(i);
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) { return probability[i]; });

  const std::vector<PolygonVertex> directions = unit_rays(static_cast<std::size_t>(rays));
  const auto most = static_cast<float>(2 * (height + width) * options.grid);
  KeptPolygons kept(static_cast<double>(height * options.grid), static_cast<double>(width * options.grid));
  std::vector<StarPolygon> result;
  for (std::size_t candidate = 0; candidate < order.size(); ++candidate) {
    const std::size_t pixel = order[candidate];
    const auto at = static_cast<std::int64_t>(pixel);
    StarPolygon polygon{probability[pixel], static_cast<float>(at / width * options.grid),
                        static_cast<float>(at % width * options.grid)};
    for (std::size_t k = 0; k < directions.size(); ++k) {
      const float distance = distances[k * plane + pixel];
      polygon.distances.push_back(distance > 0.001f ? std::min(distance, most) : 0.001f);
    }
    KeptPolygons::Outline outline = KeptPolygons::outline(vertices(polygon, directions));
    if (kept.overlaps(outline, candidate + 1, static_cast<double>(options.nms_threshold))) continue;
    kept.keep(std::move(outline));
    result.push_back(std::move(polygon));
  }
  return result;
}

Labels labels_from_polygons(std::span<const StarPolygon> polygons, std::int64_t height, std::int64_t width) {
  Labels labels(1, height, width);
  for (std::size_t i = polygons.size(); i-- > 0;) {
    const ScanLines lines(vertices(polygons[i]), {});
    for (std::int64_t y = std::max<std::int64_t>(lines.first(), 0); y < std::min(lines.end(), height); ++y) {
      const std::span<const float> crossings = lines.crossings(y);
      for (std::size_t k = 0; k + 1 < crossings.size(); k += 2) {
        const auto inside = [&](float x) {
          return static_cast<std::int64_t>(std::clamp(std::ceil(x), 0.0f, static_cast<float>(width)));
        };
        const auto row = labels.ids.begin() + y * width;
        std::fill(row + inside(crossings[k]), row + inside(crossings[k + 1]), static_cast<std::int32_t>(i + 1));
      }
    }
  }
  return labels;
}

}  // namespace tuff
