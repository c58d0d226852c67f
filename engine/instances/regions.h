// What can be measured of each object of Labels: size, place, shape, and the intensity of an image under it. Numbers
// are those of scikit-image's regionprops (0.26) where it has them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "instances/labels.h"
#include "io/image.h"

namespace tuff {

// Extent of a pixel in a unit of length; all 1 where it isn't known.
struct PixelSize {
  double depth = 1;
  double height = 1;
  double width = 1;
  bool operator==(const PixelSize&) const = default;
};

struct Intensity {
  double mean = 0;
  double minimum = 0;
  double maximum = 0;
  double deviation = 0;  // of the population: divided by the number of pixels
  double sum = 0;
};

// Axes are z, y, x. Of lengths in units of PixelSize; what has no meaning for an object is NaN.
struct Region {
  std::int32_t id = 0;
  std::int64_t pixels = 0;  // voxels where Labels are deep
  double area = 0;          // units^2; a volume, units^3, where Labels are deep
  std::array<double, 3> centroid = {};
  std::array<std::int64_t, 3> first = {};  // the bounding box in pixels, both ends within it
  std::array<std::int64_t, 3> last = {};
  double equivalent_diameter = 0;    // of the circle or ball of that area
  std::vector<Intensity> intensity;  // one a channel

  // Of the ellipse (ellipsoid) with the same second central moments. Pixels count as points, as in scikit-image:
  // without the 1/12 that a pixel's own extent adds in MATLAB, so an object of one pixel has length 0.
  double major_axis = 0;
  double minor_axis = 0;

  // Of planes alone, else NaN.
  double eccentricity = 0;  // of that ellipse: 0 is a circle
  double orientation = 0;   // radians from the y axis to the major axis, -pi/2 to pi/2, counterclockwise in the image
  // Length of the line through the centers of border pixels (those with a 4-neighbor outside of the object), weighted
  // by how it bends: scikit-image's perimeter with neighborhood 4 (Benkrid et al., 2000). NaN where pixels aren't
  // square.
  double perimeter = 0;
  double circularity = 0;  // 4 pi area / perimeter^2; small objects may exceed 1; NaN where the perimeter is 0 or NaN
  // pixels / pixels whose centers the convex hull of the object's pixels holds. The hull is of the middles of pixels'
  // edges, as scikit-image's convex_hull_image has it: neither centers nor corners.
  double solidity = 0;
};

// Sorted by id. `image` may be null; else it has the labels' height and width, as slices its depth, and one point in
// time. Error where it hasn't.
std::vector<Region> measure_regions(const Labels& labels, const Image* image = nullptr, const PixelSize& size = {});

}  // namespace tuff
