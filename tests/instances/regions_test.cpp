// Expected numbers are those of scikit-image 0.26.0, regionprops(labels, intensity_image, spacing=...).
#include "instances/regions.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "support/files.h"

namespace tuff {
namespace {

// Each letter an object, '.' background.
Labels drawn(const std::vector<std::string>& rows) {
  Labels labels(1, static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows[0].size()));
  std::size_t at = 0;
  for (const std::string& row : rows)
    for (const char c : row) labels.ids[at++] = c == '.' ? 0 : c - 'A' + 1;
  return labels;
}

// A blob, one with a hole and a notch, a rectangle that touches the edge, a zigzag, a single pixel.
const Labels kPlane = drawn({"..........B...",  //
                             ".AAAA.....BBB.",  //
                             ".AAAAA....B.B.",  //
                             ".AAAAAA...B.BB",  //
                             "..AAAA....BBBB",  //
                             "...AA.CCC.....",  //
                             "......CCC.DDD.",  //
                             "E.....CCC...D.",  //
                             "......CCC...DD"});

struct Shape {
  std::int64_t pixels;
  double y, x, diameter, major, minor, eccentricity, orientation, solidity, perimeter;
};

void check(const Region& region, const Shape& shape) {
  CAPTURE(region.id);
  const auto near = [](double value) { return doctest::Approx(value).epsilon(1e-12); };
  CHECK(region.pixels == shape.pixels);
  CHECK(region.centroid[1] == near(shape.y));
  CHECK(region.centroid[2] == near(shape.x));
  CHECK(region.equivalent_diameter == near(shape.diameter));
  CHECK(region.major_axis == near(shape.major));
  CHECK(region.minor_axis == near(shape.minor));
  CHECK(region.eccentricity == near(shape.eccentricity));
  CHECK(region.orientation == near(shape.orientation));
  CHECK(region.solidity == near(shape.solidity));
  if (std::isnan(shape.perimeter)) {
    CHECK(std::isnan(region.perimeter));
    CHECK(std::isnan(region.circularity));
  } else {
    CHECK(region.perimeter == near(shape.perimeter));
    CHECK(region.circularity == near(4 * std::acos(-1) * region.area / (shape.perimeter * shape.perimeter)));
  }
}

}  // namespace

TEST_CASE("regions: shapes in a plane") {
  const std::vector<Region> regions = measure_regions(kPlane);
  REQUIRE(regions.size() == 5);
  check(regions[0], {21, 2.761904761904762, 3.1904761904761907, 5.170882945826411, 5.961246054476276, 4.485406812784875,
                     0.6586748189922972, 1.0277467289663746, 1, 14.485281374238571});
  check(regions[1], {13, 2.4615384615384617, 11.23076923076923, 4.068428945128219, 5.78970182233208, 3.8912818841579346,
                     0.7404567393651715, 0.5443588126999958, 13.0 / 17, 12.207106781186548});
  check(regions[2],
        {12, 6.5, 7, 3.9088200952233594, 4.47213595499958, 3.265986323710904, 0.6831300510639732, 0, 1, 10});
  check(regions[3], {6, 6.833333333333333, 11.666666666666666, 2.763953195770684, 4.83280811266769, 1.9378020686449038,
                     0.9160920000604564, 0.8194363925264481, 0.75, 5.207106781186548});
  CHECK((regions[1].first == std::array<std::int64_t, 3>{0, 0, 10} &&
         regions[1].last == std::array<std::int64_t, 3>{0, 4, 13}));
}

TEST_CASE("regions: a single pixel has no extent, no direction and no circularity") {
  const Region pixel = measure_regions(kPlane)[4];
  CHECK((pixel.pixels == 1 && pixel.area == 1 && pixel.solidity == 1));
  CHECK((pixel.major_axis == 0 && pixel.minor_axis == 0 && pixel.perimeter == 0 && pixel.eccentricity == 0));
  CHECK(std::isnan(pixel.orientation));
  CHECK(std::isnan(pixel.circularity));
  CHECK(pixel.equivalent_diameter == doctest::Approx(1.1283791670955126));
}

TEST_CASE("regions: what has no longer axis has no direction") {
  for (const Region& region : measure_regions(drawn({".A...BBB", "AAA..BBB", ".A...BBB"}), nullptr, {1, 0.3, 0.3})) {
    CHECK(region.eccentricity == 0);
    CHECK(region.major_axis == region.minor_axis);
    CHECK(std::isnan(region.orientation));
  }
}

TEST_CASE("regions: pixel sizes, square and not") {
  check(measure_regions(kPlane, nullptr, {1, 0.5, 0.5})[1],
        {13, 1.2307692307692308, 5.615384615384615, 2.0342144725641096, 2.89485091116604, 1.9456409420789673,
         0.7404567393651715, 0.5443588126999958, 13.0 / 17, 6.103553390593274});
  const std::vector<Region> oblong = measure_regions(kPlane, nullptr, {1, 0.5, 0.25});
  check(oblong[0], {21, 1.380952380952381, 0.7976190476190477, 1.828183197857863, 2.4958713633779417, 1.339142215909642,
                    0.843873005339469, 0.1972775982289174, 1, std::nan("")});
  CHECK(oblong[0].area == 2.625);
}

TEST_CASE("regions: intensity of each channel") {
  Image image(2, kPlane.height, kPlane.width);
  for (std::int64_t y = 0; y < image.height; ++y)
    for (std::int64_t x = 0; x < image.width; ++x) {
      image.channel(0)[static_cast<std::size_t>(y * image.width + x)] = static_cast<float>(10 * y + x * x % 13);
      image.channel(1)[static_cast<std::size_t>(y * image.width + x)] = 7;
    }
  const std::vector<Region> regions = measure_regions(kPlane, &image);
  REQUIRE(regions[0].intensity.size() == 2);
  const Intensity& first = regions[0].intensity[0];
  CHECK(first.mean == doctest::Approx(33.57142857142857));
  CHECK((first.minimum == 11 && first.maximum == 59 && first.sum == 705));
  CHECK(first.deviation == doctest::Approx(13.559644006323738));
  CHECK(regions[3].intensity[0].deviation == doctest::Approx(7.461009861766464));
  CHECK((regions[4].intensity[1].mean == 7 && regions[4].intensity[1].deviation == 0));
  const Image small(1, 3, 3);
  CHECK(test::contains(test::error_of([&] { measure_regions(kPlane, &small); }), "3x3"));
}

TEST_CASE("regions: volumes") {
  Labels labels(6, 8, 10);  // an ellipsoid, a voxel, a bent line
  Image image(1, 8, 10);
  image.depth = 6;
  image.values.clear();
  for (std::int64_t z = 0; z < 6; ++z)
    for (std::int64_t y = 0; y < 8; ++y)
      for (std::int64_t x = 0; x < 10; ++x) {
        const double dz = (static_cast<double>(z) - 2.5) / 2.5, dy = static_cast<double>(y - 3) / 3,
                     dx = static_cast<double>(x - 4) / 4;
        if (dz * dz + dy * dy + dx * dx <= 1) labels.ids[image.values.size()] = 1;
        image.values.push_back(static_cast<float>(100 * z + 10 * y + x));
      }
  labels.ids.back() = 2;
  for (const std::size_t y : {0, 1, 2, 3}) labels.ids[y * 10 + 9] = 3;
  labels.ids[80 + 39] = 3;
  const std::vector<Region> regions = measure_regions(labels, &image, {2, 0.5, 0.5});
  REQUIRE(regions.size() == 3);
  CHECK((regions[0].pixels == 110 && regions[0].area == 55));
  CHECK((regions[0].centroid == std::array<double, 3>{5, 1.5, 2}));
  CHECK(regions[0].equivalent_diameter == doctest::Approx(4.718326851800821));
  CHECK(regions[0].major_axis == doctest::Approx(9.779384624625601));
  CHECK(regions[0].minor_axis == doctest::Approx(2.8284271247461894));
  CHECK(regions[0].intensity[0].deviation == doctest::Approx(110.07897991070692));
  CHECK(std::isnan(regions[0].perimeter));
  CHECK((regions[1].major_axis == 0 && regions[1].area == 0.5));
  CHECK(regions[2].major_axis == doctest::Approx(3.9319700760857734));
  CHECK(regions[2].minor_axis == doctest::Approx(0).epsilon(1e-6));
  CHECK((regions[2].first == std::array<std::int64_t, 3>{0, 0, 9} &&
         regions[2].last == std::array<std::int64_t, 3>{1, 3, 9}));
  CHECK(measure_regions(labels)[2].major_axis == doctest::Approx(5.303243869286308));
}

}  // namespace tuff
