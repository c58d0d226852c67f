// Expected numbers are those of scikit-image 0.26.0 (threshold_otsu, threshold_triangle, threshold_li) and of
// SciPy 1.17.1 (gaussian_filter).
#include "instances/threshold.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "io/components.h"
#include "io/smooth.h"
#include "support/files.h"

namespace tuff {
namespace {

// 20 x 50 pixels: 700 of background, then 300 of foreground.
std::vector<float> two_classes() {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i)
    values.push_back(static_cast<float>(i < 700 ? 20 + i * 37 % 23 + i * 11 % 17 : 90 + i * 53 % 61));
  return values;
}

ImageInfo integers(int bits, SampleKind sample = SampleKind::unsigned_integer) {
  ImageInfo info;
  info.bits = bits;
  info.sample = sample;
  return info;
}

std::int64_t above(const std::vector<float>& values, double threshold) {
  std::int64_t count = 0;
  for (const float value : values) count += static_cast<double>(value) > threshold;
  return count;
}

std::vector<std::int32_t> mask(const std::vector<std::string>& rows) {
  std::vector<std::int32_t> result;
  for (const std::string& row : rows)
    for (const char c : row) result.push_back(c == '.' ? 0 : 1);
  return result;
}

}  // namespace

TEST_CASE("threshold: integers have a bin for each value") {
  std::vector<float> values = two_classes();
  const Histogram bytes = histogram_of(values, integers(8), "x");
  CHECK((bytes.counts.size() == 131 && bytes.first == 20));
  CHECK(otsu_threshold(bytes) == 58);
  CHECK(triangle_threshold(bytes) == 59);
  CHECK(above(values, otsu_threshold(bytes)) == 300);
  for (float& value : values) value -= 100;
  CHECK(otsu_threshold(histogram_of(values, integers(16, SampleKind::signed_integer), "x")) == -42);
  values = two_classes();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i] * 200 + static_cast<float>(i % 7);
  const Histogram words = histogram_of(values, integers(16), "x");
  CHECK(words.counts.size() == 26007);
  CHECK(otsu_threshold(words) == 11602);
  CHECK(triangle_threshold(words) == 5606);
}

TEST_CASE("threshold: floats have 256 bins") {
  std::vector<float> values = two_classes();
  for (float& value : values) value /= 256;
  const Histogram histogram = histogram_of(values, integers(32, SampleKind::floating), "x");
  CHECK(histogram.counts.size() == 256);
  CHECK(otsu_threshold(histogram) == doctest::Approx(0.22590637).epsilon(1e-6));
  CHECK(triangle_threshold(histogram) == doctest::Approx(0.15052795).epsilon(1e-6));
}

TEST_CASE("threshold: Li's divides where that of scikit-image does, which may lie anywhere in a gap") {
  std::vector<float> values = two_classes();
  CHECK(above(values, li_threshold(histogram_of(values, integers(8), "x"))) == above(values, 68.71993508590603));
  // Most is background: nearer to it than Otsu's.
  PhiloxStream random(3);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((i < 900 ? 10 : 40) + random.below(20) + random.below(i < 900 ? 20 : 150));
  const Histogram histogram = histogram_of(values, integers(8), "x");
  CHECK(li_threshold(histogram) < otsu_threshold(histogram));
}

TEST_CASE("threshold: what can't be divided is refused") {
  const std::vector<float> flat(12, 3);
  CHECK(test::contains(test::error_of([&] { histogram_of(flat, integers(8), "flat.png"); }), "flat.png: all pixels"));
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    const std::vector<float> values = {0, 1, bad};
    CHECK(test::contains(test::error_of([&] { histogram_of(values, integers(32, SampleKind::floating), "bad.tif"); }),
                         "bad.tif: has pixels"));
  }
  const std::vector<float> two = {4, 4, 9};
  CHECK(otsu_threshold(histogram_of(two, integers(8), "x")) == 4);
}

TEST_CASE("smooth: as gaussian_filter, and in planes smaller than the kernel") {
  std::vector<float> values = two_classes();
  smooth(values, 20, 50, 1.5);
  CHECK(values[0] == doctest::Approx(33.64313416951579).epsilon(1e-6));
  CHECK(values[10 * 50 + 25] == doctest::Approx(38.19730209247394).epsilon(1e-6));
  CHECK(values[19 * 50 + 49] == doctest::Approx(122.85051964979613).epsilon(1e-6));
  std::vector<float> small = {20, 45, 30, 55, 40, 25};
  smooth(small, 2, 3, 2);
  CHECK(small[0] == doctest::Approx(36.35272931).epsilon(1e-6));
  CHECK(small[5] == doctest::Approx(35.29695427).epsilon(1e-6));
}

TEST_CASE("holes: enclosed background alone is filled") {
  std::vector<std::int32_t> holes = mask({"####..#", "#..#.##", "#.#..#.", "###..##", "......."});
  fill_holes(holes, 5, 7);
  // The ring on the left leaks over no edge: its corner at the notch is closed. The right one is open to the border.
  CHECK(holes == mask({"####..#", "####.##", "###..#.", "###..##", "......."}));
}

TEST_CASE("components: volumes by faces or with edges and corners") {
  const std::vector<std::int32_t> voxels = {1, 0, 0, 0, 0, 0, 0, 1};  // opposite corners of a cube
  CHECK(label_volume(voxels, 2, 2, 2).count == 1);
  CHECK(label_volume(voxels, 2, 2, 2, Connectivity::four).count == 2);
  const std::vector<std::int32_t> column = {1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1};  // 3 x 2 x 2
  CHECK(label_volume(column, 3, 2, 2, Connectivity::four).ids ==
        std::vector<std::int32_t>{1, 0, 0, 2, 1, 0, 0, 0, 1, 1, 0, 1});
  CHECK(label_volume(column, 3, 2, 2, Connectivity::four, 2).count == 1);
}

}  // namespace tuff
