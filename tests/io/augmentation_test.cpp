#include "io/augmentation.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "support/files.h"

namespace tuff {
namespace {

using test::contains, test::error_of;

}  // namespace

TEST_CASE("augmentation: lists are parsed and printed, what comes later wins") {
  for (const char* list : {"none", "flip,rot90", "flip,rotate=15,noise=0.01", "rotate=180,scale=0.5,translate=0.25"})
    CHECK(to_string(parse_augmentation(list)) == list);
  CHECK(parse_augmentation("").runs_on_device() == false);
  CHECK(to_string(parse_augmentation("rotate")) == "rotate=45");
  CHECK(parse_augmentation("rotate,rotate=0") == Augmentation{});
  CHECK(parse_augmentation("flip,none,noise=0") == Augmentation{});
  const Augmentation all = parse_augmentation("all");
  CHECK((all.flip && all.rot90 && all.warps() && all.changes_intensities() && all.translate == 0));
  CHECK(parse_augmentation(to_string(all)) == all);
}

TEST_CASE("augmentation: auto is everything for small data sets, else flips and quarter turns") {
  CHECK(parse_augmentation("auto", true) == parse_augmentation("all"));
  CHECK(to_string(parse_augmentation("auto", false)) == "flip,rot90");
  CHECK(parse_augmentation("auto,elastic=0", true).elastic == 0);
  CHECK(depends_on_data("auto,elastic=0"));
  CHECK_FALSE(depends_on_data("flip,rot90"));
}

TEST_CASE("augmentation: unknown words and strengths out of range are named") {
  CHECK(
      contains(error_of([] { parse_augmentation("flip,zoom"); }), "'zoom' is unknown: give a list of auto, all, none"));
  CHECK(contains(error_of([] { parse_augmentation("rotate=200"); }), "rotate takes a number from 0 to 180 (degrees)"));
  CHECK(contains(error_of([] { parse_augmentation("elastic=20"); }), "from 0 to 8 (pixels)"));
  for (const char* wrong : {"noise=-1", "noise=", "noise=x", "noise=nan", "scale=0.2x", "flip=1", "flip,", ",flip"})
    CHECK_THROWS_AS(parse_augmentation(wrong), Error);
}

TEST_CASE("augmentation: draws are functions of the key, and one effect doesn't change another's") {
  const ImageSize crop(64, 96);
  const Augmentation all = parse_augmentation("all");
  Augmentation some = all;
  some.noise = some.rotate = some.elastic = 0;
  for (std::int64_t index = 0; index < 50; ++index) {
    const AugmentationDraw a = draw_augmentation(all, crop, 2, {3, 1, index});
    const AugmentationDraw b = draw_augmentation(all, crop, 2, {3, 1, index});
    const AugmentationDraw c = draw_augmentation(some, crop, 2, {3, 1, index});
    CHECK((a.along_x == b.along_x && a.elastic == b.elastic && a.background == b.background));
    CHECK((a.background == c.background && a.contrast == c.contrast && a.exponents == c.exponents));
    const auto area = [](const AugmentationDraw& draw) {
      return draw.along_x[0] * draw.along_y[1] - draw.along_x[1] * draw.along_y[0];
    };
    CHECK(area(a) == doctest::Approx(area(c)));
    CHECK((c.elastic.empty() && c.noise == 0));
  }
  CHECK(draw_augmentation(all, crop, 1, {3, 1, 0}).background != draw_augmentation(all, crop, 1, {4, 1, 0}).background);
}

TEST_CASE("augmentation: half of the samples are warped, each of the other effects is in half of them") {
  const Augmentation all = parse_augmentation("all");
  double warped = 0, blurred = 0, contrasted = 0;
  constexpr int kSamples = 1000;
  for (std::int64_t index = 0; index < kSamples; ++index) {
    const AugmentationDraw draw = draw_augmentation(all, {64, 64}, 1, {0, 0, index});
    const bool is_warped = draw.along_x != std::array<double, 3>{1, 0, 0};
    warped += is_warped ? 1 : 0;
    CHECK(is_warped == std::ranges::any_of(draw.elastic, [](float value) { return value != 0; }));
    blurred += draw.blur > 0 ? 1 : 0;
    contrasted += draw.contrast != 1 ? 1 : 0;
    CHECK((draw.contrast >= 0.8 - 1e-9 && draw.contrast <= 1.25 + 1e-9));
  }
  for (const double count : {warped, blurred, contrasted}) CHECK(std::abs(count / kSamples - 0.5) < 0.06);
}

TEST_CASE("augmentation: no warp reaches beyond its margin") {
  for (const char* list : {"rotate=10", "rotate=180,scale=0.5", "scale=1,skew=30", "translate=0.5,rotate", "skew"})
    for (const ImageSize& crop : {ImageSize(64, 64), ImageSize(32, 96), ImageSize(16, 64, 64)}) {
      CAPTURE(list);
      const Augmentation augmentation = parse_augmentation(list);
      const ImageSize margin = warp_margin(augmentation, crop);
      const auto half = [](std::int64_t extent) { return static_cast<double>(extent - 1) / 2; };
      double furthest = 0;
      for (std::int64_t index = 0; index < 200; ++index) {
        const AugmentationDraw draw = draw_augmentation(augmentation, crop, 1, {0, 0, index});
        const double beyond[3] = {half(crop.width) + 0.5 + static_cast<double>(margin.width),
                                  half(crop.height) + 0.5 + static_cast<double>(margin.height),
                                  half(crop.depth) + 0.5 + static_cast<double>(margin.depth)};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const double reach = std::abs(draw.along_x[axis]) * half(crop.width) +
                               std::abs(draw.along_y[axis]) * half(crop.height) +
                               std::abs(draw.along_z[axis]) * half(crop.depth) + std::abs(draw.shift[axis]);
          CHECK(reach <= beyond[axis]);
          furthest = std::max(furthest, reach / beyond[axis]);
        }
      }
      CHECK(furthest > 0.6);
    }
  CHECK(warp_margin(parse_augmentation("flip,noise"), {64, 64}) == ImageSize(0, 0, 0));
}

TEST_CASE("augmentation: for who takes no crops, flips and quarter turns are whole numbers") {
  const Augmentation turns = parse_augmentation("flip,rot90");
  int poses = 0;
  std::vector<std::array<double, 4>> seen;
  for (std::int64_t index = 0; index < 200; ++index) {
    const AugmentationDraw draw = draw_augmentation(turns, {32, 32}, 1, {0, 0, index}, true);
    const std::array<double, 4> matrix = {draw.along_x[0], draw.along_x[1], draw.along_y[0], draw.along_y[1]};
    for (const double value : matrix) CHECK((value == 0 || value == 1 || value == -1));
    if (std::ranges::count(seen, matrix) == 0) seen.push_back(matrix);
  }
  poses = static_cast<int>(seen.size());
  CHECK(poses == 8);
}

}  // namespace tuff
