// From where pixels went to objects.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "instances/flows.h"
#include "instances/object_pixels.h"

namespace tuff {
namespace {

// How many pixels ended at each pixel, with a rim so that windows need no care of the image's edge.
class Histogram {
 public:
  static constexpr std::int64_t kRim = 2;

  Histogram(std::int64_t height, std::int64_t width)
      : height_(height + 2 * kRim), width_(width + 2 * kRim), counts_(static_cast<std::size_t>(height_ * width_)) {}

  std::size_t place(std::int64_t y, std::int64_t x) const {
    return static_cast<std::size_t>((y + kRim) * width_ + x + kRim);
  }
  std::size_t places() const { return counts_.size(); }
  std::int64_t width() const { return width_; }
  std::int32_t& operator[](std::size_t place) { return counts_[place]; }
  std::int32_t operator[](std::size_t place) const { return counts_[place]; }

  // Places with more than `least` and no more within 5 x 5; those with fewest first.
  std::vector<std::size_t> seeds(std::int32_t least) const {
    std::vector<std::size_t> found;
    for (std::int64_t y = kRim; y < height_ - kRim; ++y)
      for (std::int64_t x = kRim; x < width_ - kRim; ++x) {
        const auto here = static_cast<std::size_t>(y * width_ + x);
        if (counts_[here] > least && is_highest(here)) found.push_back(here);
      }
    std::ranges::stable_sort(found, {}, [&](std::size_t place) { return counts_[place]; });
    return found;
  }

 private:
  bool is_highest(std::size_t here) const {
    for (std::int64_t dy = -kRim; dy <= kRim; ++dy)
      for (std::int64_t dx = -kRim; dx <= kRim; ++dx)
        if (counts_[here + static_cast<std::size_t>(dy * width_ + dx)] > counts_[here]) return false;
    return true;
  }

  std::int64_t height_, width_;
  std::vector<std::int32_t> counts_;
};

// The seed and what is reached from it in `steps` steps over places where more than two pixels ended.
std::vector<std::size_t> extended(const Histogram& histogram, std::size_t seed, std::int32_t steps) {
  std::vector<std::size_t> reached = {seed};
  std::size_t tried = 0;
  for (std::int32_t step = 0; step < steps; ++step) {
    const std::size_t end = reached.size();
    for (; tried < end; ++tried)
      for (std::int64_t dy = -1; dy <= 1; ++dy)
        for (std::int64_t dx = -1; dx <= 1; ++dx) {
          const std::size_t next = reached[tried] + static_cast<std::size_t>(dy * histogram.width() + dx);
          if (histogram[next] > 2 && std::ranges::find(reached, next) == reached.end()) reached.push_back(next);
        }
  }
  return reached;
}

// Objects for which drop(number of pixels) become background.
template <class Drop>
void drop_by_size(Labels& labels, Drop&& drop) {
  const ObjectPixels objects(labels);
  for (std::size_t i = 0; i < objects.count(); ++i)
    if (drop(static_cast<std::int64_t>(objects.of(i).size())))
      for (const std::int64_t pixel : objects.of(i)) labels.ids[static_cast<std::size_t>(pixel)] = 0;
}

// The bounding box of some pixels of an image, with a rim around it.
struct Box {
  std::int64_t top = 0, left = 0, height = 0, width = 0;

  Box(std::span<const std::int64_t> pixels, std::int64_t image_width) {
    std::int64_t right = 0;
    top = pixels.front() / image_width - 1;  // pixels ascend
    left = image_width;
    for (const std::int64_t pixel : pixels) {
      left = std::min(left, pixel % image_width - 1);
      right = std::max(right, pixel % image_width + 1);
    }
    height = pixels.back() / image_width + 2 - top;
    width = right + 1 - left;
  }
};

// What can't be reached from the rim of the object's box by sides becomes the object.
void fill_holes(Labels& labels, std::int32_t id, std::span<const std::int64_t> pixels) {
  const Box box(pixels, labels.width);
  std::vector<char> closed(static_cast<std::size_t>(box.height * box.width));  // the object, then what was reached
  for (const std::int64_t pixel : pixels)
    closed[static_cast<std::size_t>((pixel / labels.width - box.top) * box.width + pixel % labels.width - box.left)] =
        1;
  std::vector<std::int64_t> open = {0};  // a corner of the rim
  closed[0] = 1;
  while (!open.empty()) {
    const std::int64_t y = open.back() / box.width, x = open.back() % box.width;
    open.pop_back();
    for (const auto& [dy, dx] : {std::pair{-1, 0}, {1, 0}, {0, -1}, {0, 1}}) {
      if (y + dy < 0 || y + dy >= box.height || x + dx < 0 || x + dx >= box.width) continue;
      const std::int64_t next = (y + dy) * box.width + x + dx;
      if (std::exchange(closed[static_cast<std::size_t>(next)], 1) == 0) open.push_back(next);
    }
  }
  for (std::int64_t y = 1; y < box.height - 1; ++y)
    for (std::int64_t x = 1; x < box.width - 1; ++x)
      if (!closed[static_cast<std::size_t>(y * box.width + x)])
        labels.ids[static_cast<std::size_t>((box.top + y) * labels.width + box.left + x)] = id;
}

void require_planes(std::string_view name, std::size_t values, std::int64_t planes, std::int64_t height,
                    std::int64_t width) {
  if (static_cast<std::int64_t>(values) != planes * height * width)
    throw Error(fmt::format("labels_from_flows: {} have {} values, must be {} planes of {} x {}", name, values, planes,
                            height, width));
}

}  // namespace

Labels labels_from_positions(std::span<const float> positions, std::span<const float> foreground, std::int64_t height,
                             std::int64_t width, const FlowMaskOptions& options) {
  require_planes("positions", positions.size(), 2, height, width);
  require_planes("the foreground's pixels", foreground.size(), 1, height, width);
  const std::size_t plane = foreground.size();
  Histogram histogram(height, width);
  std::vector<std::size_t> ends(plane);
  for (std::size_t i = 0; i < plane; ++i) {
    if (foreground[i] == 0) continue;
    // The pixel whose center lies before, as in Cellpose. NaN, which no flow gives, ends at 0.
    const auto whole = [](float value, std::int64_t extent) {
      return value > 0 ? static_cast<std::int64_t>(std::min(value, static_cast<float>(extent - 1))) : 0;
    };
    ends[i] = histogram.place(whole(positions[i], height), whole(positions[plane + i], width));
    ++histogram[ends[i]];
  }
  std::vector<std::int32_t> owners(histogram.places());
  std::int32_t owner = 0;
  for (const std::size_t seed : histogram.seeds(options.seed_pixels)) {
    ++owner;
    for (const std::size_t place : extended(histogram, seed, options.extension)) owners[place] = owner;
  }
  Labels labels(1, height, width);
  for (std::size_t i = 0; i < plane; ++i)
    if (foreground[i] != 0) labels.ids[i] = owners[ends[i]];
  const double largest = options.largest * static_cast<double>(height * width);
  drop_by_size(labels, [&](std::int64_t size) { return static_cast<double>(size) > largest; });
  renumber(labels);
  return labels;
}

void drop_bad_flows(Labels& labels, std::span<const float> flows, double threshold) {
  require_planes("flows", flows.size(), 2, labels.height, labels.width);
  const std::vector<float> own = flows_from_labels(labels);
  const std::size_t plane = labels.ids.size();
  const ObjectPixels objects(labels);
  for (std::size_t i = 0; i < objects.count(); ++i) {
    double error = 0;
    for (const std::int64_t pixel : objects.of(i))
      for (const std::size_t at : {static_cast<std::size_t>(pixel), plane + static_cast<std::size_t>(pixel)}) {
        const double difference = static_cast<double>(own[at]) - static_cast<double>(flows[at]);
        error += difference * difference;
      }
    if (error / static_cast<double>(objects.of(i).size()) <= threshold) continue;
    for (const std::int64_t pixel : objects.of(i)) labels.ids[static_cast<std::size_t>(pixel)] = 0;
  }
}

void fill_and_drop_small(Labels& labels, std::int64_t min_size) {
  const auto small = [&](std::int64_t size) { return size < min_size; };
  drop_by_size(labels, small);
  const ObjectPixels objects(labels);
  for (std::size_t i = 0; i < objects.count(); ++i) {
    // Without those that another has swallowed meanwhile.
    std::vector<std::int64_t> pixels(objects.of(i).begin(), objects.of(i).end());
    std::erase_if(pixels, [&](std::int64_t at) { return labels.ids[static_cast<std::size_t>(at)] != objects.id(i); });
    if (!pixels.empty()) fill_holes(labels, objects.id(i), pixels);
  }
  drop_by_size(labels, small);
  renumber(labels);
}

Labels labels_from_flows(std::span<const float> flows, std::span<const float> positions,
                         std::span<const float> foreground, std::int64_t height, std::int64_t width,
                         const FlowMaskOptions& options) {
  Labels labels = labels_from_positions(positions, foreground, height, width, options);
  if (options.flow_error > 0) drop_bad_flows(labels, flows, options.flow_error);
  fill_and_drop_small(labels, options.min_size);
  return labels;
}

void renumber(Labels& labels) {
  std::unordered_map<std::int32_t, std::int32_t> numbers;
  for (std::int32_t& id : labels.ids)
    if (id != 0) id = numbers.try_emplace(id, static_cast<std::int32_t>(numbers.size()) + 1).first->second;
}

}  // namespace tuff
