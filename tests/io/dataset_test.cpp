#include "io/dataset.h"

#include <algorithm>

#include "base/os.h"
#include "support/files.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct Folders {
  test::TemporaryFolder root;
  fs::path images = root / "images";
  fs::path masks = root / "masks";

  Folders() {
    fs::create_directories(images);
    fs::create_directories(masks);
  }
  void image(const std::string& name, std::int64_t height = 8, std::int64_t width = 6,
             std::int64_t channels = 1) const {
    write_image(images / name, test::random_image(channels, height, width));
  }
  void mask(const std::string& name, std::int64_t height = 8, std::int64_t width = 6) const {
    write_image(masks / name, test::random_image(1, height, width, 2));
  }
  Dataset open(DataFormat format = {}) const { return open_dataset(images, masks, std::move(format)); }
  std::string refused(DataFormat format = {}) const {
    return test::error_of([&] { open(std::move(format)); });
  }
};

std::vector<std::string> names(const Dataset& dataset) {
  std::vector<std::string> result;
  for (const DataItem& item : dataset.items) result.push_back(item.name);
  return result;
}

Image grey(std::vector<float> values) {
  Image image(1, 1, static_cast<std::int64_t>(values.size()));
  image.values = std::move(values);
  return image;
}

}  // namespace

TEST_CASE("dataset: pairs by stem, by suffix and with other extensions") {
  const Folders folders;
  folders.image("b.png");
  folders.mask("b.tif");
  folders.image("a.png");
  folders.mask("a_mask.png");
  folders.image("c.tif");
  folders.mask("c_masks.png");
  const Dataset dataset = folders.open();
  CHECK(names(dataset) == std::vector<std::string>{"a", "b", "c"});
  CHECK(dataset.items[1].mask.filename() == "b.tif");
  CHECK(dataset.format.image_channels == 1);
  const Sample sample = load_sample(dataset, 2);
  CHECK(sample.labels.size() == 48);
  CHECK(*std::ranges::max_element(sample.labels) == 1);
}

TEST_CASE("dataset: images and masks in one folder") {
  const test::TemporaryFolder folder;
  for (const char* name : {"x.png", "x_mask.png", "y.png", "y_mask.png"})
    write_image(folder / name, test::random_image(1, 4, 4, 2));
  const Dataset dataset = open_dataset(folder.path(), folder.path(), {});
  CHECK(names(dataset) == std::vector<std::string>{"x", "y"});
  CHECK(dataset.items[0].mask.filename() == "x_mask.png");
}

TEST_CASE("dataset: nnU-Net's channel files are one image") {
  const Folders folders;
  for (const char* name : {"x_0000.png", "x_0001.png", "y_0000.png", "y_0001.png"}) folders.image(name);
  folders.mask("x.png");
  folders.mask("y.png");
  const Dataset dataset = folders.open();
  CHECK(names(dataset) == std::vector<std::string>{"x", "y"});
  CHECK(dataset.format.files_per_image == 2);
  CHECK(dataset.format.image_channels == 2);
  CHECK(load_sample(dataset, 0).image.channels == 2);

  const std::vector<fs::path> paths = {folders.images};
  CHECK(names(open_images(paths, dataset.format)) == std::vector<std::string>{"x", "y"});
  fs::remove(folders.images / "y_0000.png");
  CHECK(test::contains(folders.refused(), "channel 0000 of 'y' is missing"));
  fs::remove(folders.images / "y_0001.png");
  folders.image("y_0000.png");
  CHECK(test::contains(folders.refused(), "1 file(s) for this image, 2 are wanted"));
}

TEST_CASE("dataset: numbered names stay single images where each has its mask") {
  const Folders folders;
  for (const char* name : {"t_0000.png", "t_0001.png"}) {
    folders.image(name);
    folders.mask(name);
  }
  CHECK(folders.open().items.size() == 2);
}

TEST_CASE("dataset: what doesn't fit is named") {
  const Folders folders;
  CHECK(test::contains(folders.refused(), "images: no images in this folder"));
  os::write_file(folders.images / "scan.czi", std::string_view("x"));
  CHECK(test::contains(folders.refused(), "scan.czi: export it as TIFF"));
  CHECK(test::contains(test::error_of([&] { open_dataset(folders.root / "none", folders.masks, {}); }),
                       "none: there is no such folder"));

  folders.image("a.png");
  CHECK(test::contains(folders.refused(), "masks: no images"));
  folders.mask("b.png");
  const std::string missing = folders.refused();
  CHECK(test::contains(missing, "a.png: no mask for this image"));
  CHECK(missing.find('\n') == std::string::npos);
  folders.mask("a.png", 8, 7);
  CHECK(test::contains(folders.refused(), "a.png: mask of 8x7 for an image of 8x6"));
  folders.mask("a.png");
  CHECK(folders.refused().empty());

  folders.image("b.png", 8, 6, 3);
  CHECK(test::contains(folders.refused(), "b.png: has 3 channels where 1 is wanted: choose with --channels"));
  CHECK(folders.refused({.channels = {0}}).empty());
  CHECK(test::contains(folders.refused({.channels = {1}}), "there is no channel 1"));
  folders.image("b.tif");
  CHECK(test::contains(folders.refused(), "two files of one name"));
}

TEST_CASE("dataset: a stack gives one item a plane") {
  const Folders folders;
  Image stack = test::random_image(3, 4, 5);
  stack.depth = 3;
  stack.channels = 1;
  write_image(folders.images / "s.tif", stack);
  Image mask = stack;
  for (float& value : mask.values) value = value > 100 ? 1.0f : 0.0f;
  write_image(folders.masks / "s.tif", mask);
  const Dataset dataset = folders.open();
  CHECK(names(dataset) == std::vector<std::string>{"s_z0", "s_z1", "s_z2"});
  for (std::size_t z = 0; z < 3; ++z) {
    CHECK(read_item_image(dataset, z).values == stack.plane(static_cast<std::int64_t>(z)).values);
    const Image plane = mask.plane(static_cast<std::int64_t>(z));
    const std::vector<std::int32_t> labels = load_sample(dataset, z).labels;
    CHECK(std::ranges::equal(labels, plane.values, [](std::int32_t a, float b) { return static_cast<float>(a) == b; }));
  }
  folders.mask("s.png", 4, 5);
  fs::remove(folders.masks / "s.tif");
  CHECK(test::contains(folders.refused(), "mask of 1 planes for an image of 3"));
}

TEST_CASE("dataset: masks to labels") {
  using Labels = std::vector<std::int32_t>;
  CHECK(labels_from_mask(grey({0, 1, 255, 40000}), {}, "m") == Labels{0, 1, 1, 1});
  CHECK(labels_from_mask(grey({0, 1, 255}), {.foreground = {0}}, "m") == Labels{1, 0, 0});
  CHECK(labels_from_mask(grey({0, 1, 255, 7}), {.foreground = {1, 7}}, "m") == Labels{0, 1, 0, 1});
  CHECK(labels_from_mask(grey({0, 1, 2}), {.classes = 3}, "m") == Labels{0, 1, 2});

  const auto refused = [](const Image& mask, const DataFormat& format) {
    return test::error_of([&] { labels_from_mask(mask, format, "m.png"); });
  };
  CHECK(test::contains(refused(grey({0, 3}), {.classes = 3}), "m.png: mask value 3 is outside of the classes 0..2"));
  CHECK(test::contains(refused(grey({0, 0.5f}), {.classes = 3}), "m.png: mask value 0.5 is no id"));
  CHECK(test::contains(refused(grey({0, std::nanf("")}), {}), "no number"));

  Image colour(3, 1, 3);
  colour.values = {0, 2, 1, 0, 2, 1, 0, 2, 1};
  CHECK(labels_from_mask(colour, {.classes = 3}, "m") == Labels{0, 2, 1});
  colour.values[8] = 200;
  CHECK(labels_from_mask(colour, {}, "m") == Labels{0, 1, 1});
  CHECK(test::contains(refused(colour, {.classes = 3}), "colour mask"));
  colour.info.kind = FileKind::jpeg;
  CHECK(test::contains(refused(colour, {.classes = 3}), "JPEG blurs ids"));
  CHECK(labels_from_mask(colour, {}, "m") == Labels{0, 0, 1});
}

TEST_CASE("dataset: normalization as NumPy computes it") {
  Image image(2, 1, 1001);
  for (std::size_t i = 0; i < 1001; ++i) {
    image.values[i] = static_cast<float>(2 * (i * 5 % 1001)) + 100;  // 100..2100 in steps of 2
    image.values[1001 + i] = 5;
  }
  Image percentile = image;
  normalize(percentile, Normalization::percentile);  // 1st: 120, 99.8th: 2096
  CHECK(percentile.values[0] == doctest::Approx((100.0 - 120) / (2096 - 120)));
  CHECK(percentile.values[143] == doctest::Approx((image.values[143] - 120.0) / 1976));
  CHECK(percentile.values[1500] == 0);  // a constant channel
  Image range = image;
  normalize(range, Normalization::range);
  CHECK(*std::ranges::min_element(range.channel(0)) == 0);
  CHECK(*std::ranges::max_element(range.channel(0)) == 1);
  Image mean_std = image;
  normalize(mean_std, Normalization::mean_std);
  double sum = 0, squares = 0;
  for (const float value : mean_std.channel(0)) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  CHECK(std::abs(sum / 1001) < 1e-6);
  CHECK(squares / 1001 == doctest::Approx(1));

  Image sparse(1, 1, 2000);
  sparse.values[7] = 50;  // both percentiles are 0: the range is taken
  normalize(sparse, Normalization::percentile);
  CHECK(sparse.values[7] == 1);
}

TEST_CASE("dataset: images that a model doesn't take") {
  const Folders folders;
  folders.image("a.png");
  const fs::path images = folders.images;
  const auto told = [&](const DataFormat& format) {
    return test::error_of([&] { open_images(std::span(&images, 1), format); });
  };
  CHECK(told({.image_channels = 1}).empty());
  CHECK(test::contains(told({.image_channels = 13}),
                       "a.png: has 1 channel where 13 are wanted: give images as the model was trained on"));
  CHECK(test::contains(told({.image_channels = 1, .dims = 3}), "a.png: is an image, no stack of slices"));
}

TEST_CASE("dataset: values that are no finite numbers are refused by name and place, or replaced") {
  const Folders folders;
  Image holes(1, 2, 3);
  holes.values = {2, 3, 4, 2, std::nanf(""), INFINITY};
  holes.info = {.kind = FileKind::tiff, .sample = SampleKind::floating, .bits = 32};
  write_image(folders.images / "holes.tif", holes);
  DataFormat format{.normalization = Normalization::range};
  const fs::path images = folders.images;
  const auto load = [&] { return load_item_image(open_images(std::span(&images, 1), format), 0); };
  CHECK(
      test::contains(test::error_of([&] { load(); }), "holes.tif: channel 0, y 1, x 1: the value is no finite number"));
  format.replace_nan = true;
  CHECK(load().values == std::vector<float>{0, 0.5f, 1, 0, 0, 0});
}

TEST_CASE("dataset: the format survives JSON") {
  const DataFormat format{.axes = "CYX",
                          .channels = {1, 0},
                          .normalization = Normalization::mean_std,
                          .classes = 1,
                          .foreground = {0, 3},
                          .image_channels = 2,
                          .files_per_image = 1};
  CHECK(data_format_from_json(to_json(format)) == format);
  CHECK(data_format_from_json("{}") == DataFormat{});
  CHECK(test::contains(test::error_of([] { data_format_from_json(R"({"colour": 1})"); }), "'colour' is unknown"));
  CHECK(test::contains(test::error_of([] { data_format_from_json(R"({"classes": "two"})"); }),
                       "'classes' has the wrong type"));
  CHECK(test::contains(test::error_of([] { parse_normalization("zscore"); }), "percentile, mean-std or range"));
}

TEST_CASE("dataset: images to be predicted are paired by name; numbers are channels only where names don't pair") {
  const Folders single;  // as cameras and `tuff synthesize` name files
  for (const char* name : {"n_0000.png", "n_0001.png", "n_0002.png"}) {
    single.image(name);
    single.mask(name);
  }
  const Dataset singles = open_image_pairs(single.images, single.masks, {});
  CHECK(names(singles) == std::vector<std::string>{"n_0000", "n_0001", "n_0002"});
  CHECK((singles.format.image_channels == 1 && singles.format.target_channels == 1));
  const Sample sample = load_sample(singles, 1);
  CHECK((sample.targets.channels == 1 && sample.targets.size() == sample.image.size() && sample.labels.empty()));

  const Folders channels;
  for (const char* name : {"a_0000.png", "a_0001.png", "a_0002.png", "b_0000.png", "b_0001.png", "b_0002.png"})
    channels.image(name);
  for (const char* name : {"a_0000.png", "a_0001.png", "b_0000.png", "b_0001.png"}) channels.mask(name);
  const Dataset several = open_image_pairs(channels.images, channels.masks, {});
  CHECK(names(several) == std::vector<std::string>{"a", "b"});
  CHECK((several.format.image_channels == 3 && several.format.target_channels == 2));

  const Folders odd;
  odd.image("a.png");
  odd.mask("b.png");
  CHECK(test::contains(test::error_of([&] { open_image_pairs(odd.images, odd.masks, {}); }), "no image of this name"));
  odd.mask("a.png", 8, 7);
  CHECK(test::contains(test::error_of([&] { open_image_pairs(odd.images, odd.masks, {}); }), "must have one size"));
}

TEST_CASE("dataset: masks whose ids are objects keep them") {
  DataFormat format;
  format.instances = true;
  CHECK(labels_from_mask(grey({0, 3, 700, 3}), format, "m.png") == std::vector<std::int32_t>{0, 3, 700, 3});
  CHECK(test::contains(test::error_of([&] { labels_from_mask(grey({0.5f}), format, "m.tif"); }), "no id"));
  CHECK(test::contains(test::error_of([&] { labels_from_mask(grey({-1}), format, "m.tif"); }), "no id"));
}

TEST_CASE("dataset: what normalization did can be taken back") {
  for (const Normalization kind : {Normalization::percentile, Normalization::mean_std, Normalization::range}) {
    const Image original = test::random_image(2, 9, 7);
    Image image = original;
    const std::vector<ChannelScaling> scalings = normalize(image, kind);
    CHECK(image.values != original.values);
    denormalize(image, scalings);
    for (std::size_t i = 0; i < image.values.size(); ++i)
      CHECK(image.values[i] == doctest::Approx(original.values[i]).epsilon(1e-4));
  }
  Image constant = grey({5, 5});
  const std::vector<ChannelScaling> scalings = normalize(constant, Normalization::range);
  denormalize(constant, scalings);
  CHECK(constant.values == std::vector<float>{5, 5});
}

}  // namespace tuff
