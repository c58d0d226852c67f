#include "io/mosaic.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace tuff;

namespace {

// Three small images of a bright block each, of other sizes.
IdxImages blocks() {
  IdxImages images{.count = 3, .height = 10, .width = 10, .values = std::vector<std::uint8_t>(300)};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t y = 2; y < 5 + i; ++y)
      for (std::size_t x = 3; x < 7; ++x) images.values[i * 100 + y * 10 + x] = 250;
  return images;
}

}  // namespace

TEST_CASE("mosaic: boxes, masks and centers are where the digits are") {
  const std::vector<std::uint8_t> labels = {4, 7, 4};
  const MosaicOptions options{.height = 80, .width = 90, .tiles = 8, .noise = 5};
  const Mosaic mosaic = synthesize_mosaic(options, blocks(), labels, 0, 3, 1, 0);
  REQUIRE(mosaic.boxes.size() == 8);
  std::set<std::int32_t> seen;
  std::int64_t bright = 0;
  for (const MosaicBox& box : mosaic.boxes) {
    seen.insert(box.label);
    CHECK(box.width == 4);
    CHECK((box.height >= 3 && box.height <= 5));
    CHECK((box.label == 7) == (box.height == 4));
    bright += box.height * box.width;
    const auto at = static_cast<std::size_t>((box.y + box.height - 1) * 90 + box.x);
    CHECK(mosaic.mask.values[at] == static_cast<float>(box.label + 1));
    CHECK(mosaic.image.values[at] > 200);
    const auto center = static_cast<std::size_t>((box.y + box.height / 2) * 90 + box.x + 2);
    CHECK(mosaic.centers.values[center] == static_cast<float>(box.label + 1));
  }
  CHECK(seen == std::set<std::int32_t>{4, 7});
  CHECK(std::ranges::count_if(mosaic.mask.values, [](float value) { return value > 0; }) == bright);
  CHECK(std::ranges::count(mosaic.centers.values, static_cast<float>(kMosaicUndefined)) > 0);
  for (std::size_t i = 0; i < mosaic.boxes.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const MosaicBox &a = mosaic.boxes[i], &b = mosaic.boxes[j];
      CHECK((a.y + a.height < b.y || b.y + b.height < a.y || a.x + a.width < b.x || b.x + b.width < a.x));
    }
}

TEST_CASE("mosaic: a function of the seed and the number, scaled, of chosen digits") {
  const std::vector<std::uint8_t> labels = {4, 7, 4};
  const MosaicOptions options{.height = 64, .width = 64, .tiles = 3, .smallest = 2, .largest = 2};
  const Mosaic one = synthesize_mosaic(options, blocks(), labels, 1, 1, 5, 2);
  CHECK(one.image.values == synthesize_mosaic(options, blocks(), labels, 1, 1, 5, 2).image.values);
  CHECK(one.image.values != synthesize_mosaic(options, blocks(), labels, 1, 1, 5, 3).image.values);
  CHECK(one.image.values != synthesize_mosaic(options, blocks(), labels, 1, 1, 6, 2).image.values);
  REQUIRE(!one.boxes.empty());
  for (const MosaicBox& box : one.boxes) {
    CHECK(box.label == 7);
    CHECK(box.width == 8);
    CHECK(box.height == 8);
  }
}
