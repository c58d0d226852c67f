// From objects to flows.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "instances/flows.h"
#include "instances/object_pixels.h"

namespace tuff {
namespace {

struct Pixel {
  std::int64_t y, x;
};

// An object in its bounding box with a rim of one pixel around it.
class Heat {
 public:
  Heat(std::span<const std::int64_t> pixels, std::int64_t image_width);
  void diffuse();
  // (dy, dx) of log(1 + heat) at pixel number i, of length 1, or 0.
  std::array<float, 2> flow(std::size_t i) const;

 private:
  std::size_t place(const Pixel& pixel) const {
    return static_cast<std::size_t>((pixel.y - top_ + 1) * width_ + pixel.x - left_ + 1);
  }
  void step();

  std::int64_t top_ = 0, left_ = 0, height_ = 0, width_ = 0;  // of the box with its rim
  std::vector<std::size_t> places_;
  std::size_t center_ = 0;
  std::vector<double> inside_;  // 1/9 in the object, else 0
  std::vector<double> heat_, sums_;
};

// Of n values the middle one, or the mean of the middle two.
double median(std::vector<std::int64_t>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return static_cast<double>(*middle);
  return static_cast<double>(*middle + *std::max_element(values.begin(), middle)) / 2;
}

// The pixel nearest to the medians of rows and columns, the first of equals.
Pixel center_of(const std::vector<Pixel>& pixels) {
  std::vector<std::int64_t> rows, columns;
  for (const Pixel& pixel : pixels) {
    rows.push_back(pixel.y);
    columns.push_back(pixel.x);
  }
  const double y = median(rows), x = median(columns);
  return *std::ranges::min_element(pixels, {}, [&](const Pixel& pixel) {
    const double dy = static_cast<double>(pixel.y) - y, dx = static_cast<double>(pixel.x) - x;
    return dy * dy + dx * dx;
  });
}

Heat::Heat(std::span<const std::int64_t> pixels, std::int64_t image_width) {
  std::vector<Pixel> members;
  for (const std::int64_t pixel : pixels) members.push_back({pixel / image_width, pixel % image_width});
  const auto [top, bottom] = std::ranges::minmax(members, {}, &Pixel::y);
  const auto [left, right] = std::ranges::minmax(members, {}, &Pixel::x);
  top_ = top.y;
  left_ = left.x;
  height_ = bottom.y - top.y + 3;
  width_ = right.x - left.x + 3;
  inside_.assign(static_cast<std::size_t>(height_ * width_), 0);
  heat_ = sums_ = inside_;
  for (const Pixel& pixel : members) {
    places_.push_back(place(pixel));
    inside_[places_.back()] = 1.0 / 9;
  }
  center_ = place(center_of(members));
}

// The sum of three rows, then of three columns; what flowed out of the object is lost.
void Heat::step() {
  const auto width = static_cast<std::size_t>(width_);
  const std::size_t first = width + 1, end = heat_.size() - width - 1;
  for (std::size_t i = first - 1; i < end + 1; ++i) sums_[i] = heat_[i - width] + heat_[i] + heat_[i + width];
  for (std::size_t i = first; i < end; ++i) heat_[i] = (sums_[i - 1] + sums_[i] + sums_[i + 1]) * inside_[i];
}

void Heat::diffuse() {
  for (std::int64_t steps = 2 * (height_ + width_ - 2); steps > 0; --steps) {
    heat_[center_] += 1;
    step();
  }
  for (const std::size_t place : places_) heat_[place] = std::log1p(heat_[place]);
}

std::array<float, 2> Heat::flow(std::size_t i) const {
  const std::size_t at = places_[i], below = at + static_cast<std::size_t>(width_);
  const double dy = heat_[below] - heat_[at - static_cast<std::size_t>(width_)], dx = heat_[at + 1] - heat_[at - 1];
  const double length = std::hypot(dy, dx);
  if (length == 0) return {0, 0};
  return {static_cast<float>(dy / length), static_cast<float>(dx / length)};
}

}  // namespace

std::vector<float> flows_from_labels(const Labels& labels) {
  if (labels.depth != 1)
    throw Error("flows_from_labels: flows are made of 2-D images; give the slices of a volume one by one");
  const std::size_t plane = labels.ids.size();
  std::vector<float> flows(2 * plane);
  const ObjectPixels objects(labels);
  for (std::size_t object = 0; object < objects.count(); ++object) {
    const std::span<const std::int64_t> pixels = objects.of(object);
    Heat heat(pixels, labels.width);
    heat.diffuse();
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const auto pixel = static_cast<std::size_t>(pixels[i]);
      const auto [dy, dx] = heat.flow(i);
      flows[pixel] = dy;
      flows[plane + pixel] = dx;
    }
  }
  return flows;
}

}  // namespace tuff
