// mask, measure and match: objects without a network, so without a device.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/os.h"
#include "io/image.h"
#include "io/synthesize.h"
#include "support/child.h"

using namespace tuff;
using namespace tuff::test;

namespace {

namespace fs = std::filesystem;

// Nothing here needs Vulkan: a loader that isn't there shows it.
Finished run(const std::vector<std::string>& arguments) {
  return run_tuff(arguments, "TUFF_VULKAN_LOADER=/nonexistent/libvulkan.so");
}

Image plane(std::int64_t height, std::int64_t width, std::vector<float> values) {
  Image image(1, height, width);
  image.values = std::move(values);
  return image;
}

// A bright ring around a dark pixel, and one bright pixel in the corner: 5 x 6.
Image ring(float dark = 10, float bright = 200) {
  Image image = plane(5, 6, std::vector<float>(30, dark));
  for (const std::size_t i : {0, 1, 2, 6, 8, 12, 13, 14, 29}) image.values[i] = bright;
  return image;
}

void save(const fs::path& file, const Image& image) {
  fs::create_directories(file.parent_path());
  write_image(file, image);
}

double sum(const Image& image) {
  double total = 0;
  for (const float value : image.values) total += static_cast<double>(value);
  return total;
}

std::vector<std::vector<std::string>> table(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    rows.emplace_back();
    std::istringstream fields(line + ",");
    for (std::string field; std::getline(fields, field, ',');) rows.back().push_back(field);
  }
  return rows;
}

// Field `column` of a row of the table.
std::string field(const std::vector<std::vector<std::string>>& rows, std::size_t row, const std::string& column) {
  for (std::size_t i = 0; i < rows[0].size(); ++i)
    if (rows[0][i] == column) return rows[row].at(i);
  return "no column " + column;
}

}  // namespace

TEST_CASE("mask: thresholds, holes and small components") {
  const fs::path folder = scratch_folder("objects_mask");
  const std::string image = (folder / "in" / "x.png").string(), out = (folder / "out").string();
  save(image, ring());
  const auto foreground = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"mask", image, "--out", out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = run(arguments);
    CHECK_MESSAGE(finished.code == 0, finished.err);
    return sum(read_mask(fs::path(out) / "x.png")) / 255;
  };
  CHECK(foreground({"--threshold", "otsu"}) == 9);
  CHECK(foreground({"--threshold", "otsu", "--below"}) == 21);
  CHECK(foreground({"--threshold", "199.5"}) == 9);
  CHECK(foreground({"--threshold", "200", "--below"}) == 30);
  CHECK(foreground({"--threshold", "otsu", "--fill-holes"}) == 10);
  CHECK(foreground({"--threshold", "otsu", "--min-size", "2"}) == 8);
  CHECK(foreground({"--threshold", "otsu", "--fill-holes", "--min-size", "9", "--instances"}) == 9);
  CHECK(sum(read_mask(fs::path(out) / "x_instances.png")) == 9);  // one object
  CHECK(foreground({"--threshold", "60", "--smooth", "0.5"}) > 9);
  const Finished nothing = run({"mask", image, "--out", out, "--threshold", "250"});
  CHECK(nothing.code == 0);
  CHECK(contains(nothing.err, "nothing found"));
}

TEST_CASE("mask: stacks have one threshold, and keep kind and pixel size; channels are chosen or averaged") {
  const fs::path folder = scratch_folder("objects_mask_stack");
  const std::string out = (folder / "out").string();
  Image stack = ring();
  stack.depth = 2;
  stack.values.resize(60, 12);  // the second slice has no object
  stack.info = {.kind = FileKind::tiff, .pixel_width = 0.5, .pixel_height = 0.5, .pixel_depth = 2, .unit = "um"};
  save(folder / "s.tif", stack);
  CHECK(run({"mask", (folder / "s.tif").string(), "--out", out, "--threshold", "otsu"}).code == 0);
  const Image mask = read_mask(fs::path(out) / "s.tif");
  CHECK((mask.depth == 2 && mask.info.pixel_width == doctest::Approx(0.5) && mask.info.unit == stack.info.unit));
  CHECK(sum(mask) == 9 * 255);
  Image colors(3, 5, 6);
  std::ranges::copy(ring().values, colors.channel(1).begin());
  save(folder / "c.png", colors);
  for (const std::vector<std::string>& chosen : {std::vector<std::string>{}, {"--channels", "1"}}) {
    std::vector<std::string> arguments = {"mask", (folder / "c.png").string(), "--out", out, "--threshold", "otsu"};
    arguments.insert(arguments.end(), chosen.begin(), chosen.end());
    const Finished finished = run(arguments);
    CHECK_MESSAGE(finished.code == 0, finished.err);
    CHECK(sum(read_mask(fs::path(out) / "c.png")) == 9 * 255);
  }
}

TEST_CASE("mask: refusals") {
  const fs::path folder = scratch_folder("objects_mask_refusals");
  const std::string in = (folder / "in").string(), out = (folder / "out").string();
  save(folder / "in" / "flat.png", ring(7, 7));
  check_refused(run({"mask", in, "--out", out, "--threshold", "otsu"}), {"flat.png", "7"});
  check_refused(run({"mask", in, "--out", in, "--threshold", "5"}), {"replace an input"});
  check_refused(run({"mask", in, "--out", out, "--threshold", "ostu"}), {"--threshold ostu", "otsu"});
  check_refused(run({"mask", in, "--out", out, "--threshold", "5", "--channels", "3"}), {"flat.png", "channel 3"});
  check_refused(run({"mask", in, "--out", out, "--threshold", "5", "--min-size", "0"}), {"--min-size 0"});
  check_refused(run({"mask", in, "--out", in + "/flat.png", "--threshold", "5"}), {"is a file"});
  Image bad = ring();
  bad.values[3] = std::numeric_limits<float>::quiet_NaN();
  bad.info = {.kind = FileKind::tiff, .sample = SampleKind::floating, .bits = 32};
  save(folder / "nan" / "bad.tif", bad);
  check_refused(run({"mask", (folder / "nan").string(), "--out", out, "--threshold", "5"}), {"bad.tif", "NaN"});
  CHECK(!fs::exists(out));
}

TEST_CASE("measure: components of a mask, ids, and the image under them") {
  const fs::path folder = scratch_folder("objects_measure");
  Image mask = ring(0, 255);
  mask.info.pixel_width = mask.info.pixel_height = 0;
  save(folder / "masks" / "x_mask.png", mask);
  save(folder / "images" / "x.png", ring(10, 20));
  const Finished plain = run({"measure", (folder / "masks").string()});
  REQUIRE_MESSAGE(plain.code == 0, plain.err);
  CHECK(contains(plain.err, "x: 2 objects, mean area 4.5 px^2"));
  auto rows = table(plain.out);
  REQUIRE(rows.size() == 3);
  CHECK(rows[1][0] == "x");
  CHECK((field(rows, 1, "pixels") == "8" && field(rows, 2, "pixels") == "1"));
  CHECK((field(rows, 1, "x_px") == "1" && field(rows, 2, "right_px") == "5"));
  CHECK((field(rows, 2, "orientation_rad").empty() && field(rows, 2, "circularity").empty()));

  const std::string csv = (folder / "m.csv").string();
  const Finished with_images = run({"measure", (folder / "masks").string(), "--images", (folder / "images").string(),
                                    "--pixel-size", "0.5", "--out", csv});
  REQUIRE_MESSAGE(with_images.code == 0, with_images.err);
  CHECK(contains(with_images.out, "x: 2 objects, mean area 1.125 um^2"));
  rows = table(file_text(csv));
  CHECK((field(rows, 1, "area_um2") == "2" && field(rows, 1, "mean_c0") == "20" && field(rows, 1, "sum_c0") == "160"));
  CHECK(field(rows, 1, "x_um") == "0.5");

  const Finished ids = run({"measure", (folder / "masks").string(), "--ids"});
  CHECK((table(ids.out).size() == 2 && field(table(ids.out), 1, "id") == "255"));
  mask.values[29] = 7;
  save(folder / "masks" / "x_mask.png", mask);
  rows = table(run({"measure", (folder / "masks").string()}).out);
  CHECK((field(rows, 1, "id") == "7" && field(rows, 2, "id") == "255"));
  rows = table(run({"measure", (folder / "masks").string(), "--connected"}).out);
  CHECK((field(rows, 1, "id") == "1" && field(rows, 2, "id") == "2"));
}

TEST_CASE("measure: stacks as planes or as volumes") {
  const fs::path folder = scratch_folder("objects_measure_volume");
  Image stack = ring(0, 255);
  stack.depth = 2;
  stack.values.insert(stack.values.end(), stack.values.begin(), stack.values.end());
  stack.info = {.kind = FileKind::tiff, .pixel_width = 0.5, .pixel_height = 0.5, .pixel_depth = 2, .unit = "um"};
  const std::string file = (folder / "s, 1.tif").string();
  save(file, stack);
  const Finished planes = run({"measure", file});
  REQUIRE_MESSAGE(planes.code == 0, planes.err);
  CHECK(table(planes.out).size() == 5);
  CHECK(contains(planes.out, "\n\"s, 1_z1\",2,1,0.25,"));
  const Finished volumes = run({"measure", file, "--volumes"});
  REQUIRE_MESSAGE(volumes.code == 0, volumes.err);
  CHECK(contains(volumes.out, "image,id,voxels,volume_um3,x_um,y_um,z_um,"));
  CHECK(contains(volumes.out, "\n\"s, 1\",1,16,8,0.5,0.5,1,"));
  CHECK(contains(volumes.err, "mean volume 4.5 um^3"));
  stack.info = {.kind = FileKind::tiff, .pixel_width = 0.5, .pixel_height = 0.5, .pixel_depth = 0, .unit = "mm"};
  save(file, stack);
  CHECK(contains(run({"measure", file}).out, "\n\"s, 1_z1\",2,1,250000,"));
  check_refused(run({"measure", file, "--volumes"}), {"--pixel-size X,Y,Z"});
  CHECK(contains(run({"measure", file, "--volumes", "--pixel-size", "1,1,3"}).out, "\",1,16,48,1,1,1.5,"));
}

TEST_CASE("measure: the results of a folder, without what lies beside them") {
  const fs::path folder = scratch_folder("objects_measure_results");
  const fs::path results = folder / "results";
  save(results / "a.png", ring(0, 255));
  save(results / "a_instances.png", ring(0, 3));
  save(results / "a_overlay.png", Image(3, 5, 6));
  save(results / "b.png", ring(0, 255));
  save(results / "b_overlay.png", Image(3, 5, 6));
  const Finished finished = run({"measure", results.string(), "--ids"});
  REQUIRE_MESSAGE(finished.code == 0, finished.err);
  const auto rows = table(finished.out);
  REQUIRE(rows.size() == 3);
  CHECK((rows[1][0] == "a" && rows[1][1] == "3" && rows[2][0] == "b" && rows[2][1] == "255"));
  check_refused(run({"measure", results.string(), "--volumes"}), {"a_instances", "--volumes"});
}

TEST_CASE("measure: refusals leave no file") {
  const fs::path folder = scratch_folder("objects_measure_refusals");
  const std::string masks = (folder / "masks").string(), csv = (folder / "m.csv").string();
  save(folder / "masks" / "x.png", ring(0, 255));
  save(folder / "images" / "y.png", ring());
  const std::string images = (folder / "images").string();
  check_refused(run({"measure", masks, "--images", images, "--out", csv}), {"x.png", "no image"});
  save(folder / "images" / "x.png", Image(1, 4, 6));
  check_refused(run({"measure", masks, "--images", images, "--out", csv}), {"x.png", "4x6", "5x6"});
  check_refused(run({"measure", masks, "--out", masks + "/x.png"}), {"would replace a mask"});
  check_refused(run({"measure", masks, "--pixel-size", "0", "--out", csv}), {"--pixel-size 0"});
  check_refused(run({"measure", masks, "--pixel-size", "1,2,3,4", "--out", csv}), {"--pixel-size"});
  check_refused(run({"measure", masks, "--ids", "--connected", "--out", csv}), {"--ids", "--connected"});
  check_refused(run({"measure", (folder / "none").string(), "--out", csv}), {"none"});
  Image colors(3, 5, 6);
  colors.values[4] = 9;
  save(folder / "masks" / "z.png", colors);
  check_refused(run({"measure", masks + "/z.png", "--out", csv}), {"z.png", "color"});
  save(folder / "masks" / "x_mask.tif", ring(0, 255));
  save(folder / "masks" / "x_label.tif", ring(0, 255));
  check_refused(run({"measure", masks, "--out", csv}), {"two masks of one image", "x_label.tif"});
  CHECK(!fs::exists(csv));
}

TEST_CASE("match: scores per image, their mean, and of all objects") {
  const fs::path folder = scratch_folder("objects_match");
  const std::string truth = (folder / "truth").string(), predictions = (folder / "predictions").string();
  // a: 6 of 8 and of 6 pixels, IoU 0.75; a second true object is missed. b: found to the pixel. c: nothing, nothing
  // found.
  save(folder / "truth" / "a_mask.png", plane(2, 6, {1, 1, 1, 1, 0, 2, 1, 1, 1, 1, 0, 2}));
  save(folder / "predictions" / "a_instances.png", plane(2, 6, {9, 9, 9, 0, 0, 0, 9, 9, 9, 0, 0, 0}));
  for (const char* side : {"truth", "predictions"}) {
    save(folder / side / "b.png", ring(0, 255));
    save(folder / side / "c.png", Image(1, 5, 5));
  }
  const Finished finished = run({"match", predictions, truth});
  REQUIRE_MESSAGE(finished.code == 0, finished.err);
  CHECK(contains(finished.out, "a          2          1     1.0000  0.5000  0.6667  0.5000"));
  CHECK(contains(finished.out, "mean "));
  const auto json = nlohmann::json::parse(run({"match", predictions, truth, "--json", "-"}).out);
  CHECK((json["all"]["true_objects"] == 4 && json["all"]["predicted_objects"] == 3));
  const auto& all = json["all"]["thresholds"];
  REQUIRE(all.size() == 9);
  CHECK((all[0]["iou"] == 0.5 && all[0]["tp"] == 3 && all[0]["fn"] == 1 && all[0]["ap"] == 0.75));
  CHECK((all[5]["iou"] == 0.75 && all[5]["tp"] == 3 && all[6]["tp"] == 2 && all[6]["fp"] == 1));
  CHECK(json["mean"]["thresholds"][0]["ap"] == 0.75);  // (0.5 + 1) / 2; c has nothing to say
  CHECK(json["mean"]["thresholds"][6]["ap"] == 0.5);
  CHECK((json["images"].size() == 3 && json["images"][0]["name"] == "a"));

  save(folder / "predictions" / "d.png", ring(0, 255));
  const Finished more = run({"match", predictions, truth});
  CHECK((more.code == 0 && contains(more.err, "d.png")));
  save(folder / "truth" / "e.png", ring(0, 255));
  check_refused(run({"match", predictions, truth}), {"e.png", "no prediction"});
  check_refused(run({"match", predictions + "/c.png", truth + "/e.png"}), {"c.png", "5x5", "5x6"});
}

TEST_CASE("mask, measure and match: generated nuclei are found, counted and compared") {
  const fs::path folder = scratch_folder("objects_nuclei");
  SynthesisOptions options;
  options.nuclei = 12;
  options.touching = 0;
  const SyntheticSample sample = synthesize_nuclei(options, 1, 0);
  save(folder / "images" / "n.png", sample.image);
  save(folder / "truth" / "n.png", sample.mask);
  CHECK(run({"mask", (folder / "images").string(), "--out", (folder / "found").string(), "--threshold", "otsu",
             "--smooth", "1.5", "--min-size", "40", "--fill-holes", "--instances"})
            .code == 0);
  const auto json = nlohmann::json::parse(
      run({"match", (folder / "found").string(), (folder / "truth").string(), "--json", "-"}).out);
  const auto& half = json["all"]["thresholds"][0];
  CHECK(half["tp"].get<int>() >= 6);  // of 10
  CHECK(half["f1"].get<double>() > 0.65);
  const Finished measured = run({"measure", (folder / "found").string(), "--images", (folder / "images").string()});
  CHECK(table(measured.out).size() == 1 + json["all"]["predicted_objects"].get<std::size_t>());
}
