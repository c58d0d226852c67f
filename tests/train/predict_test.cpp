// Prediction by tiles gives what the whole image gives, for every kind of network for which that can be.
#include "train/predict.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "base/error.h"
#include "support/skip.h"
#include "support/test_device.h"
#include "tasks/dense_task.h"
#include "tasks/networks.h"
#include "train/training_graph.h"

using namespace tuff;
using test::test_device;

namespace {

Image random_image(std::int64_t height, std::int64_t width, unsigned seed) {
  Image image(1, height, width);
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> values(0, 1);
  for (float& value : image.values) value = values(random);
  return image;
}

std::int64_t next_size(const Network& network, std::int64_t extent) {
  return network.axis('x').fitting(extent);
}

struct Setup {
  explicit Setup(const TrainOptions& options) : Setup(make_network(options, 1)) {}
  explicit Setup(const Network& of)
      : network(of),
        store(test_device(),
              *inference_graph(network, 1,
                               ImageSize(network.rank == 3 ? 8 : 1, next_size(network, 65), next_size(network, 65)))) {
    store.initialize(5);
    // Running statistics and biases that aren't trivial.
    std::mt19937 random(9);
    std::uniform_real_distribution<float> values(0.5f, 1.5f);
    for (const Variable& variable : store.variables()) {
      if (variable.type.shape.rank() != 1) continue;
      HostTensor tensor(variable.type.shape);
      for (float& value : tensor.floats()) value = values(random) - (variable.name.ends_with("var") ? 0 : 1);
      store.write(variable.name, tensor);
    }
  }

  Image predict(const Image& image, const PredictorOptions& options = {}) {
    return Predictor(test_device(), store, network, options).predict(image);
  }

  Network network;
  ParameterStore store;
};

// Largest difference over the largest value.
double difference(const Image& a, const Image& b) {
  REQUIRE(a.values.size() == b.values.size());
  double most = 0, scale = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a.values[i]) - static_cast<double>(b.values[i])));
    scale = std::max(scale, std::abs(static_cast<double>(a.values[i])));
  }
  REQUIRE(scale > 0);
  return most / scale;
}

TrainOptions small_unet(const char* padding, const char* norm, const char* up = "transpose") {
  TrainOptions options;
  options.base = 2;
  options.depth = 3;
  options.padding = padding;
  options.norm = norm;
  options.up = up;
  return options;
}

}  // namespace

TEST_CASE("predict: tiles of a 1000x700 image equal the whole image") {
  const Image image = random_image(700, 1000, 1);
  for (const char* padding : {"same", "valid"})
    for (const char* norm : {"batch", "none"})
      for (const char* up : {"transpose", "bilinear"}) {
        CAPTURE(padding);
        CAPTURE(norm);
        CAPTURE(up);
        Setup setup(small_unet(padding, norm, up));
        const std::int64_t tile = next_size(setup.network, 300);
        const Image whole = setup.predict(image);
        const Image tiled = setup.predict(image, {.tile = tile});
        CHECK(whole.height == 700);
        CHECK(whole.width == 1000);
        CHECK(Predictor(test_device(), setup.store, setup.network, {.tile = tile}).tiling({700, 1000}).tiles.size() >
              4);
        CHECK(difference(whole, tiled) < 1e-5);
      }
}

TEST_CASE("predict: images smaller than the network's alignment or margin") {
  for (const char* padding : {"same", "valid"}) {
    Setup setup(small_unet(padding, "batch"));
    const Image result = setup.predict(random_image(5, 3, 2));
    CHECK(result.height == 5);
    CHECK(result.width == 3);
    for (const float value : result.values) CHECK(std::isfinite(value));
  }
}

TEST_CASE("predict: norms that see the whole image are predicted whole, or refused, or forced") {
  for (const char* norm : {"group", "instance"}) {
    Setup setup(small_unet("same", norm));
    const Image image = random_image(300, 300, 3);
    const Image whole = setup.predict(image);
    try {
      setup.predict(image, {.tile = 256});
      FAIL("tiles of a net with a norm over the whole image were not refused");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find(norm) != std::string::npos);
      CHECK(std::string(error.what()).find("--force-tiles") != std::string::npos);
    }
    CHECK(setup.predict(image, {.tile = 256, .force_tiles = true}).values.size() == whole.values.size());
    CHECK(setup.predict(image, {.tile = 512}).values == whole.values);
  }
}

TEST_CASE("predict: executables of several sizes share the memory that there is for them") {
  Setup setup(small_unet("same", "none"));
  const std::uint64_t needed = inference_bytes(setup.network, test_device().caps(), {128, 128}).value();
  const std::uint64_t before = test_device().counters().bytes;
  Predictor predictor(test_device(), setup.store, setup.network, {.memory = needed + needed / 2});
  for (const std::int64_t size : {128, 120, 112, 128, 64}) {
    predictor.predict(random_image(size, size, 3));
    CHECK(test_device().counters().bytes - before < 2 * needed);
  }
}

TEST_CASE("predict: the memory allowed decides the tiles, and too little is refused with what it takes") {
  Setup setup(small_unet("same", "batch"));
  const Image image = random_image(260, 300, 8);
  const Image whole = setup.predict(image);
  const std::uint64_t least = least_prediction_bytes(setup.network, test_device().caps(), {260, 300});
  CHECK(least == inference_bytes(setup.network, test_device().caps(), {128, 128}).value());
  const std::uint64_t before = test_device().counters().peak_bytes;
  Predictor predictor(test_device(), setup.store, setup.network, {.memory = 3 * least});
  CHECK(predictor.tiling({260, 300}).tiles.size() > 1);
  CHECK(predictor.tiling({260, 300}).tile.height > 128);
  CHECK(difference(predictor.predict(image), whole) < 1e-5);
  CHECK(test_device().counters().peak_bytes == before);  // the whole image took more
  const auto message = [&](const PredictorOptions& options) {
    try {
      setup.predict(image, options);
    } catch (const OutOfMemory& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message({.memory = least - 1}).find("allow more with --memory") != std::string::npos);
  CHECK(message({.tile = 256, .memory = least}).find("smaller --tile or allow more with --memory") !=
        std::string::npos);
}

TEST_CASE("predict: tiles fitted to the image equal the whole image and compute no more than squares") {
  for (const char* padding : {"same", "valid"}) {
    CAPTURE(padding);
    Setup setup(small_unet(padding, "batch"));
    const auto bytes = [&](std::int64_t size) {
      return inference_bytes(setup.network, test_device().caps(), {size, size}).value();
    };
    const NetworkAxis& axis = setup.network.axis('x');
    const auto accepted = [&](std::int64_t size) {
      return axis.output_size(size) > 0 ? size : axis.nearest_sizes(size).first;
    };
    const std::int64_t side = accepted(192);
    const std::uint64_t memory = bytes(side);
    Predictor predictor(test_device(), setup.store, setup.network, {.memory = memory});
    Predictor squares(test_device(), setup.store, setup.network, {.tile = side});
    for (const auto& [height, width] : {std::pair{193, 192}, {40, 1100}, {280, 250}}) {
      CAPTURE(height);
      CAPTURE(width);
      const Tiling tiling = predictor.tiling({height, width});
      CHECK(tiling.tiles.size() > 1);
      CHECK(tiling.computed_pixels() <= squares.tiling({height, width}).computed_pixels());
      CHECK(inference_bytes(setup.network, test_device().caps(), tiling.tile).value() <= memory);
      const Image image = random_image(height, width, static_cast<unsigned>(height));
      CHECK(difference(setup.predict(image), predictor.predict(image)) < 1e-5);
    }
    // A side that is asked for stays.
    CHECK(squares.tiling({280, 250}).tile.height == side);
    CHECK(squares.tiling({280, 250}).tile.width == side);
  }
}

TEST_CASE("predict: with activations stored as f16, in about half the memory") {
  if (!test_device().caps().storage_16bit) {
    test::skip("prediction in f16: the device has no 16-bit storage");
    return;
  }
  for (const char* norm : {"none", "batch", "group"}) {
    CAPTURE(norm);
    Setup setup(small_unet("same", norm));
    const Image image = random_image(70, 50, 6), whole = setup.predict(image);
    CHECK(difference(setup.predict(image, {.storage = DType::f16}), whole) < 4e-3);
    const auto bytes = [&](DType storage) {
      return static_cast<double>(inference_bytes(setup.network, test_device().caps(), {256, 256}, storage).value());
    };
    CHECK(bytes(DType::f16) < 0.75 * bytes(DType::f32));
  }
}

TEST_CASE("predict: many images one behind the other give what each gives alone, in order") {
  Setup setup(small_unet("same", "none"));
  std::vector<std::shared_ptr<const Image>> images;
  for (const auto& [height, width] : {std::pair{64, 64}, {64, 64}, {150, 90}, {64, 64}, {40, 56}, {130, 130}})
    images.push_back(std::make_shared<const Image>(random_image(height, width, static_cast<unsigned>(height + width))));
  Predictor predictor(test_device(), setup.store, setup.network, {.tile = 120, .executables = 1});
  std::vector<Image> alone;
  for (const auto& image : images) alone.push_back(predictor.predict(*image));
  std::size_t next = 0, done = 0, tiles = 0;
  const auto give = [&] { return next < images.size() ? images[next++] : nullptr; };
  const auto check = [&](const std::shared_ptr<const Image>& image, const Image& logits) {
    CHECK(image == images[done]);
    CHECK(logits.values == alone[done].values);
    ++done;
  };
  predictor.predict_each(give, check, [&](std::size_t, std::size_t) { ++tiles; });
  CHECK(done == images.size());
  CHECK(tiles > images.size());

  // An image that can't be had: those before it are done.
  next = done = 0;
  const auto fail = [&] {
    if (next == 3) throw Error("no fourth");
    return give();
  };
  CHECK_THROWS_WITH_AS(predictor.predict_each(fail, check), "no fourth", Error);
  CHECK(done == 3);
  // One that the network doesn't take.
  next = done = 0;
  images[2] = std::make_shared<const Image>(3, 64, 64);
  CHECK_THROWS_WITH_AS(predictor.predict_each(give, check), doctest::Contains("3 channels"), Error);
  CHECK(done == 2);
}

TEST_CASE("predict: a tile that the net can't take") {
  Setup setup(small_unet("same", "none"));
  CHECK_THROWS_AS(setup.predict(random_image(300, 300, 3), {.tile = 100}), Error);
}

TEST_CASE("predict: no input farther away than the radius changes an output") {
  for (const char* up : {"transpose", "bilinear", "nearest"}) {
    CAPTURE(up);
    TrainOptions options = small_unet("same", "none", up);
    options.depth = 2;
    Setup setup(options);
    Image image = random_image(8, 128, 4);
    const Image before = setup.predict(image);
    std::int64_t farthest = 0;
    for (const std::int64_t x : {60, 61, 62, 63}) {
      Image changed = image;
      for (std::int64_t y = 0; y < 8; ++y) changed.values[static_cast<std::size_t>(y * 128 + x)] += 100;
      const Image after = setup.predict(changed);
      for (std::size_t i = 0; i < after.values.size(); ++i)
        if (after.values[i] != before.values[i])
          farthest = std::max(farthest, std::abs(static_cast<std::int64_t>(i % 128) - x));
    }
    CHECK(farthest <= setup.network.axis('x').radius);
    CHECK(farthest > setup.network.axis('x').radius - 10);  // the bound isn't wasteful
  }
}

TEST_CASE("predict: volumes in tiles equal the whole volume, with slices far apart too, within a budget of memory") {
  for (const std::int64_t flat_levels : {0, 1}) {
    CAPTURE(flat_levels);
    TrainOptions options = default_options("unet");
    options.dims = 3;
    options.base = 2;
    options.depth = 2;
    options.flat_levels = flat_levels;
    Setup setup(options);
    Image volume(1, ImageSize(9, 100, 90));
    std::mt19937 random(3);
    std::uniform_real_distribution<float> values(0, 1);
    for (float& value : volume.values) value = values(random);
    const Image whole = setup.predict(volume);
    CHECK(whole.size() == volume.size());
    const DeviceCaps& caps = test_device().caps();
    const std::uint64_t all = inference_bytes(setup.network, caps, {12, 100, 92}).value();
    const std::uint64_t least = least_prediction_bytes(setup.network, caps, volume.size());
    REQUIRE(least < all);
    Predictor predictor(test_device(), setup.store, setup.network, {.memory = (least + all) / 2});
    const Tiling tiling = predictor.tiling(volume.size());
    CHECK(tiling.tiles.size() > 1);
    CHECK(inference_bytes(setup.network, caps, tiling.tile).value() <= (least + all) / 2);
    CHECK(difference(whole, predictor.predict(volume)) < 1e-5);
    CHECK(difference(whole, setup.predict(volume, {.tile = 64})) < 1e-5);
  }
}

TEST_CASE("predict: images that come out larger than they go in, in tiles and as a whole") {
  TrainOptions options = default_options("superres");
  options.base = 4;
  options.blocks = 1;
  options.scale = 3;
  const auto task = make_dense_task(options, DataFormat{.image_channels = 1});
  Setup setup(task->network());
  const Image image = random_image(70, 150, 2);
  const Image whole = setup.predict(image);
  CHECK(whole.size() == ImageSize(210, 450));
  CHECK(Predictor(test_device(), setup.store, setup.network, {.tile = 64}).tiling(image.size()).tiles.size() > 1);
  CHECK(difference(whole, setup.predict(image, {.tile = 64})) < 1e-5);
}
