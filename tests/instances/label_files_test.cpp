#include "instances/label_files.h"

#include <doctest/doctest.h>

#include <limits>

#include "support/files.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

// T, Z, Y, X with a mask's values.
Image stack(std::int64_t frames, std::int64_t depth, std::int64_t height, std::int64_t width,
            std::vector<float> values) {
  Image image(1, height, width);
  image.frames = frames;
  image.depth = depth;
  image.info.kind = FileKind::tiff;
  image.info.bits = 16;
  image.values = std::move(values);
  return image;
}

std::vector<std::string> names(const std::vector<LabelFile>& files) {
  std::vector<std::string> result;
  for (const LabelFile& file : files) result.push_back(file.name + " " + file.path.filename().string());
  return result;
}

}  // namespace

TEST_CASE("label files: which files of a folder are masks") {
  const test::TemporaryFolder folder;
  const Image mask = stack(1, 1, 1, 2, {0, 1});
  for (const char* name : {"a.png", "a_overlay.png", "a_probabilities.tif", "b.png", "b_instances.png",
                           "b_overlay_0003.png", "c_cp_masks.tif", "d_labels.tif", "lonely_overlay.png"})
    write_image(folder / name, mask);
  const fs::path path = folder.path();
  CHECK(names(list_label_files(std::span(&path, 1))) == std::vector<std::string>{"a a.png", "b b_instances.png",
                                                                                 "c c_cp_masks.tif", "d d_labels.tif",
                                                                                 "lonely_overlay lonely_overlay.png"});
  // What is named is taken.
  const std::vector<fs::path> files = {folder / "a_overlay.png", folder / "b.png"};
  CHECK(names(list_label_files(files)) == std::vector<std::string>{"a_overlay a_overlay.png", "b b.png"});
  write_image(folder / "c.tif", mask);
  CHECK(names(list_label_files(std::span(&path, 1)))[2] == "c c_cp_masks.tif");
  write_image(folder / "d_mask.tif", mask);
  CHECK(test::contains(test::error_of([&] { list_label_files(std::span(&path, 1)); }), "two masks of one image"));
}

TEST_CASE("label files: planes, volumes, points in time") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "s.tif";
  write_image(file, stack(2, 2, 1, 3, {1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0}));
  const LabelStack planes = read_labels(file);
  CHECK((planes.connected && planes.frames == 2 && planes.depth == 2));
  CHECK(planes.suffixes == std::vector<std::string>{"_t0_z0", "_t0_z1", "_t1_z0", "_t1_z1"});
  CHECK(planes.labels[1].ids == std::vector<std::int32_t>{1, 0, 2});
  const LabelStack volumes = read_labels(file, {.volumes = true});
  CHECK(volumes.suffixes == std::vector<std::string>{"_t0", "_t1"});
  CHECK(volumes.labels[0].depth == 2);
  CHECK(volumes.labels[0].ids == std::vector<std::int32_t>{1, 0, 0, 1, 0, 2});
  CHECK(volumes.labels[1].ids == std::vector<std::int32_t>{0, 1, 0, 1, 0, 0});  // by an edge
}

TEST_CASE("label files: one value is a mask, several are ids, in the whole file") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "s.tif";
  write_image(file, stack(1, 2, 1, 3, {255, 0, 255, 0, 0, 0}));
  CHECK(read_labels(file).labels[0].ids == std::vector<std::int32_t>{1, 0, 2});
  CHECK(read_labels(file, {.meaning = LabelMeaning::ids}).labels[0].ids == std::vector<std::int32_t>{255, 0, 255});
  write_image(file, stack(1, 2, 1, 3, {5, 0, 5, 0, 0, 6}));
  CHECK(read_labels(file).labels[0].ids == std::vector<std::int32_t>{5, 0, 5});
  CHECK(read_labels(file, {.meaning = LabelMeaning::connected}).labels[0].ids == std::vector<std::int32_t>{1, 0, 2});
}

TEST_CASE("label files: what is no mask") {
  const test::TemporaryFolder folder;
  const fs::path file = folder / "s.tif";
  const auto refused = [&](std::vector<float> values, const std::string& part) {
    Image image = stack(1, 1, 1, 3, std::move(values));
    image.info.bits = 32;
    image.info.sample = SampleKind::floating;
    write_image(file, image);
    CHECK_MESSAGE(test::contains(test::error_of([&] { read_labels(file); }), part), part);
  };
  refused({0, 0.5f, 1}, "s.tif: mask value 0.5");
  refused({0, -1, 1}, "mask value -1");
  refused({0, 16777220, 1}, "is no id");
  refused({0, std::numeric_limits<float>::quiet_NaN(), 1}, "is no id");
  Image colors(3, 1, 2);
  colors.values = {0, 9, 0, 9, 0, 8};
  write_image(folder / "c.png", colors);
  CHECK(test::contains(test::error_of([&] { read_labels(folder / "c.png"); }), "a color image"));
  colors.values = {0, 9, 0, 9, 0, 9};  // grey, saved in colors
  write_image(folder / "c.png", colors);
  CHECK(read_labels(folder / "c.png", {.meaning = LabelMeaning::ids}).labels[0].ids == std::vector<std::int32_t>{0, 9});
}

}  // namespace tuff
