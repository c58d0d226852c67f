#include <algorithm>
#include <set>

#include "io/components.h"
#include "io/contact_sheet.h"
#include "io/overlay.h"
#include "io/synthesize.h"
#include "support/files.h"

namespace tuff {
namespace {

// Rows of '.' and other characters to a mask.
std::vector<std::int32_t> mask(const std::vector<std::string>& rows) {
  std::vector<std::int32_t> result;
  for (const std::string& row : rows)
    for (const char c : row) result.push_back(c == '.' ? 0 : 1);
  return result;
}

// The straightforward way: flood each component from its first pixel.
std::vector<std::int32_t> flood(const std::vector<std::int32_t>& foreground, std::int64_t height, std::int64_t width,
                                bool corners) {
  std::vector<std::int32_t> ids(foreground.size(), 0);
  std::int32_t count = 0;
  for (std::size_t first = 0; first < ids.size(); ++first) {
    if (foreground[first] == 0 || ids[first] != 0) continue;
    std::vector<std::size_t> open = {first};
    ids[first] = ++count;
    while (!open.empty()) {
      const auto at = static_cast<std::int64_t>(open.back());
      open.pop_back();
      for (std::int64_t dy = -1; dy <= 1; ++dy)
        for (std::int64_t dx = -1; dx <= 1; ++dx) {
          const std::int64_t y = at / width + dy, x = at % width + dx;
          if (y < 0 || x < 0 || y >= height || x >= width || (!corners && dy != 0 && dx != 0)) continue;
          const auto next = static_cast<std::size_t>(y * width + x);
          if (foreground[next] == 0 || ids[next] != 0) continue;
          ids[next] = count;
          open.push_back(next);
        }
    }
  }
  return ids;
}

std::int64_t count_color(const Canvas& canvas, Color color) {
  std::int64_t count = 0;
  for (std::int64_t y = 0; y < canvas.height(); ++y)
    for (std::int64_t x = 0; x < canvas.width(); ++x) count += canvas.pixel(x, y) == color;
  return count;
}

}  // namespace

TEST_CASE("components: spirals, corners, order of ids") {
  const std::vector<std::int32_t> spiral =
      mask({"#######", "......#", "#####.#", "#...#.#", "#.#.#.#", "#.###.#", "#.....#", "#######"});
  CHECK(label_components(spiral, 8, 7).count == 1);
  const std::vector<std::int32_t> corner = mask({"#..", ".#.", "..#"});
  CHECK(label_components(corner, 3, 3, Connectivity::eight).count == 1);
  CHECK(label_components(corner, 3, 3, Connectivity::four).ids == std::vector<std::int32_t>{1, 0, 0, 0, 2, 0, 0, 0, 3});
  const std::vector<std::int32_t> sizes = mask({"##.#", "##..", "...#"});
  CHECK(label_components(sizes, 3, 4, Connectivity::eight, 2).ids ==
        std::vector<std::int32_t>{1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0});
  CHECK(label_components(mask({"..."}), 1, 3).count == 0);
}

TEST_CASE("components: the same as flooding, over random masks") {
  PhiloxStream random(5);
  for (int i = 0; i < 200; ++i) {
    const std::int64_t height = 1 + random.below(24), width = 1 + random.below(24);
    const std::uint32_t density = 20 + random.below(60);
    std::vector<std::int32_t> foreground(static_cast<std::size_t>(height * width));
    for (std::int32_t& value : foreground) value = random.below(100) < density ? 1 : 0;
    for (const bool corners : {false, true})
      CHECK(label_components(foreground, height, width, corners ? Connectivity::eight : Connectivity::four).ids ==
            flood(foreground, height, width, corners));
  }
}

TEST_CASE("canvas: drawing outside is left out, text has its width") {
  Canvas canvas(10, 8, {0, 0, 0});
  canvas.line(-5, -5, 20, 20, {255, 0, 0});
  CHECK(count_color(canvas, {255, 0, 0}) == 8);
  canvas.fill(8, 6, 100, 100, {0, 255, 0});
  CHECK(count_color(canvas, {0, 255, 0}) == 4);
  CHECK(text_width("abc") == 17);
  Canvas text(40, 9, {255, 255, 255});
  text.text(1, 1, "Il1", {0, 0, 0});
  CHECK(count_color(text, {0, 0, 0}) == 11 + 10 + 10);
  Canvas scaled(80, 18, {255, 255, 255});
  scaled.text(2, 2, "Il1", {0, 0, 0}, 2);
  CHECK(count_color(scaled, {0, 0, 0}) == 4 * 31);
  const Image image = canvas.image();
  CHECK((image.channels == 3 && image.channel(1)[6 * 10 + 9] == 255));
}

TEST_CASE("overlay: outlines only, one colour a label") {
  Image image(1, 6, 6);
  std::vector<std::int32_t> labels(36, 0);
  for (int y = 1; y < 5; ++y)
    for (int x = 1; x < 5; ++x) labels[static_cast<std::size_t>(y * 6 + x)] = 1;
  CHECK(count_color(overlay_labels(image, labels), {0, 0, 0}) == 36 - 12);
  for (int y = 1; y < 5; ++y)
    labels[static_cast<std::size_t>(y * 6 + 3)] = labels[static_cast<std::size_t>(y * 6 + 4)] = 2;
  const Canvas two = overlay_labels(image, labels);
  CHECK(two.pixel(1, 1) != two.pixel(4, 1));
  CHECK(count_color(render_labels(labels, 6, 6), {0, 0, 0}) == 20);
}

TEST_CASE("overlay: the image is stretched to black and white, whatever its range") {
  Image image(1, 1, 400);
  for (std::size_t i = 0; i < 400; ++i) image.values[i] = 1000 + static_cast<float>(i) * 0.01f;
  const Canvas canvas = render_image(image);
  CHECK(canvas.pixel(0, 0) == Color{0, 0, 0});
  CHECK(canvas.pixel(399, 0) == Color{255, 255, 255});
  CHECK(render_image(Image(1, 2, 2)).pixel(0, 0) == Color{0, 0, 0});
  Image rgb(3, 1, 2);
  rgb.values = {0, 255, 0, 0, 255, 0};
  CHECK(render_image(rgb).pixel(1, 0) == Color{255, 0, 0});
}

TEST_CASE("contact sheet: a row for each image, truth only where there is some") {
  SheetRow row{"one.png", test::random_image(1, 64, 80), std::vector<std::int32_t>(64 * 80, 1),
               std::vector<std::int32_t>(64 * 80, 0)};
  const Canvas three = contact_sheet({row, row});
  row.truth.clear();
  const Canvas two = contact_sheet({row, row});
  CHECK(three.height() == two.height());
  CHECK(three.width() - two.width() == 83);
  CHECK(contact_sheet({row}, 32).height() < contact_sheet({row}).height());
  CHECK(count_color(two, {255, 255, 255}) >= 2 * 64 * 80);  // predictions are all foreground
}

TEST_CASE("curves: drawn within the axes, with gaps where points aren't finite") {
  const Canvas empty = plot_curves("nothing", "step", {});
  CHECK((empty.width() == 640 && empty.height() == 400));
  Curve curve{"loss", {}, {}};
  for (int i = 0; i < 100; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(i == 50 ? std::nan("") : 1.0 / (1 + i));
  }
  const Canvas plot = plot_curves("loss", "step", {curve});
  CHECK(count_color(plot, {31, 119, 180}) > 500);
  const Curve flat{"flat", {1, 2}, {3, 3}};
  CHECK(count_color(plot_curves("flat", "step", {flat}), {31, 119, 180}) > 500);
  const Curve gap{"gap", {1, NAN, 2}, {3, NAN, 3}};
  CHECK(count_color(plot_curves("gap", "step", {gap}), {31, 119, 180}) < 100);
}

TEST_CASE("synthesis: deterministic, varied, with touching nuclei and noise") {
  const SyntheticSample first = synthesize_nuclei({}, 1, 0);
  CHECK(synthesize_nuclei({}, 1, 0).image.values == first.image.values);
  CHECK(synthesize_nuclei({}, 1, 1).image.values != first.image.values);
  CHECK(synthesize_nuclei({}, 2, 0).image.values != first.image.values);
  double inside = 0, outside = 0, area = 0;
  bool touching = false;
  for (std::int64_t index = 0; index < 4; ++index) {
    const SyntheticSample sample = synthesize_nuclei({}, 3, index);
    const std::set<float> ids(sample.mask.values.begin(), sample.mask.values.end());
    CHECK(ids.size() >= 12);
    CHECK(ids.size() <= 62);
    CHECK(*ids.rbegin() == static_cast<float>(ids.size() - 1));
    for (std::size_t i = 0; i + 1 < sample.mask.values.size(); ++i) {
      const float id = sample.mask.values[i], next = sample.mask.values[i + 1];
      touching |= id != 0 && next != 0 && id != next;
      (id != 0 ? inside : outside) += static_cast<double>(sample.image.values[i]);
      area += id != 0;
    }
  }
  const double share = area / (4 * 256 * 256);
  CHECK((share > 0.08 && share < 0.5));
  CHECK(inside / area > 2 * outside / (4 * 256 * 256 - area));
  CHECK(touching);
}

}  // namespace tuff
