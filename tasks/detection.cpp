#include "tasks/detection.h"

#include <algorithm>
#include <cmath>

#include "io/image_set.h"

namespace tuff {
namespace {

double area(const Box2D& box) {
  return box.height * box.width;
}

void sort_by_score(std::vector<Detection>& found) {
  std::ranges::stable_sort(found, std::ranges::greater{}, &Detection::score);
}

// The most probable class of each block that is no background, where it reaches the threshold; boxes in pixels of the
// original image, which is `zoom_y` and `zoom_x` times smaller.
void add_candidates(std::vector<Detection>& found, const Image& probabilities, const WindowMap& map,
                    const DetectionOptions& options, double zoom_y, double zoom_x) {
  const double middle = static_cast<double>(map.stride - 1) / 2;
  const double height = options.side / zoom_y, width = options.side / zoom_x;
  for (std::int64_t top = map.first; top < probabilities.height; top += map.stride)
    for (std::int64_t left = map.first; left < probabilities.width; left += map.stride) {
      const std::int64_t y = std::clamp<std::int64_t>(top, 0, probabilities.height - 1);
      const std::int64_t x = std::clamp<std::int64_t>(left, 0, probabilities.width - 1);
      Detection best{.label = -1};
      for (std::int64_t c = 0; c < probabilities.channels; ++c) {
        const auto score =
            static_cast<double>(probabilities.channel(c)[static_cast<std::size_t>(y * probabilities.width + x)]);
        if (c != options.background && (best.label < 0 || score > best.score)) {
          best.label = static_cast<std::int32_t>(c);
          best.score = score;
        }
      }
      if (best.label < 0 || best.score < options.threshold) continue;
      // The centre of a pixel lies half a pixel behind its corner.
      const double center_y = (static_cast<double>(top) + middle + 0.5) / zoom_y;
      const double center_x = (static_cast<double>(left) + middle + 0.5) / zoom_x;
      best.box = {center_y - height / 2, center_x - width / 2, height, width};
      found.push_back(best);
    }
}

}  // namespace

double intersection_over_union(const Box2D& a, const Box2D& b) {
  const double height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  if (!(height > 0 && width > 0)) return 0;
  return height * width / (area(a) + area(b) - height * width);
}

std::vector<Detection> suppress(std::vector<Detection> found, double overlap) {
  sort_by_score(found);
  std::vector<Detection> kept;
  for (const Detection& candidate : found)
    if (std::ranges::none_of(kept, [&](const Detection& other) {
          return other.label == candidate.label && intersection_over_union(other.box, candidate.box) > overlap;
        }))
      kept.push_back(candidate);
  return kept;
}

std::vector<Detection> detect(const Image& image, const WindowMap& map, const DetectionOptions& options) {
  std::vector<Detection> found;
  for (const double scale : options.scales)
    for (const double aspect : options.aspects) {
      const double zoom_y = std::sqrt(aspect) / scale, zoom_x = 1 / (scale * std::sqrt(aspect));
      const auto resized = [](std::int64_t extent, double zoom) {
        return std::max<std::int64_t>(1, std::llround(static_cast<double>(extent) * zoom));
      };
      const std::int64_t height = resized(image.height, zoom_y), width = resized(image.width, zoom_x);
      const bool same = height == image.height && width == image.width;
      const Image probabilities = map.probabilities(same ? image : resize_image(image, height, width));
      add_candidates(found, probabilities, map, options,
                     static_cast<double>(height) / static_cast<double>(image.height),
                     static_cast<double>(width) / static_cast<double>(image.width));
    }
  return suppress(std::move(found), options.overlap);
}

DetectionScore score_detections(std::span<const TrueBox> truth, std::span<const FoundBox> found, std::int32_t label,
                                double overlap) {
  std::vector<TrueBox> objects;
  std::vector<FoundBox> ranked;
  std::ranges::copy_if(truth, std::back_inserter(objects), [&](const TrueBox& box) { return box.label == label; });
  std::ranges::copy_if(found, std::back_inserter(ranked),
                       [&](const FoundBox& box) { return box.detection.label == label; });
  std::ranges::stable_sort(ranked, std::ranges::greater{}, [](const FoundBox& box) { return box.detection.score; });
  DetectionScore score{.objects = static_cast<std::int64_t>(objects.size())};
  std::vector<bool> taken(objects.size());
  std::vector<double> precision;  // at each object found
  for (const FoundBox& candidate : ranked) {
    std::size_t best = objects.size();
    double most = overlap;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      if (taken[i] || objects[i].image != candidate.image) continue;
      const double common = intersection_over_union(objects[i].box, candidate.detection.box);
      if (common >= most) best = i, most = common;
    }
    if (best == objects.size()) {
      ++score.false_positives;
      continue;
    }
    taken[best] = true;
    ++score.found;
    precision.push_back(static_cast<double>(score.found) / static_cast<double>(score.found + score.false_positives));
  }
  for (std::size_t i = precision.size(); i-- > 1;) precision[i - 1] = std::max(precision[i - 1], precision[i]);
  for (const double value : precision) score.average_precision += value / static_cast<double>(objects.size());
  return score;
}

}  // namespace tuff
