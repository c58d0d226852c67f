#include "instances/regions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "base/error.h"
#include "instances/hull.h"

namespace tuff {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using Matrix = std::array<std::array<double, 3>, 3>;

// Sums over an object's pixels of offsets from its first one, in whole numbers: exact.
struct Sums {
  std::array<std::int64_t, 3> origin = {};
  std::array<std::int64_t, 3> offsets = {};
  std::array<std::array<std::int64_t, 3>, 3> products = {};
  double perimeter = 0;  // in pixels
  std::vector<RowSpan> rows;
};

std::vector<std::int32_t> list_ids(const Labels& labels) {
  std::vector<std::int32_t> ids;
  std::int32_t before = 0;
  for (const std::int32_t id : labels.ids) {
    if (id != before && id != 0) ids.push_back(id);
    before = id;
  }
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  return ids;
}

class Measurement {
 public:
  Measurement(const Labels& labels, const PixelSize& size)
      : labels_(labels), size_{size.depth, size.height, size.width}, ids_(list_ids(labels)), sums_(ids_.size()) {
    regions_.resize(ids_.size());
    for (std::size_t i = 0; i < ids_.size(); ++i) regions_[i].id = ids_[i];
  }

  std::vector<Region> measure(const Image* image) {
    each_pixel([&](std::size_t object, const std::array<std::int64_t, 3>& at) { add(object, at); });
    if (labels_.depth == 1) add_perimeters();
    for (std::size_t object = 0; object < regions_.size(); ++object) finish(object);
    for (std::int64_t channel = 0; image != nullptr && channel < image->channels; ++channel)
      add_intensity(image->values.data() + channel * labels_.pixels());
    return std::move(regions_);
  }

 private:
  // Calls `visit` with the object's place among the regions and the pixel's z, y, x.
  template <class Visit>
  void each_pixel(const Visit& visit) const {
    std::int32_t id = 0;
    std::size_t object = 0, index = 0;
    for (std::int64_t z = 0; z < labels_.depth; ++z)
      for (std::int64_t y = 0; y < labels_.height; ++y)
        for (std::int64_t x = 0; x < labels_.width; ++x, ++index) {
          if (labels_.ids[index] == 0) continue;
          if (labels_.ids[index] != id) {
            id = labels_.ids[index];
            object = static_cast<std::size_t>(std::ranges::lower_bound(ids_, id) - ids_.begin());
          }
          visit(object, {z, y, x});
        }
  }

  void add(std::size_t object, const std::array<std::int64_t, 3>& at) {
    Region& region = regions_[object];
    Sums& sums = sums_[object];
    if (region.pixels++ == 0) region.first = region.last = sums.origin = at;
    std::array<std::int64_t, 3> offset;
    for (std::size_t i = 0; i < 3; ++i) {
      region.first[i] = std::min(region.first[i], at[i]);
      region.last[i] = std::max(region.last[i], at[i]);
      offset[i] = at[i] - sums.origin[i];
      sums.offsets[i] += offset[i];
    }
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = i; j < 3; ++j) sums.products[i][j] += offset[i] * offset[j];
    if (labels_.depth > 1) return;
    if (sums.rows.empty() || sums.rows.back().y != at[1]) sums.rows.push_back({at[1], at[2], at[2]});
    sums.rows.back().last = at[2];
  }

  std::int32_t id_at(std::int64_t y, std::int64_t x) const {
    if (y < 0 || x < 0 || y >= labels_.height || x >= labels_.width) return 0;
    return labels_.ids[static_cast<std::size_t>(y * labels_.width + x)];
  }

  // The length that a border pixel stands for, by its neighbors on the border of the same object. Weights and cases are
  // those of scikit-image's perimeter, which codes a neighborhood as 10 a diagonal neighbor, 2 a direct one, 1 the
  // pixel.
  static double border_length(int direct, int diagonal) {
    switch (10 * diagonal + 2 * direct + 1) {
      case 5:
      case 7:
      case 15:
      case 17:
      case 25:
      case 27: return 1;
      case 21:
      case 33: return std::numbers::sqrt2;
      case 13:
      case 23: return (1 + std::numbers::sqrt2) / 2;
      default: return 0;
    }
  }

  void add_perimeters() {
    std::vector<std::int32_t> border(labels_.ids.size(), 0);  // ids, on borders alone
    each_pixel([&](std::size_t object, const std::array<std::int64_t, 3>& at) {
      const auto [z, y, x] = at;
      const std::int32_t id = ids_[object];
      if (id_at(y - 1, x) != id || id_at(y, x - 1) != id || id_at(y, x + 1) != id || id_at(y + 1, x) != id)
        border[static_cast<std::size_t>(y * labels_.width + x)] = id;
    });
    const auto on_border = [&](std::int64_t y, std::int64_t x, std::int32_t id) {
      return id_at(y, x) == id && border[static_cast<std::size_t>(y * labels_.width + x)] == id ? 1 : 0;
    };
    each_pixel([&](std::size_t object, const std::array<std::int64_t, 3>& at) {
      const auto [z, y, x] = at;
      const std::int32_t id = ids_[object];
      if (on_border(y, x, id) == 0) return;
      const int direct =
          on_border(y - 1, x, id) + on_border(y, x - 1, id) + on_border(y, x + 1, id) + on_border(y + 1, x, id);
      const int diagonal = on_border(y - 1, x - 1, id) + on_border(y - 1, x + 1, id) + on_border(y + 1, x - 1, id) +
                           on_border(y + 1, x + 1, id);
      sums_[object].perimeter += border_length(direct, diagonal);
    });
  }

  Matrix covariance(std::size_t object) const {
    const Sums& sums = sums_[object];
    const auto n = static_cast<double>(regions_[object].pixels);
    Matrix result;
    // Differences of whole numbers, which doubles hold exactly for objects of ten thousands of pixels.
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = i; j < 3; ++j) {
        const double difference = n * static_cast<double>(sums.products[i][j]) -
                                  static_cast<double>(sums.offsets[i]) * static_cast<double>(sums.offsets[j]);
        result[i][j] = result[j][i] = difference / (n * n) * size_[i] * size_[j];
      }
    return result;
  }

  void finish(std::size_t object) {
    Region& region = regions_[object];
    const Sums& sums = sums_[object];
    const auto pixels = static_cast<double>(region.pixels);
    for (std::size_t i = 0; i < 3; ++i)
      region.centroid[i] =
          (static_cast<double>(sums.origin[i]) + static_cast<double>(sums.offsets[i]) / pixels) * size_[i];
    if (labels_.depth == 1)
      finish_plane(region, sums, covariance(object));
    else
      finish_volume(region, covariance(object));
  }

  void finish_plane(Region& region, const Sums& sums, const Matrix& moments) const {
    const auto pixels = static_cast<double>(region.pixels);
    region.area = pixels * size_[1] * size_[2];
    region.equivalent_diameter = std::sqrt(4 * region.area / std::numbers::pi);
    const double yy = moments[1][1], xx = moments[2][2], yx = moments[1][2];
    const double middle = (yy + xx) / 2, half_range = std::hypot((yy - xx) / 2, yx);
    const double spread = half_range > 1e-12 * middle ? half_range : 0;  // less is rounding
    const double large = middle + spread, small = std::max(0.0, middle - spread);
    region.major_axis = 4 * std::sqrt(large);
    region.minor_axis = 4 * std::sqrt(small);
    region.eccentricity = large > 0 ? std::sqrt(1 - small / large) : 0;
    region.orientation = spread > 0 ? std::atan2(2 * yx, yy - xx) / 2 : kNaN;  // a circle points nowhere
    region.solidity = pixels / static_cast<double>(convex_pixels(sums.rows));
    region.perimeter = size_[1] == size_[2] ? sums.perimeter * size_[1] : kNaN;
    region.circularity =
        region.perimeter > 0 ? 4 * std::numbers::pi * region.area / (region.perimeter * region.perimeter) : kNaN;
  }

  void finish_volume(Region& region, Matrix moments) const;

  void add_intensity(const float* values) {
    std::vector<Intensity> found(regions_.size(), {.minimum = std::numeric_limits<double>::infinity(),
                                                   .maximum = -std::numeric_limits<double>::infinity()});
    const auto value_at = [&](const std::array<std::int64_t, 3>& at) {
      return static_cast<double>(values[(at[0] * labels_.height + at[1]) * labels_.width + at[2]]);
    };
    each_pixel([&](std::size_t object, const std::array<std::int64_t, 3>& at) {
      Intensity& intensity = found[object];
      const double value = value_at(at);
      intensity.sum += value;
      intensity.minimum = std::min(intensity.minimum, value);
      intensity.maximum = std::max(intensity.maximum, value);
    });
    for (std::size_t i = 0; i < found.size(); ++i)
      found[i].mean = found[i].sum / static_cast<double>(regions_[i].pixels);
    each_pixel([&](std::size_t object, const std::array<std::int64_t, 3>& at) {
      const double difference = value_at(at) - found[object].mean;
      found[object].deviation += difference * difference;
    });
    for (std::size_t i = 0; i < found.size(); ++i) {
      found[i].deviation = std::sqrt(found[i].deviation / static_cast<double>(regions_[i].pixels));
      regions_[i].intensity.push_back(found[i]);
    }
  }

  const Labels& labels_;
  std::array<double, 3> size_;
  std::vector<std::int32_t> ids_;
  std::vector<Sums> sums_;
  std::vector<Region> regions_;
};

// One rotation of Jacobi's method: element (p, q) becomes 0.
void rotate(Matrix& m, std::size_t p, std::size_t q) {
  if (m[p][q] == 0) return;
  const double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
  const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::hypot(theta, 1));
  const double c = 1 / std::hypot(t, 1), s = t * c;
  for (std::size_t k = 0; k < 3; ++k) {
    const double kp = m[k][p], kq = m[k][q];
    m[k][p] = c * kp - s * kq;
    m[k][q] = s * kp + c * kq;
  }
  for (std::size_t k = 0; k < 3; ++k) {
    const double pk = m[p][k], qk = m[q][k];
    m[p][k] = c * pk - s * qk;
    m[q][k] = s * pk + c * qk;
  }
}

// Of a symmetric matrix, the smallest first. Six sweeps are more than three rows need in doubles.
std::array<double, 3> eigenvalues(Matrix m) {
  for (int sweep = 0; sweep < 6; ++sweep) {
    rotate(m, 0, 1);
    rotate(m, 0, 2);
    rotate(m, 1, 2);
  }
  std::array<double, 3> values = {m[0][0], m[1][1], m[2][2]};
  std::ranges::sort(values);
  return values;
}

void Measurement::finish_volume(Region& region, Matrix moments) const {
  region.area = static_cast<double>(region.pixels) * size_[0] * size_[1] * size_[2];
  region.equivalent_diameter = std::cbrt(6 * region.area / std::numbers::pi);
  const std::array<double, 3> variances = eigenvalues(moments);
  // A solid ellipsoid's semi-axis is the root of five variances.
  region.major_axis = 2 * std::sqrt(5 * std::max(0.0, variances[2]));
  region.minor_axis = 2 * std::sqrt(5 * std::max(0.0, variances[0]));
  region.eccentricity = region.orientation = region.perimeter = region.circularity = region.solidity = kNaN;
}

}  // namespace

std::vector<Region> measure_regions(const Labels& labels, const Image* image, const PixelSize& size) {
  if (image != nullptr && (image->frames != 1 || image->depth != labels.depth || image->height != labels.height ||
                           image->width != labels.width))
    throw Error(fmt::format("an image of {} can't be measured under objects of {}x{}x{} pixels: extents must be equal",
                            describe_size(*image), labels.depth, labels.height, labels.width));
  return Measurement(labels, size).measure(image);
}

}  // namespace tuff
