// What networks promise about results, on a device: that pixels matter exactly as far as the geometry says, that dense
// maps are what a sliding window gives, that rotations commute, and filters that parameters start with.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/philox.h"
#include "models/classifier.h"
#include "models/deepmedic.h"
#include "models/fcn.h"
#include "models/illumination.h"
#include "models/layers.h"
#include "models/noisy_and.h"
#include "models/p4.h"
#include "models/segnet.h"
#include "models/srresnet.h"
#include "models/stardist.h"
#include "models/unet.h"
#include "ops/resize.h"
#include "runtime/compile.h"
#include "support/test_device.h"

namespace tuff::test {
namespace {

using Build = std::function<Value(Graph&, Value x)>;

// A network of one input and output with the weights that its initializers and a seed give.
struct Network {
  Graph graph;
  std::unique_ptr<ParameterStore> store;
  std::unique_ptr<Executable> executable;

  Network(const Shape& shape, const Build& build) {
    graph.output("y", build(graph, graph.input("x", shape)));
    store = std::make_unique<ParameterStore>(test_device(), graph);
    store->initialize(1);
    executable = compile(graph, test_device(), store.get());
  }

  HostTensor operator()(const HostTensor& x) {
    executable->write("x", x);
    executable->run();
    return executable->read("y");
  }
};

HostTensor noise(const Shape& shape, std::uint64_t seed) {
  HostTensor values(shape);
  PhiloxStream draws(seed, 0, 0);
  for (float& value : values.floats()) value = static_cast<float>(draws.normal());
  return values;
}

// All weights positive: no effect of a pixel cancels, and a large one drowns in nothing.
void make_positive(ParameterStore& store) {
  for (const Variable& variable : store.variables()) {
    HostTensor values = store.read(variable.name);
    for (float& value : values.floats()) value = std::abs(value) + 0.01f;
    store.write(variable.name, values);
  }
}

// Farthest distance from output pixel o to an input pixel that changes it, where o lies at (o * stride + margin); 1-D.
std::int64_t measured_radius(const Build& build, std::int64_t extent, std::int64_t margin, std::int64_t stride = 1,
                             std::int64_t scale = 1) {
  Network network({1, 1, extent}, build);
  make_positive(*network.store);
  HostTensor x = noise({1, 1, extent}, 3);
  for (float& value : x.floats()) value = std::abs(value);
  const HostTensor before = network(x);
  std::int64_t radius = 0;
  for (std::int64_t pixel = extent / 2 - 16; pixel < extent / 2 + 16; ++pixel) {
    HostTensor other = x;
    other.floats()[static_cast<std::size_t>(pixel)] = 1e12f;
    const HostTensor after = network(other);
    const std::int64_t outputs = after.shape[2];
    for (std::int64_t i = 0; i < after.shape.elements(); ++i) {
      if (after.floats()[static_cast<std::size_t>(i)] == before.floats()[static_cast<std::size_t>(i)]) continue;
      radius = std::max(radius, std::abs(i % outputs * stride / scale + margin - pixel));
    }
  }
  return radius;
}

void check_close(const HostTensor& a, const HostTensor& b, double tolerance = 1e-5) {
  REQUIRE(a.shape == b.shape);
  double away = 0, largest = 0;
  for (std::size_t i = 0; i < a.floats().size(); ++i) {
    away = std::max(away, std::abs(static_cast<double>(a.floats()[i]) - static_cast<double>(b.floats()[i])));
    largest = std::max(largest, std::abs(static_cast<double>(b.floats()[i])));
  }
  CHECK(largest > 0.01);
  CHECK(away <= tolerance * std::max(largest, 1.0));
}

// The last two axes turned counterclockwise.
HostTensor turned(const HostTensor& x) {
  const std::int64_t rows = x.shape[2], columns = x.shape[3], images = x.shape.elements() / (rows * columns);
  HostTensor y(Shape{x.shape[0], x.shape[1], columns, rows});
  for (std::int64_t image = 0; image < images; ++image)
    for (std::int64_t i = 0; i < columns; ++i)
      for (std::int64_t j = 0; j < rows; ++j)
        y.floats()[static_cast<std::size_t>((image * columns + i) * rows + j)] =
            x.floats()[static_cast<std::size_t>((image * rows + j) * columns + columns - 1 - i)];
  return y;
}

}  // namespace

TEST_CASE("networks: pixels matter as far as the U-Net's geometry says, and no farther") {
  for (const auto up : {Upsampling::transpose, Upsampling::bilinear, Upsampling::pixel_shuffle})
    for (const auto padding : {Padding::same, Padding::valid}) {
      const UNetConfig config{.base = 2, .depth = 2, .padding = padding, .norm = NormKind::none, .up = up, .rank = 1};
      const std::int64_t extent = unet_axis(config).nearest_sizes(95).second;
      const std::int64_t margin = (extent - unet_axis(config).output_size(extent)) / 2;
      const auto build = [&](Graph& graph, Value x) { return unet(graph, x, config, false); };
      CHECK(measured_radius(build, extent, margin) == unet_axis(config).receptive_radius());
    }
  for (const auto block : {UNetConfig::Block::residual, UNetConfig::Block::separable}) {
    const UNetConfig config{
        .base = 2, .depth = 2, .norm = NormKind::none, .rank = 1, .block = block, .attention = false};
    const auto build = [&](Graph& graph, Value x) { return unet(graph, x, config, false); };
    CHECK(measured_radius(build, 96, 0) == unet_axis(config).receptive_radius());
  }
  // Where a gate is saturated its factor doesn't move: at most so far.
  const UNetConfig gated{.base = 2, .depth = 2, .norm = NormKind::none, .rank = 1, .attention = true};
  const auto build = [&](Graph& graph, Value x) { return unet(graph, x, gated, false); };
  CHECK(measured_radius(build, 96, 0) <= unet_axis(gated).receptive_radius());
}

TEST_CASE("networks: pixels matter as far as the geometry of the other networks says") {
  const StarDistConfig star{
      .net = {.base = 2, .depth = 1, .norm = NormKind::none, .rank = 1}, .features = 2, .grid = 2};
  const auto distances = [&](Graph& graph, Value x) { return stardist(graph, x, star, false).distances; };
  // The radius counts all pixels of a result's cell, of which the last is one farther.
  const std::int64_t far = measured_radius(distances, 96, 0, 2);
  CHECK(far <= stardist_axis(star).receptive_radius());
  CHECK(far >= stardist_axis(star).receptive_radius() - 1);

  const FcnConfig score{.base = 1, .wide = 1, .convolutions = {1, 1, 1, 1, 1}, .norm = NormKind::none, .rank = 1};
  for (const auto variant : {FcnConfig::Variant::fcn32s, FcnConfig::Variant::fcn8s}) {
    FcnConfig config = score;
    config.variant = variant;
    const auto build = [&](Graph& graph, Value x) { return fcn(graph, x, config, false); };
    CHECK(measured_radius(build, 448, 0) == fcn_axis(config).receptive_radius());
  }
  const SegNetConfig unpooled{.base = 2, .depth = 2, .norm = NormKind::none, .rank = 1};
  const auto segmented = [&](Graph& graph, Value x) { return segnet(graph, x, unpooled, false); };
  const std::int64_t measured = measured_radius(segmented, 96, 0);
  CHECK(measured <= segnet_axis(unpooled).receptive_radius());
  CHECK(measured > segnet_axis(unpooled).receptive_radius() / 2);

  const DeepMedicConfig medic{
      .channels = {2, 2, 2, 2}, .factors = {3}, .classifier = {2}, .norm = NormKind::none, .rank = 1};
  const auto pathways = [&](Graph& graph, Value x) { return deepmedic(graph, x, medic, false); };
  CHECK(measured_radius(pathways, 60 + 2 * deepmedic_axis(medic).margin(), deepmedic_axis(medic).margin()) ==
        deepmedic_axis(medic).receptive_radius());

  const SrResNetConfig enlarged{
      .in_channels = 1, .features = 2, .blocks = 1, .upscale = 2, .norm = NormKind::none, .rank = 1};
  const auto build = [&](Graph& graph, Value x) { return srresnet(graph, x, enlarged, false); };
  CHECK(measured_radius(build, 64, 0, 1, 2) == srresnet_axis(enlarged).receptive_radius());
}

TEST_CASE("networks: a classifier's map over an image is what it says of each patch") {
  for (int rank = 1; rank <= 3; ++rank)
    for (const auto& [norm, stride] : {std::pair<NormKind, std::int64_t>{NormKind::none, 4},
                                       {NormKind::batch, 4},
                                       {NormKind::batch, 1},
                                       {NormKind::none, 2},
                                       {NormKind::none, 8}}) {
      const ClassifierConfig config{
          .in_channels = 2, .classes = 3, .side = 18, .stages = {3, 4}, .dense = {5}, .norm = norm, .rank = rank};
      const std::int64_t extent = rank == 3 ? 23 : 31, map = classifier_map_size(config, extent, stride);
      std::vector<std::int64_t> extents = {1, 2};
      extents.resize(static_cast<std::size_t>(rank + 2), extent);
      Network dense(Shape(extents), [&, every = stride](Graph& graph, Value x) {
        return classifier_map(graph, x, config, false, {}, every);
      });
      for (const Variable& variable : dense.store->variables())
        if (variable.name.ends_with("running_mean")) dense.store->write(variable.name, noise(variable.type.shape, 5));
      const HostTensor image = noise(Shape(extents), 4);
      const HostTensor expected = dense(image);

      std::int64_t patches = 1, patch = 1;
      for (int axis = 0; axis < rank; ++axis) patches *= map, patch *= config.side;
      std::vector<std::int64_t> cut = {patches, 2};
      cut.resize(static_cast<std::size_t>(rank + 2), config.side);
      HostTensor windows{Shape(cut)};
      for (std::int64_t i = 0; i < windows.shape.elements(); ++i) {
        std::int64_t inside = i % patch, which = i / (2 * patch), place = 0, step = 1;
        for (int axis = 0; axis < rank; ++axis) {  // from the last axis on
          place += step * (inside % config.side + which % map * stride);
          inside /= config.side, which /= map, step *= extent;
        }
        windows.floats()[static_cast<std::size_t>(i)] =
            image.floats()[static_cast<std::size_t>(i / patch % 2 * step + place)];
      }
      Graph graph;
      graph.output("y", classifier(graph, graph.input("x", windows.shape), config, false));
      const auto executable = compile(graph, test_device(), dense.store.get());
      executable->write("x", windows);
      executable->run();
      const HostTensor logits = executable->read("y");
      HostTensor sorted(expected.shape);  // (classes, place) of (place, classes)
      for (std::int64_t i = 0; i < patches * 3; ++i)
        sorted.floats()[static_cast<std::size_t>(i % 3 * patches + i / 3)] =
            logits.floats()[static_cast<std::size_t>(i)];
      check_close(sorted, expected);
    }
}

TEST_CASE("networks: p4 features turn with the image, and p4 logits don't change") {
  for (const auto norm : {NormKind::none, NormKind::batch}) {
    const P4ClassifierConfig config{.in_channels = 2, .stages = {3, 4}, .norm = norm};
    const HostTensor image = noise({2, 2, 12, 8}, 6);
    const auto features = [&](Graph& graph, Value x) { return p4_features(graph, x, config, false); };
    const auto logits = [&](Graph& graph, Value x) { return p4_classifier(graph, x, config, false); };
    Network lying({2, 2, 12, 8}, features), standing({2, 2, 8, 12}, features);
    const HostTensor expected = turned(lying(image)), actual = standing(turned(image));
    check_close(actual, expected);
    Network one({2, 2, 12, 8}, logits), other({2, 2, 8, 12}, logits);
    check_close(other(turned(image)), one(image));
  }
}

TEST_CASE("networks: Noisy-AND is the paper's formula, 0 and 1 at its ends") {
  const Shape shape{3, 2, 4, 5};
  Network pooling(shape, [](Graph& graph, Value x) { return noisy_and(graph, x, "pool", 7.5f); });
  pooling.store->write("pool.threshold", HostTensor::from_floats({2}, std::vector<float>{0.3f, 1.4f}));
  HostTensor logits = noise(shape, 7);
  std::fill_n(logits.floats().begin(), 20, -40.0f);      // sample 0, class 0: no pixel
  std::fill_n(logits.floats().begin() + 20, 20, 40.0f);  // class 1: all
  const HostTensor y = pooling(logits);
  const auto logistic = [](double v) { return 1 / (1 + std::exp(-v)); };
  for (std::size_t i = 0; i < 6; ++i) {
    double share = 0;
    for (std::size_t pixel = 0; pixel < 20; ++pixel)
      share += logistic(static_cast<double>(logits.floats()[i * 20 + pixel])) / 20;
    const double b = i % 2 == 0 ? 0.3 : 1, a = 7.5;  // 1.4 counts as 1
    const double expected = (logistic(a * (share - b)) - logistic(-a * b)) / (logistic(a * (1 - b)) - logistic(-a * b));
    CHECK(static_cast<double>(y.floats()[i]) == doctest::Approx(expected).epsilon(1e-5));
  }
  CHECK(std::abs(y.floats()[0]) < 1e-6f);
  CHECK(y.floats()[1] == doctest::Approx(1));
}

TEST_CASE("networks: a learned interpolation begins as the linear one, within the image") {
  const Shape shape{1, 2, 6, 7};
  Network learned(shape, [](Graph& graph, Value x) { return Layers(graph, {}).learned_interpolation(x, "up", 4); });
  Network fixed(shape, [](Graph& graph, Value x) {
    graph.parameter("unused", {1}, Initializer::constant(0));
    return resize(x, {.scale = {4}, .mode = ResizeMode::bilinear});
  });
  const HostTensor image = noise(shape, 8), a = learned(image), b = fixed(image);
  REQUIRE(a.shape == b.shape);
  for (std::int64_t i = 0; i < a.shape.elements(); ++i) {
    const std::int64_t row = i / 28 % 24, column = i % 28;
    if (row < 2 || row >= 22 || column < 2 || column >= 26) continue;  // beyond there is nothing, not the edge again
    const auto at = static_cast<std::size_t>(i);
    CHECK(std::abs(a.floats()[at] - b.floats()[at]) < 1e-5f);
  }
}

TEST_CASE("networks: patterns of light are never negative and sum to 1") {
  const IlluminationConfig config{.lamps = 5, .patterns = 3};
  Graph graph;
  graph.output("w", illumination_weights(graph, config));
  graph.output("y", illumination(graph, graph.input("x", {1, 5, 2, 2}), config));
  ParameterStore store(test_device(), graph);
  store.initialize(2);
  const auto executable = compile(graph, test_device(), &store);
  const HostTensor x = noise({1, 5, 2, 2}, 9);
  executable->write("x", x);
  executable->run();
  const HostTensor weights = executable->read("w"), y = executable->read("y");
  for (std::size_t pattern = 0; pattern < 3; ++pattern) {
    double sum = 0, mixed = 0;
    for (std::size_t lamp = 0; lamp < 5; ++lamp) {
      const auto weight = static_cast<double>(weights.floats()[pattern * 5 + lamp]);
      CHECK(weight > 0);
      sum += weight;
      mixed += weight * static_cast<double>(x.floats()[lamp * 4 + 3]);
    }
    CHECK(sum == doctest::Approx(1));
    CHECK(static_cast<double>(y.floats()[pattern * 4 + 3]) == doctest::Approx(mixed).epsilon(1e-5));
  }
}

}  // namespace tuff::test
