#include "io/loader.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/os.h"
#include "support/files.h"

namespace tuff {
namespace {

// Images whose pixels count up and masks equal to them, so that any crop tells where it is from.
struct Data {
  test::TemporaryFolder root;
  Dataset dataset;

  explicit Data(std::int64_t height = 40, std::int64_t width = 50) {
    std::filesystem::create_directories(root / "images");
    std::filesystem::create_directories(root / "masks");
    for (int n = 0; n < 3; ++n) {
      Image image(1, height, width);
      image.info.bits = 16;
      for (std::size_t i = 0; i < image.values.size(); ++i)
        image.values[i] = static_cast<float>(i + static_cast<std::size_t>(n) * 3000);
      write_image(root / ("images/" + std::to_string(n) + ".png"), image);
      write_image(root / ("masks/" + std::to_string(n) + ".png"), image);
    }
    dataset = open_dataset(root / "images", root / "masks", {.normalization = Normalization::range, .classes = 65536});
  }
};

LoaderOptions options(int threads) {
  return {.batch = 2,
          .crop = CropSize({16, 16}),
          .augmentation = {.flip = true, .rot90 = true},
          .seed = 7,
          .steps_per_epoch = 5,
          .threads = threads};
}

std::vector<Batch> draw(Loader& loader, int count) {
  std::vector<Batch> batches;
  for (int i = 0; i < count; ++i) batches.push_back(loader.next());
  return batches;
}

bool equal(const Batch& a, const Batch& b) {
  return a.epoch == b.epoch && a.step == b.step && a.images.data == b.images.data && a.labels.data == b.labels.data;
}

}  // namespace

TEST_CASE("loader: threads and cache change nothing, and any step can be the first") {
  const Data data;
  Loader alone(data.dataset, {0, 1, 2}, options(0));
  const std::vector<Batch> expected = draw(alone, 12);
  CHECK((expected[11].epoch == 2 && expected[11].step == 1));
  for (const int threads : {1, 3}) {
    LoaderOptions small = options(threads);
    small.cache_bytes = 1;  // nothing stays
    for (const LoaderOptions& chosen : {options(threads), small}) {
      Loader loader(data.dataset, {0, 1, 2}, chosen);
      const std::vector<Batch> batches = draw(loader, 12);
      for (std::size_t i = 0; i < batches.size(); ++i) CHECK(equal(batches[i], expected[i]));
    }
    Loader resumed(data.dataset, {0, 1, 2}, options(threads), 1, 3);
    const std::vector<Batch> rest = draw(resumed, 4);
    for (std::size_t i = 0; i < rest.size(); ++i) CHECK(equal(rest[i], expected[8 + i]));
  }
  CHECK(!equal(expected[0], expected[5]));
  LoaderOptions other = options(0);
  other.seed = 8;
  Loader another(data.dataset, {0, 1, 2}, other);
  CHECK(another.next().images.data != expected[0].images.data);
}

TEST_CASE("loader: image and label have the same geometry, in every pose") {
  const Data data;
  const auto limits = [](int n) { return std::pair(n * 3000.0, n * 3000.0 + 1999); };
  Loader loader(data.dataset, {0, 1, 2}, options(0));
  std::set<std::pair<int, int>> poses;
  for (int i = 0; i < 60; ++i) {
    const Batch batch = loader.next();
    for (std::size_t s = 0; s < 2; ++s) {
      const auto image = batch.images.floats().subspan(s * 256, 256);
      const auto label = batch.labels.ints().subspan(s * 256, 256);
      const auto [low, high] = limits(label[0] / 3000);
      for (std::size_t p = 0; p < 256; ++p)
        CHECK(static_cast<double>(image[p]) == doctest::Approx((label[p] - low) / (high - low)).epsilon(1e-5));
      for (int y = 0; y < 15; ++y)
        for (int x = 0; x < 15; ++x) {
          const auto at = static_cast<std::size_t>(y * 16 + x);
          CHECK(label[at + 1] - label[at] == label[1] - label[0]);
          CHECK(label[at + 16] - label[at] == label[16] - label[0]);
        }
      poses.emplace(label[1] - label[0], label[16] - label[0]);
    }
  }
  // The eight symmetries of a square: steps of 1 and of the image's width, each way, in either order.
  CHECK(poses ==
        std::set<std::pair<int, int>>{{1, 50}, {1, -50}, {-1, 50}, {-1, -50}, {50, 1}, {50, -1}, {-50, 1}, {-50, -1}});
}

TEST_CASE("loader: labels may be the crop's centre, and floats") {
  const Data data;
  LoaderOptions chosen = options(0);
  chosen.crop = {{16, 20}, {8, 12}};
  chosen.label_dtype = DType::f32;
  Loader loader(data.dataset, {0}, chosen);
  for (int i = 0; i < 20; ++i) {
    const Batch batch = loader.next();
    CHECK(batch.images.shape == Shape{2, 1, 16, 20});
    CHECK(batch.labels.shape == Shape{2, 1, 8, 12});
    for (std::size_t s = 0; s < 2; ++s)
      for (std::size_t y = 0; y < 8; ++y)
        for (std::size_t x = 0; x < 12; ++x)
          CHECK(batch.images.floats()[s * 320 + (y + 4) * 20 + x + 4] * 1999 ==
                doctest::Approx(batch.labels.floats()[s * 96 + y * 12 + x]).epsilon(1e-4));
  }
}

TEST_CASE("loader: without augmentation only the place is random; what devices do changes no crop") {
  const Data data;
  LoaderOptions plain = options(0);
  plain.augmentation = parse_augmentation("none");
  LoaderOptions loud = plain;
  loud.augmentation = parse_augmentation("brightness,noise,rotate");
  Loader a(data.dataset, {0}, plain), b(data.dataset, {0}, loud);
  for (int i = 0; i < 10; ++i) {
    const Batch first = a.next(), second = b.next();
    CHECK(first.labels.ints()[1] - first.labels.ints()[0] == 1);
    CHECK(equal(first, second));
  }
}

// What lies beyond the image is the image mirrored, labels and fields of vectors alike.
TEST_CASE("loader: a margin surrounds the same crops, mirrored beyond the image") {
  const Data data;
  LoaderOptions small = options(0);
  small.target_channels = 3;
  small.vectors = 1;
  small.prepare = [](Sample& sample) {  // what the masks' values rise by per pixel along y and x
    sample.targets = Image(3, sample.image.size());
    std::ranges::copy(sample.labels, sample.targets.channel(0).begin());
    std::ranges::fill(sample.targets.channel(1), 50.0f);
    std::ranges::fill(sample.targets.channel(2), 1.0f);
  };
  small.crop = {{16, 16}, {11, 11}};
  LoaderOptions wide = small;
  wide.crop.margin = {0, 45, 45};  // further than the image is high
  Loader a(data.dataset, {0, 1, 2}, small), b(data.dataset, {0, 1, 2}, wide);
  constexpr std::size_t kImage = 106, kLabel = 101;
  for (int i = 0; i < 20; ++i) {
    const Batch crop = a.next(), more = b.next();
    REQUIRE(more.images.shape == Shape{2, 1, kImage, kImage});
    REQUIRE(more.labels.shape == Shape{2, kLabel, kLabel});
    REQUIRE(more.targets.shape == Shape{2, 3, kLabel, kLabel});
    for (std::size_t s = 0; s < 2; ++s) {
      for (std::size_t at = 0; at < 256; ++at)
        CHECK(crop.images.floats()[s * 256 + at] ==
              more.images.floats()[(s * kImage + 45 + at / 16) * kImage + 45 + at % 16]);
      for (std::size_t at = 0; at < 121; ++at)
        CHECK(crop.labels.ints()[s * 121 + at] ==
              more.labels.ints()[(s * kLabel + 45 + at / 11) * kLabel + 45 + at % 11]);
      const auto part = [&](std::size_t channel) {
        return more.targets.floats().subspan((s * 3 + channel) * kLabel * kLabel, kLabel * kLabel);
      };
      int mirrored = 0;
      for (std::size_t at = 0; at + kLabel < kLabel * kLabel; ++at) {
        if (at % kLabel == kLabel - 1) continue;
        const float down = part(0)[at + kLabel] - part(0)[at], right = part(0)[at + 1] - part(0)[at];
        if (down == 0 || right == 0) {
          ++mirrored;  // the edge and its mirror image
          continue;
        }
        CHECK(down == part(1)[at]);
        CHECK(right == part(2)[at]);
      }
      CHECK(mirrored > 0);
    }
  }
}

TEST_CASE("loader: an epoch covers the images once, with 100 steps at least") {
  const Data data;  // 40x50 each: 8 crops of 16x16
  LoaderOptions chosen = options(0);
  chosen.steps_per_epoch = 0;
  CHECK(Loader(data.dataset, {0, 1, 2}, chosen).steps_per_epoch() == 100);
  chosen.crop = CropSize({2, 2});
  CHECK(Loader(data.dataset, {0, 1, 2}, chosen).steps_per_epoch() == 750);  // 3 * 500 crops in pairs

  LoaderOptions even = options(0);
  even.steps_per_epoch = 12;  // 24 crops: each image 8 times
  Loader loader(data.dataset, {0, 1, 2}, even);
  std::map<int, int> counts;
  for (int i = 0; i < 12; ++i) {
    const Batch batch = loader.next();
    for (std::size_t s = 0; s < 2; ++s) ++counts[batch.labels.ints()[s * 256] / 3000];
  }
  CHECK(counts == std::map<int, int>{{0, 8}, {1, 8}, {2, 8}});
}

TEST_CASE("loader: faults are named, those of workers surface in next()") {
  const Data data(20, 30);
  LoaderOptions large = options(2);
  large.crop = CropSize({256, 256});
  const std::string message = test::error_of([&] { Loader(data.dataset, {0}, large); });
  CHECK(test::contains(message, "crop 256x256 is larger than image"));
  CHECK(test::contains(message, "(20x30): use --crop 16"));
  CHECK(test::contains(test::error_of([&] { Loader(data.dataset, {}, options(2)); }), "no training images"));

  for (const int threads : {0, 2}) {
    os::write_file(data.root / "images/1.png", std::string_view("\x89PNG\r\n\x1a\nbroken"));
    Loader loader(data.dataset, {1}, options(threads));
    CHECK(test::contains(test::error_of([&] { loader.next(); }), "1.png: damaged PNG"));
    CHECK(test::contains(test::error_of([&] { loader.next(); }), "1.png: damaged PNG"));
  }
}

TEST_CASE("loader: targets get the crop's geometry, fields of vectors turn with it") {
  const Data data;
  LoaderOptions chosen = options(0);
  chosen.target_channels = 3;
  chosen.vectors = 1;
  // What the masks' values rise by per pixel along y and x.
  chosen.prepare = [](Sample& sample) {
    sample.targets = Image(3, sample.image.size());
    std::ranges::copy(sample.labels, sample.targets.channel(0).begin());
    std::ranges::fill(sample.targets.channel(1), 50.0f);
    std::ranges::fill(sample.targets.channel(2), 1.0f);
  };
  Loader loader(data.dataset, {0, 1}, chosen);
  std::set<std::pair<float, float>> directions;
  for (int i = 0; i < 40; ++i) {
    const Batch batch = loader.next();
    REQUIRE(batch.targets.shape == Shape{2, 3, 16, 16});
    const auto targets = batch.targets.floats().first(3 * 256);
    for (std::size_t at = 0; at < 15 * 16 - 1; ++at) {
      if (at % 16 == 15) continue;
      CHECK(targets[at] == static_cast<float>(batch.labels.ints()[at]));
      CHECK(targets[at + 16] - targets[at] == targets[256 + at]);
      CHECK(targets[at + 1] - targets[at] == targets[512 + at]);
    }
    directions.emplace(targets[256], targets[512]);
  }
  CHECK(directions.size() == 8);
}

TEST_CASE("loader: targets may be finer than the image; a hook changes crops by their keys") {
  const Data data;
  LoaderOptions chosen = options(0);
  chosen.label_dtype = std::nullopt;
  chosen.crop.target_scale = 2;
  chosen.target_channels = 1;
  chosen.prepare = [](Sample& sample) {  // every second pixel
    sample.targets = sample.image;
    Image coarse(1, sample.image.height / 2, sample.image.width / 2);
    for (std::int64_t y = 0; y < coarse.height; ++y)
      for (std::int64_t x = 0; x < coarse.width; ++x)
        coarse.values[static_cast<std::size_t>(y * coarse.width + x)] =
            sample.image.values[static_cast<std::size_t>(2 * y * sample.image.width + 2 * x)];
    sample.image = coarse;
  };
  chosen.augmentation = parse_augmentation("none");
  Loader loader(data.dataset, {0, 1, 2}, chosen);
  const Batch batch = loader.next();
  CHECK(batch.labels.data.empty());
  REQUIRE(batch.images.shape == Shape{2, 1, 16, 16});
  REQUIRE(batch.targets.shape == Shape{2, 1, 32, 32});
  for (std::size_t y = 0; y < 16; ++y)
    for (std::size_t x = 0; x < 16; ++x)
      CHECK(batch.images.floats()[y * 16 + x] == batch.targets.floats()[2 * y * 32 + 2 * x]);

  chosen.change = [](std::span<float> image, std::span<float> targets, const SampleKey& key) {
    image[0] = static_cast<float>(key.index);
    targets[0] = static_cast<float>(10 * key.epoch);
  };
  Loader changed(data.dataset, {0, 1, 2}, chosen, 2, 3);
  const Batch later = changed.next();
  CHECK(later.images.floats()[256] == 7);  // the second of step 3's two
  CHECK(later.targets.floats()[0] == 20);
}

TEST_CASE("loader: volumes, their slices flipped too, deeper crops refused") {
  const test::TemporaryFolder root;
  Image volume(1, ImageSize(6, 20, 24));
  volume.info.kind = FileKind::tiff;
  volume.info.bits = 16;
  for (std::size_t i = 0; i < volume.values.size(); ++i) volume.values[i] = static_cast<float>(i);
  for (const char* kind : {"images", "masks"}) {
    std::filesystem::create_directories(root / kind);
    write_image(root / (std::string(kind) + "/v.tif"), volume);
  }
  const DataFormat format{.axes = "ZYX", .normalization = Normalization::range, .classes = 65536, .dims = 3};
  const Dataset dataset = open_dataset(root / "images", root / "masks", format);
  REQUIRE(dataset.items.size() == 1);
  CHECK(dataset.items[0].size == ImageSize(6, 20, 24));
  LoaderOptions chosen = options(0);
  chosen.crop = CropSize({4, 16, 16});
  Loader loader(dataset, {0}, chosen);
  std::set<std::int32_t> steps;
  for (int i = 0; i < 20; ++i) {
    const Batch batch = loader.next();
    REQUIRE(batch.images.shape == Shape{2, 1, 4, 16, 16});
    REQUIRE(batch.labels.shape == Shape{2, 4, 16, 16});
    const auto labels = batch.labels.ints();
    const std::int32_t step = labels[256] - labels[0];
    steps.insert(step);
    for (std::size_t at = 0; at < 3 * 256; ++at) CHECK(labels[at + 256] - labels[at] == step);
    for (std::size_t at = 0; at < 4 * 256; ++at)
      CHECK(batch.images.floats()[at] * 2879 == doctest::Approx(labels[at]).epsilon(1e-4));
  }
  CHECK(steps == std::set<std::int32_t>{-480, 480});
  chosen.crop = CropSize({8, 16, 16});
  CHECK_THROWS_WITH_AS(Loader(dataset, {0}, chosen), doctest::Contains("--crop-depth 6"), Error);
}

TEST_CASE("loader: balanced classes come as often, and every item of the rare one") {
  const Data data(16, 16);
  LoaderOptions balanced = options(0);
  balanced.batch = 4;
  balanced.classes = {7, 2, 7};
  std::map<std::int64_t, int> times;  // of each item, by its first pixel
  Dataset numbered = data.dataset;
  balanced.load = [&](std::size_t item) {
    Sample sample{Image(1, 16, 16), std::vector<std::int32_t>(256, static_cast<std::int32_t>(item)), {}};
    return sample;
  };
  Loader loader(numbered, {0, 1, 2}, balanced);
  for (int step = 0; step < 10; ++step) {
    const Batch batch = loader.next();
    for (std::size_t i = 0; i < 4; ++i) ++times[batch.labels.ints()[i * 256]];
  }
  CHECK(times == std::map<std::int64_t, int>{{0, 10}, {1, 20}, {2, 10}});
}

TEST_CASE("loader: crops around given pixels, group by group") {
  const Data data;
  LoaderOptions centered = options(0);
  centered.batch = 50;
  centered.crop = CropSize({16, 16}, {1, 1});
  centered.augmentation = {.flip = false, .rot90 = false};
  const std::uint32_t one = 7 * 50 + 7, other = 31 * 50 + 41, third = 20 * 50 + 20;
  centered.prepare = [&](Sample& sample) { sample.centers = {{one}, {other, third}}; };
  // 40x50 pixels are 8 crops of 16x16, one label each.
  LoaderOptions counted = centered;
  counted.batch = 1;
  counted.steps_per_epoch = 0;
  CHECK(count_steps_per_epoch(data.dataset, std::vector<std::size_t>(50, 0), counted) == 50 * 8);
  Loader loader(data.dataset, {0}, centered);
  std::map<std::int32_t, int> times;
  for (int step = 0; step < 4; ++step) {
    const Batch batch = loader.next();
    for (const std::int32_t label : batch.labels.ints()) ++times[label];
  }
  CHECK(times.size() == 3);
  CHECK(times[static_cast<std::int32_t>(one)] > 70);
  CHECK(times[static_cast<std::int32_t>(one)] < 130);
  CHECK(times[static_cast<std::int32_t>(other)] > 25);
  CHECK(times[static_cast<std::int32_t>(third)] > 25);
}

}  // namespace tuff
