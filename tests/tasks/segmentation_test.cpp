// Losses of pixels that count more, less or not at all, and what masks become.
#include "tasks/segmentation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "autodiff/gradient.h"
#include "instances/borders.h"
#include "runtime/compile.h"
#include "support/test_device.h"
#include "tasks/networks.h"

namespace tuff::test {
namespace {

constexpr std::int64_t kSide = 6, kPixels = 2 * kSide * kSide;  // a batch of two

struct Loss {
  float value = 0;
  std::vector<float> gradient;  // of the logits
};

TrainOptions options_of(const std::string& loss, std::int64_t classes) {
  TrainOptions options = default_options("unet");
  if (loss == "focal") options.focal_gamma = 1.5;  // a power of what is negative is no number
  options.classes = classes;
  options.loss = loss;
  validate(options);
  return options;
}

// Of logits that are always the same.
Loss loss_of(const TrainOptions& options, const std::vector<std::int32_t>& labels, const std::vector<float>& weights) {
  Graph graph;
  const std::int64_t classes = options.classes;
  const Value logits = graph.input("logits", {2, classes, kSide, kSide});
  const Value truth =
      classes > 1 ? graph.input("labels", {2, kSide, kSide}, DType::i32) : graph.input("labels", {2, 1, kSide, kSide});
  const Value weight = weights.empty() ? Value{} : graph.input("weights", {2, 1, kSide, kSide});
  const Value loss = training_loss(logits, truth, options, weight);
  graph.output("loss", loss);
  const Value wrt[] = {logits};
  graph.output("gradient", gradient(loss, wrt).front());
  const auto executable = compile(graph, test_device(), nullptr);
  std::mt19937 random(5);
  std::uniform_real_distribution<float> values(-2, 2);
  HostTensor x(Shape{2, classes, kSide, kSide});
  for (float& value : x.floats()) value = values(random);
  executable->write("logits", x);
  if (classes > 1)
    executable->write("labels", HostTensor::from_ints({2, kSide, kSide}, labels));
  else
    executable->write("labels",
                      HostTensor::from_floats({2, 1, kSide, kSide}, std::vector<float>(labels.begin(), labels.end())));
  if (weight) executable->write("weights", HostTensor::from_floats({2, 1, kSide, kSide}, weights));
  executable->run();
  const HostTensor result = executable->read("gradient");
  return {executable->read("loss").floats()[0], {result.floats().begin(), result.floats().end()}};
}

std::vector<std::int32_t> random_labels(std::int64_t classes, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::int32_t> labels(kPixels);
  for (std::int32_t& label : labels)
    label = static_cast<std::int32_t>(random() % static_cast<unsigned>(std::max<std::int64_t>(2, classes)));
  return labels;
}

}  // namespace

TEST_CASE("segmentation: pixels of weight 0 change neither loss nor gradient; weights of 1 change nothing") {
  const std::vector<std::pair<std::string, std::int64_t>> losses = {
      {"bce", 1}, {"dice", 1}, {"bce+dice", 1}, {"tversky", 1}, {"focal", 1},
      {"ce", 3},  {"dice", 3}, {"ce+dice", 3},  {"tversky", 3}, {"focal", 3}};
  for (const auto& [name, classes] : losses) {
    CAPTURE(name);
    CAPTURE(classes);
    const TrainOptions options = options_of(name, classes);
    std::vector<std::int32_t> labels = random_labels(classes, 1);
    const Loss plain = loss_of(options, labels, {});
    const Loss ones = loss_of(options, labels, std::vector<float>(kPixels, 1.0f));
    CHECK(ones.value == doctest::Approx(plain.value).epsilon(1e-5));
    std::vector<float> weights(kPixels, 1.0f);
    std::fill_n(weights.begin(), 20, 0.0f);
    const Loss masked = loss_of(options, labels, weights);
    CHECK(masked.value != doctest::Approx(plain.value).epsilon(1e-5));
    for (std::size_t i = 0; i < 20; ++i) labels[i] = classes > 1 ? (labels[i] + 1) % 3 : 1 - labels[i];
    const Loss other = loss_of(options, labels, weights);
    CHECK(other.value == masked.value);
    CHECK(other.gradient == masked.gradient);
    for (std::size_t i = 0; i < 20; ++i) labels[i] = -1;  // as undefined pixels are
    const Loss undefined = loss_of(options, labels, weights);
    CHECK(undefined.value == doctest::Approx(masked.value).epsilon(1e-5));
    for (std::size_t i = 0; i < masked.gradient.size(); ++i)
      CHECK(undefined.gradient[i] == doctest::Approx(masked.gradient[i]).epsilon(1e-4).scale(1e-4));
    const Loss nothing = loss_of(options, std::vector<std::int32_t>(kPixels, -1), std::vector<float>(kPixels, 0.0f));
    CHECK(std::isfinite(nothing.value));
    for (const float value : nothing.gradient) CHECK(value == 0);
  }
}

TEST_CASE("segmentation: ids of objects become classes, and weights of pixels") {
  Sample sample;
  sample.image = Image(1, 8, 9);
  sample.labels.assign(72, 0);
  for (std::size_t y = 2; y < 6; ++y)
    for (const std::size_t x : {1u, 2u, 3u, 5u, 6u, 7u}) sample.labels[y * 9 + x] = x < 4 ? 4 : 9;
  Labels labels(1, 8, 9);
  labels.ids = sample.labels;
  TrainOptions options = default_options("unet");
  options.border_weight = 7;
  options.class_weights = "1,2";
  validate(options);
  Sample weighted = sample;
  segmentation_task(options, make_network(options, 1))->prepare(weighted);
  CHECK(weighted.labels[2 * 9 + 1] == 1);
  CHECK(weighted.labels[0] == 0);
  const std::vector<float> extra = border_weights(labels, 7, 5);
  CHECK(extra[3 * 9 + 4] > 5);  // the gap
  for (std::size_t i = 0; i < 72; ++i)
    CHECK(weighted.targets.values[i] == doctest::Approx(sample.labels[i] != 0 ? 2 : 1 + extra[i]));

  TrainOptions boundary = default_options("unet");
  boundary.boundary = 1;
  boundary.classes = 3;
  validate(boundary);
  Sample three = sample;
  segmentation_task(boundary, make_network(boundary, 1))->prepare(three);
  CHECK(three.labels == boundary_classes(labels));
}

}  // namespace tuff::test
