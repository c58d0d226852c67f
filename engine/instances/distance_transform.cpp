#include "instances/distance_transform.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "instances/object_pixels.h"

namespace tuff {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The lowest of parabolas height + (spacing (x - place))^2 at each x.
class LowerEnvelope {
 public:
  explicit LowerEnvelope(double spacing) : square_(spacing * spacing) {}

  void clear() { parabolas_.clear(); }

  // In ascending order of place.
  void add(double place, double height) {
    if (height == kInfinity) return;
    double start = -kInfinity;
    while (!parabolas_.empty()) {
      const Parabola& last = parabolas_.back();
      start = (place + last.place) / 2 + (height - last.height) / (2 * square_ * (place - last.place));
      if (start > last.start) break;
      parabolas_.pop_back();
      start = -kInfinity;
    }
    parabolas_.push_back({place, height, start});
  }

  // In ascending order of x after the last add().
  template <class Write>
  void read(std::int64_t first, std::int64_t end, Write&& write) const {
    if (parabolas_.empty()) return;
    std::size_t lowest = 0;
    for (std::int64_t i = first; i < end; ++i) {
      const auto x = static_cast<double>(i);
      while (lowest + 1 < parabolas_.size() && parabolas_[lowest + 1].start < x) ++lowest;
      const double away = x - parabolas_[lowest].place;
      write(i, parabolas_[lowest].height + square_ * away * away);
    }
  }

 private:
  struct Parabola {
    double place, height, start;  // the lowest from start on
  };
  double square_;
  std::vector<Parabola> parabolas_;
};

// One axis: lines of `extent` pixels, `step` apart.
struct Axis {
  std::int64_t extent, step;
  double spacing;
};

// Takes into account the borders along the axis. Squares hold those of the axes before, infinity for none. Runs of one
// id are transformed by themselves: beyond a run's end no pixel is nearer than the end.
void transform_axis(const Labels& labels, const Axis& axis, ImageEdge edge, std::vector<double>& squares) {
  if (axis.extent == 1) return;
  LowerEnvelope envelope(axis.spacing);
  const auto transform_line = [&](std::int64_t start) {
    const auto at = [&](std::int64_t i) { return static_cast<std::size_t>(start + i * axis.step); };
    for (std::int64_t first = 0, end = 0; first < axis.extent; first = end) {
      const std::int32_t id = labels.ids[at(first)];
      end = first + 1;
      while (end < axis.extent && labels.ids[at(end)] == id) ++end;
      if (id == 0) continue;
      envelope.clear();
      if (first > 0 || edge == ImageEdge::border) envelope.add(static_cast<double>(first - 1), 0);
      for (std::int64_t i = first; i < end; ++i) envelope.add(static_cast<double>(i), squares[at(i)]);
      if (end < axis.extent || edge == ImageEdge::border) envelope.add(static_cast<double>(end), 0);
      envelope.read(first, end, [&](std::int64_t i, double square) { squares[at(i)] = square; });
    }
  };
  const std::int64_t block = axis.extent * axis.step;  // lines start at the first `step` pixels of each block
  for (std::int64_t start = 0; start < labels.pixels(); start += block)
    for (std::int64_t i = 0; i < axis.step; ++i) transform_line(start + i);
}

}  // namespace

std::vector<float> distance_transform(const Labels& labels, const VoxelSize& voxel, ImageEdge edge) {
  if (!(voxel.depth > 0 && voxel.height > 0 && voxel.width > 0))
    throw Error("distance_transform: a voxel's extents must be above 0");
  std::vector<double> squares(labels.ids.size());
  std::ranges::transform(labels.ids, squares.begin(), [](std::int32_t id) { return id == 0 ? 0 : kInfinity; });
  transform_axis(labels, {labels.width, 1, voxel.width}, edge, squares);
  transform_axis(labels, {labels.height, labels.width, voxel.height}, edge, squares);
  transform_axis(labels, {labels.depth, labels.width * labels.height, voxel.depth}, edge, squares);
  std::vector<float> distances(squares.size());
  std::ranges::transform(squares, distances.begin(),
                         [](double square) { return static_cast<float>(std::sqrt(square)); });
  return distances;
}

std::vector<float> edt_prob(const Labels& labels, const VoxelSize& voxel) {
  std::vector<float> distances = distance_transform(labels, voxel);
  const auto endless = [](float distance) { return std::isinf(distance); };
  if (std::ranges::any_of(distances, endless)) distances = distance_transform(labels, voxel, ImageEdge::border);
  const ObjectPixels objects(labels);
  for (std::size_t i = 0; i < objects.count(); ++i) {
    float largest = 0;
    for (const std::int64_t pixel : objects.of(i))
      largest = std::max(largest, distances[static_cast<std::size_t>(pixel)]);
    for (const std::int64_t pixel : objects.of(i)) {
      float& distance = distances[static_cast<std::size_t>(pixel)];
      distance = endless(largest) ? 1.0f : distance / largest;  // an image of one pixel has no border at all
    }
  }
  return distances;
}

}  // namespace tuff
