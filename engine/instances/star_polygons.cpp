#include "instances/star_polygons.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "instances/suppression.h"
#include "ops/star_distances.h"

namespace tuff {
namespace {

constexpr LineGrid kHalfPixels{.offset = -0.25, .spacing = 0.5};  // the middles of half pixels

Box box_around(std::span<const PolygonVertex> polygon) {
  const auto [top, bottom] = std::ranges::minmax(polygon, {}, &PolygonVertex::y);
  const auto [left, right] = std::ranges::minmax(polygon, {}, &PolygonVertex::x);
  return {0, 0, top.y, bottom.y, left.x, right.x};
}

std::vector<PolygonVertex> vertices(const StarPolygon& polygon, std::span<const StarRay> rays) {
  std::vector<PolygonVertex> result;
  result.reserve(rays.size());
  for (std::size_t k = 0; k < rays.size(); ++k)
    result.push_back({polygon.y + polygon.distances[k] * rays[k].y, polygon.x + polygon.distances[k] * rays[k].x});
  return result;
}

}  // namespace

std::vector<PolygonVertex> vertices(const StarPolygon& polygon) {
  return vertices(polygon, star_rays(static_cast<std::int64_t>(polygon.distances.size())));
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
  const std::vector<StarRay> directions = star_rays(rays);
  const auto most = static_cast<float>(2 * (height + width) * options.grid);
  KeptShapes<ScanLines> kept(height * options.grid, width * options.grid);
  std::vector<StarPolygon> result;
  for (const std::size_t pixel : candidates_by_probability(probability, options.prob_threshold)) {
    const auto at = static_cast<std::int64_t>(pixel);
    StarPolygon polygon{probability[pixel], static_cast<float>(at / width * options.grid),
                        static_cast<float>(at % width * options.grid)};
    for (std::size_t k = 0; k < directions.size(); ++k)
      polygon.distances.push_back(usable_distance(distances[k * plane + pixel], most));
    const std::vector<PolygonVertex> corners = vertices(polygon, directions);
    if (kept.keep(box_around(corners), ScanLines(corners, kHalfPixels), static_cast<double>(options.nms_threshold)))
      result.push_back(std::move(polygon));
  }
  return result;
}

Labels labels_from_polygons(std::span<const StarPolygon> polygons, std::int64_t height, std::int64_t width) {
  Labels labels(1, height, width);
  for (std::size_t i = polygons.size(); i-- > 0;) {
    const ScanLines lines(vertices(polygons[i]), {});
    lines.fill(std::span(labels.ids), height, width, static_cast<std::int32_t>(i + 1));
  }
  return labels;
}

}  // namespace tuff
