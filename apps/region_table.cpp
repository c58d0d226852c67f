#include "apps/region_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "base/csv.h"

namespace tuff {
namespace {

std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.9g}", value) : "";
}

}  // namespace

std::string RegionTable::header() const {
  std::vector<std::string> names = {"image", "id"};
  if (volumes) {
    for (const char* name :
         {"voxels", "volume_{}3", "x_{}", "y_{}", "z_{}", "left_px", "top_px", "front_px", "right_px", "bottom_px",
          "back_px", "equivalent_diameter_{}", "major_axis_{}", "minor_axis_{}"})
      names.push_back(fmt::format(fmt::runtime(name), unit));
  } else {
    for (const char* name : {"pixels", "area_{}2", "x_{}", "y_{}", "left_px", "top_px", "right_px", "bottom_px",
                             "equivalent_diameter_{}", "major_axis_{}", "minor_axis_{}", "eccentricity",
                             "orientation_rad", "perimeter_{}", "circularity", "solidity"})
      names.push_back(fmt::format(fmt::runtime(name), unit));
  }
  for (std::int64_t channel = 0; channel < channels; ++channel)
    for (const char* name : {"mean", "min", "max", "deviation", "sum"})
      names.push_back(fmt::format("{}_c{}", name, channel));
  return fmt::format("{}\n", fmt::join(names, ","));
}

std::string RegionTable::row(const std::string& image, const Region& region) const {
  const auto [z, y, x] = region.centroid;
  std::vector<std::string> fields = {csv_field(image), std::to_string(region.id), std::to_string(region.pixels),
                                     number(region.area)};
  const auto add = [&](std::initializer_list<double> values) {
    for (const double value : values) fields.push_back(number(value));
  };
  const auto add_pixels = [&](std::initializer_list<std::int64_t> values) {
    for (const std::int64_t value : values) fields.push_back(std::to_string(value));
  };
  if (volumes) {
    add({x, y, z});
    add_pixels({region.first[2], region.first[1], region.first[0], region.last[2], region.last[1], region.last[0]});
  } else {
    add({x, y});
    add_pixels({region.first[2], region.first[1], region.last[2], region.last[1]});
  }
  add({region.equivalent_diameter, region.major_axis, region.minor_axis});
  if (!volumes) add({region.eccentricity, region.orientation, region.perimeter, region.circularity, region.solidity});
  for (const Intensity& intensity : region.intensity)
    add({intensity.mean, intensity.minimum, intensity.maximum, intensity.deviation, intensity.sum});
  return fmt::format("{}\n", fmt::join(fields, ","));
}

}  // namespace tuff
