#include "io/labelled_dataset.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/os.h"
#include "support/files.h"

using namespace tuff;
using namespace tuff::test;

namespace {

namespace fs = std::filesystem;

void write_ramp(const fs::path& file, std::int64_t channels, const ImageSize& size) {
  fs::create_directories(file.parent_path());
  Image image(channels, size);
  if (size.depth > 1) image.info.kind = FileKind::tiff;
  for (std::size_t i = 0; i < image.values.size(); ++i) image.values[i] = static_cast<float>(i % 251);
  write_image(file, image);
}

LabelledDataset open(const fs::path& path, const std::string& labels, const DataFormat& format = {}) {
  return open_labelled_dataset(std::span(&path, 1), {.labels = labels}, format);
}

}  // namespace

TEST_CASE("labelled dataset: folders of images of any size, brought to one") {
  const TemporaryFolder folder;
  write_ramp(folder / "thin/a.png", 1, {6, 9});
  write_ramp(folder / "thin/b.png", 1, {8, 8});
  write_ramp(folder / "bold/c.png", 1, {4, 4});
  const LabelledDataset data = open(folder.path(), "folders", {.normalization = Normalization::range});
  CHECK(data.classes == std::vector<std::string>{"bold", "thin"});
  CHECK(data.labels == std::vector<std::int32_t>{0, 1, 1});
  CHECK(data.largest_extent() == 9);
  CHECK(data.files.format.image_channels == 1);
  const Sample small = labelled_sample(data, 0, 8, Fit::pad);
  CHECK(small.image.size() == ImageSize(8, 8));
  CHECK(small.image.values[2 * 8 + 2] == 0);  // the darkest of the image's own corner
  CHECK(small.image.values[5 * 8 + 5] == 1);  // and the brightest, normalized
  CHECK(small.image.values[7 * 8 + 7] == 0);  // padding
  CHECK(small.labels == std::vector<std::int32_t>(64, 0));
  CHECK(contains(error_of([&] { labelled_sample(data, 1, 8, Fit::pad); }), "a: is 9 pixels long, the net's images 8"));
  CHECK(labelled_sample(data, 1, 8, Fit::crop).image.size() == ImageSize(8, 8));
  CHECK(fitted_items(data, 8).items[1].size == ImageSize(8, 8));
}

TEST_CASE("labelled dataset: the fingerprint follows labels and sizes") {
  const TemporaryFolder folder;
  for (const char* name : {"one/x/a.png", "one/y/b.png", "two/x/b.png", "two/y/a.png"})
    write_ramp(folder / name, 1, {4, 4});
  const std::string one = open(folder / "one", "folders").fingerprint();
  CHECK(one == open(folder / "one", "folders").fingerprint());
  CHECK(one != open(folder / "two", "folders").fingerprint());
}

TEST_CASE("labelled dataset: idx files and volumes") {
  const TemporaryFolder folder;
  std::vector<std::byte> images(16 + 2 * 6), labels(8 + 2);
  for (const auto& [at, value] : {std::pair(2, 8), {3, 3}, {7, 2}, {11, 2}, {15, 3}, {21, 200}, {27, 100}})
    images[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
  for (const auto& [at, value] : {std::pair(2, 8), {3, 1}, {7, 2}, {8, 4}, {9, 2}})
    labels[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
  os::write_file(folder / "i.idx", images);
  os::write_file(folder / "l.idx1-ubyte", labels);
  const LabelledDataset digits =
      open(folder / "i.idx", (folder / "l.idx1-ubyte").string(), {.normalization = Normalization::range});
  CHECK(digits.classes == std::vector<std::string>{"2", "4"});
  CHECK(digits.labels == std::vector<std::int32_t>{1, 0});
  CHECK(digits.image(0).values == std::vector<float>{0, 0, 0, 0, 0, 1});
  CHECK(digits.image(1).values == std::vector<float>{0, 0, 0, 0, 0, 1});
  CHECK(digits.files.items[1].name == "i_00001");
  CHECK(contains(error_of([&] { open(folder / "i.idx", "", {.dims = 3}); }), "leave --dims 3 out"));

  write_ramp(folder / "volumes/a/v.tif", 1, {3, 5, 4});
  write_ramp(folder / "volumes/b/w.tif", 1, {6, 6, 6});
  const LabelledDataset volumes = open(folder / "volumes", "folders", {.axes = "ZYX", .dims = 3});
  const Image padded = labelled_sample(volumes, 0, 6, Fit::pad).image;
  CHECK(padded.size() == ImageSize(6, 6, 6));
  const Image own = volumes.image(0);
  // (6 - 3) / 2 = 1 slice, (6 - 5) / 2 = 0 rows and (6 - 4) / 2 = 1 column before.
  CHECK(padded.values[static_cast<std::size_t>((3 * 6 + 4) * 6 + 4)] == own.values.back());
  CHECK(padded.values[static_cast<std::size_t>((1 * 6 + 1) * 6 + 1)] == own.values[4]);
  CHECK(std::ranges::all_of(std::span(padded.values).first(36), [](float value) { return value == 0; }));
  CHECK(contains(error_of([&] { labelled_sample(volumes, 0, 6, Fit::resize); }), "--fit resize goes with images"));
}

TEST_CASE("labelled dataset: refusals") {
  const TemporaryFolder folder;
  write_ramp(folder / "mixed/a/x.png", 1, {4, 4});
  write_ramp(folder / "mixed/b/y.png", 3, {4, 4});
  CHECK(contains(error_of([&] { open(folder / "mixed", "folders"); }), "has 3 channels, other images have 1"));
  write_ramp(folder / "same/a/x.png", 1, {4, 4});
  CHECK(contains(error_of([&] { open(folder / "same", "folders"); }), "all images are of the class \"a\""));
}
