#include "io/shrink.h"

#include <doctest/doctest.h>

#include <cmath>

namespace tuff {
namespace {

// sin(0.37 i) + 0.01 i of the pixel's number i.
Image waves(std::int64_t height, std::int64_t width) {
  Image image(1, height, width);
  for (std::size_t i = 0; i < image.values.size(); ++i) {
    const auto number = static_cast<double>(i);
    image.values[i] = static_cast<float>(std::sin(0.37 * number) + 0.01 * number);
  }
  return image;
}

float pixel(const Image& image, std::int64_t y, std::int64_t x) {
  return image.values[static_cast<std::size_t>(y * image.width + x)];
}

}  // namespace

// Expected numbers: Pillow 12's resize(..., BICUBIC) of float images.
TEST_CASE("shrink: what Pillow's bicubic gives") {
  const Image half = shrink(waves(10, 12), 2);
  REQUIRE(half.size() == ImageSize(5, 6));
  CHECK(pixel(half, 0, 0) == doctest::Approx(-0.2748507).epsilon(1e-5));
  CHECK(pixel(half, 2, 3) == doctest::Approx(0.7188567).epsilon(1e-5));
  CHECK(pixel(half, 4, 5) == doctest::Approx(1.4776865).epsilon(1e-5));
  const Image third = shrink(waves(9, 12), 3);
  REQUIRE(third.size() == ImageSize(3, 4));
  CHECK(pixel(third, 0, 0) == doctest::Approx(0.047250293).epsilon(1e-5));
  CHECK(pixel(third, 1, 2) == doctest::Approx(0.53262).epsilon(1e-5));
  CHECK(pixel(third, 2, 3) == doctest::Approx(0.9974458).epsilon(1e-5));
}

TEST_CASE("enlarge: what Pillow's bicubic gives") {
  const Image twice = enlarge(waves(5, 6), 2);
  REQUIRE(twice.size() == ImageSize(10, 12));
  CHECK(pixel(twice, 0, 0) == doctest::Approx(-0.113305956).epsilon(1e-5));
  CHECK(pixel(twice, 4, 7) == doctest::Approx(-0.53605276).epsilon(1e-5));
  CHECK(pixel(twice, 9, 11) == doctest::Approx(-0.8379113).epsilon(1e-5));
  const Image thrice = enlarge(waves(5, 6), 3);
  REQUIRE(thrice.size() == ImageSize(15, 18));
  CHECK(pixel(thrice, 0, 0) == doctest::Approx(-0.13630864).epsilon(1e-5));
  CHECK(pixel(thrice, 4, 7) == doctest::Approx(0.26059628).epsilon(1e-5));
  CHECK(pixel(thrice, 14, 17) == doctest::Approx(-0.8693494).epsilon(1e-5));
}

TEST_CASE("shrink: leftover pixels are cut off, channels and slices keep to themselves") {
  const Image odd = waves(11, 12);
  CHECK(shrink(odd, 2).values == shrink(cut_to_multiple(odd, 2), 2).values);
  CHECK(cut_to_multiple(odd, 2).size() == ImageSize(10, 12));
  Image volume(2, ImageSize(4, 6, 6));
  for (std::int64_t z = 0; z < 4; ++z)
    for (std::size_t i = 0; i < 36; ++i) {
      volume.channel(0)[static_cast<std::size_t>(z) * 36 + i] = 3;
      volume.channel(1)[static_cast<std::size_t>(z) * 36 + i] = static_cast<float>(z);
    }
  const Image half = shrink(volume, 2);
  REQUIRE(half.size() == ImageSize(2, 3, 3));
  for (const float value : half.channel(0)) CHECK(value == doctest::Approx(3));
  CHECK(half.channel(1)[0] + half.channel(1)[9] == doctest::Approx(3));  // symmetric about the middle
  CHECK(half.channel(1)[0] < 1);
}

}  // namespace tuff
