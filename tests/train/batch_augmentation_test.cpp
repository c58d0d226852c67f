// The device's part of augmentation: one geometry for all of a batch, intensities as their formulas say, and training
// that sees just that.
#include "train/batch_augmentation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/philox.h"
#include "support/child.h"
#include "support/nuclei.h"
#include "support/segmentation_task.h"
#include "support/test_device.h"
#include "tasks/dense_objective.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

constexpr SampleKey kFirst{5, 2, 40};

BatchLayout layout_of(const CropSize& crop, const Augmentation& augmentation, std::int64_t channels, int rank = 2) {
  BatchLayout layout{.rank = rank, .batch = 4, .channels = channels, .crop = crop};
  layout.crop.margin = warp_margin(augmentation, crop.image);
  return layout;
}

ImageSize source_size(const BatchLayout& layout) {
  return with_margin(layout.crop.image, layout.crop.margin);
}

Shape batch_shape(const BatchLayout& layout, std::int64_t channels, const ImageSize& size) {
  if (layout.rank == 3) return {layout.batch, channels, size.depth, size.height, size.width};
  return {layout.batch, channels, size.height, size.width};
}

// Each sample's channel c at (z, y, x) is value(sample, c, z, y, x).
template <class Value>
HostTensor filled(const BatchLayout& layout, std::int64_t channels, const ImageSize& size, Value value) {
  HostTensor tensor(batch_shape(layout, channels, size));
  std::size_t i = 0;
  for (std::int64_t n = 0; n < layout.batch; ++n)
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t z = 0; z < size.depth; ++z)
        for (std::int64_t y = 0; y < size.height; ++y)
          for (std::int64_t x = 0; x < size.width; ++x) tensor.floats()[i++] = static_cast<float>(value(n, c, z, y, x));
  return tensor;
}

HostTensor random_images(const BatchLayout& layout) {
  PhiloxStream random(11);
  return filled(layout, layout.channels, source_size(layout), [&](auto...) { return random.uniform(-0.2, 1.2); });
}

std::vector<NamedTensor> augmented(const BatchLayout& layout, const Augmentation& augmentation,
                                   std::vector<NamedTensor> batch, const SampleKey& first = kFirst) {
  BatchAugmenter(test_device(), layout, augmentation).apply(batch, first, 7);
  return batch;
}

std::vector<AugmentationDraw> draws_of(const BatchLayout& layout, const Augmentation& augmentation,
                                       const SampleKey& first = kFirst) {
  std::vector<AugmentationDraw> draws;
  for (std::int64_t n = 0; n < layout.batch; ++n)
    draws.push_back(draw_augmentation(augmentation, layout.crop.image, layout.channels,
                                      {first.seed, first.epoch, first.index + n}, layout.turns));
  return draws;
}

// Compares the images that come of random ones with those that `expected(sample, draw, in)` makes of one sample's.
template <class Expected>
void check_intensities(const char* list, double tolerance, Expected expected) {
  CAPTURE(list);
  const Augmentation augmentation = parse_augmentation(list);
  BatchLayout layout = layout_of(CropSize({33, 33}), augmentation, 2);
  layout.batch = 8;
  const HostTensor images = random_images(layout);
  const HostTensor result = augmented(layout, augmentation, {{"images", images}})[0].values;
  const std::vector<AugmentationDraw> draws = draws_of(layout, augmentation);
  const std::size_t each = images.floats().size() / 8;
  bool changed = false;
  for (std::size_t n = 0; n < 8; ++n) {
    const auto in = images.floats().subspan(n * each, each), out = result.floats().subspan(n * each, each);
    const std::vector<double> wanted = expected(draws[n], in);
    double worst = 0;
    for (std::size_t i = 0; i < each; ++i) worst = std::max(worst, std::abs(static_cast<double>(out[i]) - wanted[i]));
    CHECK(worst <= tolerance);
    changed = changed || !std::ranges::equal(in, out);
  }
  CHECK(changed);
}

std::vector<double> doubles(std::span<const float> values) {
  return {values.begin(), values.end()};
}

constexpr std::size_t kPixels = 33 * 33;

}  // namespace

// Images hold the place that a pixel comes from, labels the same as a number, so each tells where it was taken.
TEST_CASE("batch augmentation: images, labels and targets have one geometry, the one that was drawn") {
  for (const char* list : {"rotate,scale=0.4,skew=20,translate", "rotate=180,elastic=8"})
    for (const DType dtype : {DType::i32, DType::f32}) {
      CAPTURE(list);
      const Augmentation augmentation = parse_augmentation(list);
      BatchLayout layout = layout_of({{24, 24}, {15, 15}}, augmentation, 2);
      layout.labels = dtype;
      layout.target_channels = 2;
      const ImageSize source = source_size(layout), labelled = with_margin({15, 15}, layout.crop.margin);
      constexpr std::int64_t kStart = 4;  // of labels within the image: (24 - 15) / 2
      const auto place = [](std::int64_t, std::int64_t c, std::int64_t, std::int64_t y, std::int64_t x) {
        return c == 0 ? y : x;
      };
      HostTensor labels = filled(layout, 1, labelled, [](auto, auto, auto, std::int64_t y, std::int64_t x) {
        return (y + kStart) * 1000 + x + kStart;
      });
      if (dtype == DType::i32) {
        std::vector<std::int32_t> ids(labels.floats().begin(), labels.floats().end());
        labels = HostTensor::from_ints({4, labelled.height, labelled.width}, ids);
      }
      const auto shifted = [&](auto n, auto c, auto z, auto y, auto x) { return place(n, c, z, y, x) + kStart; };
      const std::vector<NamedTensor> batch = augmented(layout, augmentation,
                                                       {{"images", filled(layout, 2, source, place)},
                                                        {"labels", labels},
                                                        {"targets", filled(layout, 2, labelled, shifted)}});
      const std::vector<AugmentationDraw> draws = draws_of(layout, augmentation);
      REQUIRE(batch[0].values.shape == Shape{4, 2, 24, 24});
      REQUIRE(batch[2].values.shape == Shape{4, 2, 15, 15});
      int warped = 0;
      for (std::size_t n = 0; n < 4; ++n) {
        const AugmentationDraw& draw = draws[n];
        warped += draw.along_x[0] != 1 ? 1 : 0;
        for (std::size_t y = 0; y < 24; ++y)
          for (std::size_t x = 0; x < 24; ++x) {
            const auto image = [&](std::size_t c) {
              return static_cast<double>(batch[0].values.floats()[((n * 2 + c) * 24 + y) * 24 + x]);
            };
            const double py = static_cast<double>(y) - 11.5, px = static_cast<double>(x) - 11.5;
            const double bent = 1.9 * augmentation.elastic + 1e-3;
            CHECK(std::abs(draw.along_x[0] * px + draw.along_y[0] * py + draw.shift[0] + 11.5 +
                           static_cast<double>(layout.crop.margin.width) - image(1)) < bent);
            CHECK(std::abs(draw.along_x[1] * px + draw.along_y[1] * py + draw.shift[1] + 11.5 +
                           static_cast<double>(layout.crop.margin.height) - image(0)) < bent);
            if (y < kStart || x < kStart || y >= kStart + 15 || x >= kStart + 15) continue;
            const std::size_t at = (y - kStart) * 15 + x - kStart;
            const auto target = [&](std::size_t c) {
              return static_cast<double>(batch[2].values.floats()[(n * 2 + c) * 225 + at]);
            };
            CHECK(std::abs(target(0) - image(0)) < 1e-3);
            CHECK(std::abs(target(1) - image(1)) < 1e-3);
            const std::int32_t label = dtype == DType::i32
                                           ? batch[1].values.ints()[n * 225 + at]
                                           : static_cast<std::int32_t>(batch[1].values.floats()[n * 225 + at]);
            CHECK(std::abs(label / 1000 - image(0)) < 0.501);
            CHECK(std::abs(label % 1000 - image(1)) < 0.501);
          }
      }
      CHECK((warped > 0 && warped < 4));
    }
}

TEST_CASE("batch augmentation: volumes are turned in their slices, and scaled along all axes") {
  const Augmentation augmentation = parse_augmentation("rotate,scale=0.5,elastic=2");
  const BatchLayout layout = layout_of(CropSize({8, 16, 16}), augmentation, 3, 3);
  const auto place = [](std::int64_t, std::int64_t c, std::int64_t z, std::int64_t y, std::int64_t x) {
    return c == 0 ? z : c == 1 ? y : x;
  };
  const HostTensor images =
      augmented(layout, augmentation, {{"images", filled(layout, 3, source_size(layout), place)}})[0].values;
  const std::vector<AugmentationDraw> draws = draws_of(layout, augmentation);
  for (std::size_t n = 0; n < 4; ++n)
    for (std::size_t i = 0; i < 8 * 256; ++i) {
      const double wanted = draws[n].along_z[2] * (static_cast<double>(i / 256) - 3.5) + 3.5 +
                            static_cast<double>(layout.crop.margin.depth);
      CHECK(std::abs(static_cast<double>(images.floats()[n * 3 * 2048 + i]) - wanted) < 1e-3);
    }
}

TEST_CASE("batch augmentation: a sample that draws nothing stays as it is, bit for bit") {
  const Augmentation warps = parse_augmentation("rotate,scale,skew,elastic");
  Augmentation intensities = parse_augmentation("all");
  intensities.rotate = intensities.scale = intensities.skew = intensities.elastic = 0;
  for (const Augmentation& augmentation : {warps, intensities}) {
    BatchLayout layout = layout_of(CropSize({20, 20}), augmentation, 2);
    layout.batch = 1;
    layout.labels = DType::i32;
    SampleKey key = kFirst;
    const auto is_plain = [&] {
      const AugmentationDraw draw = draws_of(layout, augmentation, key)[0];
      const auto one = [](double value) { return value == 1; };
      return draw.along_x[0] == 1 && draw.background == std::array<float, 9>{} && draw.contrast == 1 &&
             draw.brightness == 0 && draw.blur == 0 && draw.noise == 0 && std::ranges::all_of(draw.exponents, one) &&
             std::ranges::all_of(draw.factors, one);
    };
    for (int i = 0; i < 5000 && !is_plain(); ++i) ++key.index;
    REQUIRE(is_plain());
    const ImageSize source = source_size(layout), margin = layout.crop.margin;
    const HostTensor images = random_images(layout);
    std::vector<std::int32_t> ids;
    for (std::int64_t i = 0; i < source.pixels(); ++i) ids.push_back(static_cast<std::int32_t>(i * 7));
    const std::vector<NamedTensor> batch =
        augmented(layout, augmentation,
                  {{"images", images}, {"labels", HostTensor::from_ints({1, source.height, source.width}, ids)}}, key);
    for (std::int64_t i = 0; i < 800; ++i) {
      const std::int64_t from = (i % 400 / 20 + margin.height) * source.width + i % 20 + margin.width;
      CHECK(batch[0].values.floats()[static_cast<std::size_t>(i)] ==
            images.floats()[static_cast<std::size_t>(i / 400 * source.pixels() + from)]);
      if (i < 400) CHECK(batch[1].values.ints()[static_cast<std::size_t>(i)] == ids[static_cast<std::size_t>(from)]);
    }
  }
}

TEST_CASE("batch augmentation: intensities change as their formulas say") {
  check_intensities("gamma=1", 2e-5, [](const AugmentationDraw& draw, std::span<const float> in) {
    std::vector<double> out = doubles(in);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = std::copysign(std::pow(std::abs(out[i]), draw.exponents[i / kPixels]), out[i]);
    return out;
  });
  check_intensities("contrast=1,brightness=0.3,color=0.5", 1e-5,
                    [](const AugmentationDraw& draw, std::span<const float> in) {
                      std::vector<double> out = doubles(in);
                      for (std::size_t c = 0; c < 2; ++c) {
                        double mean = 0;
                        for (std::size_t i = 0; i < kPixels; ++i) mean += out[c * kPixels + i] / kPixels;
                        for (std::size_t i = 0; i < kPixels; ++i) {
                          double& value = out[c * kPixels + i];
                          value = ((value - mean) * draw.contrast + mean) * draw.factors[c] + draw.brightness;
                        }
                      }
                      return out;
                    });
  check_intensities("blur=1", 1e-5, [](const AugmentationDraw& draw, std::span<const float> in) {
    std::vector<double> weights;
    double total = 0;
    for (int i = -3; i <= 3; ++i) weights.push_back(std::exp(-i * i / 2.0));
    for (const double weight : weights) total += weight;
    const auto blurred_along = [&](const std::vector<double>& from, int step_y, int step_x) {
      std::vector<double> to(from.size(), 0.0);
      const auto mirrored = [](int at) { return at < 0 ? -at : at > 32 ? 64 - at : at; };
      for (std::size_t i = 0; i < from.size(); ++i)
        for (int t = -3; t <= 3; ++t) {
          const int y = static_cast<int>(i % kPixels / 33), x = static_cast<int>(i % 33);
          const int at = mirrored(y + t * step_y) * 33 + mirrored(x + t * step_x);
          to[i] += weights[static_cast<std::size_t>(t + 3)] / total *
                   from[i / kPixels * kPixels + static_cast<std::size_t>(at)];
        }
      return to;
    };
    std::vector<double> out = doubles(in);
    const std::vector<double> blurred = blurred_along(blurred_along(out, 1, 0), 0, 1);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += draw.blur * (blurred[i] - out[i]);
    return out;
  });
}

TEST_CASE("batch augmentation: the background is smooth, alike in all channels, and passes through its points") {
  const Augmentation augmentation = parse_augmentation("background=0.5");
  const BatchLayout layout = layout_of(CropSize({33, 33}), augmentation, 2);
  const HostTensor images = random_images(layout);
  const HostTensor result = augmented(layout, augmentation, {{"images", images}})[0].values;
  const std::vector<AugmentationDraw> draws = draws_of(layout, augmentation);
  for (std::size_t n = 0; n < 4; ++n) {
    const auto added = [&](std::size_t c, std::size_t y, std::size_t x) {
      const std::size_t at = (n * 2 + c) * kPixels + y * 33 + x;
      return static_cast<double>(result.floats()[at]) - static_cast<double>(images.floats()[at]);
    };
    for (std::size_t i = 0; i < 9; ++i)
      CHECK(added(0, i / 3 * 16, i % 3 * 16) ==
            doctest::Approx(static_cast<double>(draws[n].background[i])).epsilon(1e-4));
    for (std::size_t y = 0; y < 33; ++y)
      for (std::size_t x = 0; x < 32; ++x) {
        CHECK(std::abs(added(0, y, x) - added(1, y, x)) < 1e-6);
        CHECK(std::abs(added(0, y, x + 1) - added(0, y, x)) < 0.25);
      }
  }
}

TEST_CASE("batch augmentation: noise has the deviation that was drawn, and is the same for a step") {
  const Augmentation augmentation = parse_augmentation("noise=0.5");
  const BatchLayout layout = layout_of(CropSize({64, 64}), augmentation, 1);
  const HostTensor images = random_images(layout);
  const HostTensor once = augmented(layout, augmentation, {{"images", images}})[0].values;
  CHECK(once.data == augmented(layout, augmentation, {{"images", images}})[0].values.data);
  std::vector<NamedTensor> other = {{"images", images}};
  BatchAugmenter(test_device(), layout, augmentation).apply(other, kFirst, 8);
  CHECK(once.data != other[0].values.data);
  const std::vector<AugmentationDraw> draws = draws_of(layout, augmentation);
  CHECK(std::ranges::any_of(draws, [](const AugmentationDraw& draw) { return draw.noise > 0; }));
  for (std::size_t n = 0; n < 4; ++n) {
    double squares = 0;
    for (std::size_t i = n * 4096; i < (n + 1) * 4096; ++i) {
      const double added = static_cast<double>(once.floats()[i]) - static_cast<double>(images.floats()[i]);
      squares += added * added;
    }
    CHECK(std::sqrt(squares / 4096) == doctest::Approx(draws[n].noise).epsilon(0.05));
  }
}

// Vectors of length 1 towards one point: a linear warp keeps lines straight, so they point to where it goes.
TEST_CASE("batch augmentation: fields of vectors are turned as what they lead through") {
  for (const char* list : {"rotate=180,scale=0.5", "rotate=180,skew=30,scale"}) {
    CAPTURE(list);
    const Augmentation augmentation = parse_augmentation(list);
    BatchLayout layout = layout_of({{32, 32}, {24, 24}}, augmentation, 1);
    layout.target_channels = 3;
    layout.vectors = 1;
    layout.nearest_targets = true;
    const ImageSize labelled = with_margin(layout.crop.label, layout.crop.margin);
    const double center_y = static_cast<double>(labelled.height) / 2 + 2.3,
                 center_x = static_cast<double>(labelled.width) / 2 - 3.4;
    const HostTensor targets =
        filled(layout, 3, labelled, [&](auto, std::int64_t c, auto, std::int64_t y, std::int64_t x) {
          const double dy = center_y - static_cast<double>(y), dx = center_x - static_cast<double>(x);
          const bool inside = x + y > 30;
          return !inside ? 0 : c == 0 ? 1 : (c == 1 ? dy : dx) / std::hypot(dy, dx);
        });
    HostTensor images(Shape{4, 1, source_size(layout).height, source_size(layout).width});
    const HostTensor result = augmented(layout, augmentation, {{"images", images}, {"targets", targets}})[1].values;
    const std::vector<AugmentationDraw> draws = draws_of(layout, augmentation);
    for (std::size_t n = 0; n < 4; ++n) {
      const AugmentationDraw& draw = draws[n];
      const double sy = center_y - (static_cast<double>(labelled.height) - 1) / 2,
                   sx = center_x - (static_cast<double>(labelled.width) - 1) / 2;
      const double det = draw.along_x[0] * draw.along_y[1] - draw.along_x[1] * draw.along_y[0];
      const double to_x = (draw.along_y[1] * sx - draw.along_y[0] * sy) / det;
      const double to_y = (draw.along_x[0] * sy - draw.along_x[1] * sx) / det;
      for (std::size_t y = 0; y < 24; ++y)
        for (std::size_t x = 0; x < 24; ++x) {
          const auto target = [&](std::size_t c) {
            return static_cast<double>(result.floats()[((n * 3 + c) * 24 + y) * 24 + x]);
          };
          const double dy = to_y - (static_cast<double>(y) - 11.5), dx = to_x - (static_cast<double>(x) - 11.5);
          const double length = std::hypot(dy, dx), own = std::hypot(target(1), target(2));
          CHECK((target(0) == 0 || target(0) == 1));
          CHECK(own == doctest::Approx(target(0)).epsilon(1e-4));
          if (target(0) == 1 && length > 6) CHECK((target(1) * dy + target(2) * dx) / length > 0.99);
        }
    }
  }
}

TEST_CASE("batch augmentation: without crops it flips and turns exactly") {
  const Augmentation augmentation = parse_augmentation("flip,rot90");
  BatchLayout layout = layout_of(CropSize({16, 16}), augmentation, 1);
  layout.turns = true;
  const HostTensor images = random_images(layout);
  const HostTensor result = augmented(layout, augmentation, {{"images", images}})[0].values;
  bool changed = false;
  for (std::size_t n = 0; n < 4; ++n) {
    const auto sorted = [&](const HostTensor& tensor) {
      std::vector<float> values(tensor.floats().begin() + static_cast<std::ptrdiff_t>(n * 256),
                                tensor.floats().begin() + static_cast<std::ptrdiff_t>(n * 256 + 256));
      std::ranges::sort(values);
      return values;
    };
    CHECK(sorted(images) == sorted(result));
    changed = changed || images.floats()[n * 256] != result.floats()[n * 256];
  }
  CHECK(changed);
}

namespace {

TrainOptions run_options(const std::string& model, const fs::path& data, const std::string& name) {
  TrainOptions options = default_options(model);
  options.images = (data / "images").string();
  options.masks = (data / "masks").string();
  options.out = (scratch_folder(name) / "run").string();
  options.base = 4;
  options.depth = 2;
  options.crop = 32;
  options.batch = 3;
  options.steps = 6;
  options.augment = "all";
  return options;
}

TrainingTask task_of(TrainOptions options) {
  validate(options);
  TrainingTask task;
  task.objective = dense_objective(options);
  task.options = options;
  task.run = options.out;
  check_training(task);
  return task;
}

std::vector<std::byte> weights_of(const TrainingTask& task) {
  std::vector<std::byte> weights;
  for (const StoredTensor& tensor : load_model_file(task.run / kLastModel).file.tensors)
    weights.insert(weights.end(), tensor.data.begin(), tensor.data.end());
  return weights;
}

}  // namespace

TEST_CASE("batch augmentation: training with it is the same twice, resumed, and from dumped batches") {
  const fs::path data = nuclei_folder("augmented_data");
  std::vector<double> losses;
  TrainingHooks watch;
  watch.step = [&](const StepReport& report) { losses.push_back(report.loss); };
  const TrainingTask whole = task_of(run_options("unet", data, "augmented_whole"));
  train(test_device(), whole, watch);
  const std::vector<double> expected = losses;
  REQUIRE(expected.size() == 6);

  TrainingTask parts = task_of(run_options("unet", data, "augmented_parts"));
  int steps = 0;
  TrainingHooks stopping;
  stopping.step = [&](const StepReport&) { ++steps; };
  stopping.stop = [&] { return steps == 2; };
  CHECK(train(test_device(), parts, stopping).stopped);
  parts.resume = load_model_file(parts.run / kLastModel);
  train(test_device(), parts);
  CHECK(weights_of(parts) == weights_of(whole));

  TrainOptions dumping = run_options("unet", data, "augmented_dump");
  dumping.dump = (fs::path(dumping.out).parent_path() / "dump").string();
  losses.clear();
  train(test_device(), task_of(dumping), watch);
  for (std::size_t i = 0; i < 6; ++i) CHECK(losses[i] == doctest::Approx(expected[i]).epsilon(1e-5));
  const SafeTensors batch = read_safetensors(fs::path(dumping.dump) / "batch_000000.safetensors");
  for (const StoredTensor& tensor : batch.tensors) CHECK(!tensor.name.starts_with("augment."));
  CHECK(batch.at("images").shape == std::vector<std::int64_t>{3, 1, 32, 32});
}

TEST_CASE("batch augmentation: every task learns from what it makes of its targets") {
  const fs::path data = nuclei_folder("augmented_tasks");
  const auto runs = [&](const std::string& model, void (*change)(TrainOptions&)) {
    CAPTURE(model);
    TrainOptions options = run_options(model, data, "augmented_" + model);
    options.steps = 4;
    change(options);
    std::vector<double> losses;
    TrainingHooks hooks;
    hooks.step = [&](const StepReport& report) { losses.push_back(report.loss); };
    train(test_device(), task_of(options), hooks);
    for (const double loss : losses) CHECK(std::isfinite(loss));
  };
  runs("unet",
       [](TrainOptions& options) { options.classes = 3, options.boundary = 1, options.class_weights = "1,2,3"; });
  runs("unet", [](TrainOptions& options) { options.padding = "valid", options.crop = 60; });
  runs("stardist", [](TrainOptions& options) { options.rays = 8; });
  runs("cellpose", [](TrainOptions&) {});
  runs("insilico", [](TrainOptions& options) { options.targets = options.masks, options.masks.clear(); });
}

TEST_CASE("batch augmentation: tasks that learn pixels as they are refuse it, and auto leaves it out") {
  const fs::path data = nuclei_folder("augmented_refusals");
  for (const char* model : {"denoiser", "superres"}) {
    TrainOptions options = run_options(model, data, "augmented_refused");
    options.masks.clear();
    options.crop = 16;
    if (options.model == "denoiser") options.noise = "gaussian:0.1";
    options.augment = "flip,rotate=15";
    CHECK_THROWS_WITH_AS(task_of(options), doctest::Contains("takes flip and rot90 alone"), Error);
    options.augment = "auto";
    CHECK(task_of(options).options.augment == "flip,rot90");
  }
  TrainOptions options = run_options("unet", data, "augmented_refused");
  options.augment = "auto";
  CHECK(parse_augmentation(task_of(options).options.augment) == parse_augmentation("all"));
}

}  // namespace tuff::test
