// Norms of layers and parameters against a reference on the host.
#include "train/layer_norms.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "models/layers.h"
#include "ops/adam.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "support/test_device.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

const std::vector<double> kPixels = {-2, -1, -0.5, 0.25, 0.5, 1, 2, 3};
constexpr double kFirst = 0.7, kFirstBias = -0.1, kLast = -1.5, kLastBias = 0.3;

// 1x1 convolutions of one channel: last(relu(first(x))), and the mean of squares.
std::unique_ptr<Graph> step_graph() {
  auto graph = std::make_unique<Graph>();
  Layers layers(*graph, {.rank = 2, .training = true, .norm = NormKind::none});
  const auto count = static_cast<std::int64_t>(kPixels.size());
  Value x = graph->input("images", {2, 1, 1, count / 2});
  {
    const auto scope = graph->scope("augment");  // is no layer
    x = neg(neg(x));
  }
  x = layers.convolution(x, "first", 1, {.kernel = {1}});
  {
    const auto scope = graph->scope("rectify");
    x = relu(x);
  }
  x = layers.convolution(x, "last", 1, {.kernel = {1}});
  const Value step_state = graph->input("step_state", {kStepStateElements});
  const Value loss = mean(square(x));
  graph->output("loss", loss);
  add_update(*graph, loss, step_state, {});
  return graph;
}

double rms(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

struct Reference {
  std::vector<double> first, rectified, last;        // outputs
  std::vector<double> d_first, d_rectified, d_last;  // gradients
  double d_weight = 0, d_bias = 0, zeros = 0;        // of "first"

  Reference() {
    const auto n = static_cast<double>(kPixels.size());
    for (const double x : kPixels) {
      const double y = kFirst * x + kFirstBias, r = std::max(0.0, y), z = kLast * r + kLastBias;
      first.push_back(y);
      rectified.push_back(r);
      last.push_back(z);
      d_last.push_back(2 * z / n);
      d_rectified.push_back(kLast * d_last.back());
      d_first.push_back(y > 0 ? d_rectified.back() : 0);
      d_weight += d_first.back() * x;
      d_bias += d_first.back();
      zeros += r == 0 ? 1 / n : 0;
    }
  }
};

void write_scalar(ParameterStore& store, const std::string& name, double value) {
  HostTensor tensor = store.read(name);
  for (float& element : tensor.floats()) element = static_cast<float>(value);
  store.write(name, tensor);
}

const LayerNorm& find(const std::vector<LayerNorm>& norms, const std::string& name) {
  const auto found = std::ranges::find_if(norms, [&](const LayerNorm& norm) { return norm.name == name; });
  REQUIRE_MESSAGE(found != norms.end(), name);
  return *found;
}

}  // namespace

TEST_CASE("layer norms: outputs, their gradients and zeros are those of the host's reference") {
  const auto graph = step_graph();
  ParameterStore store(test_device(), *graph);
  write_scalar(store, "first.weight", kFirst);
  write_scalar(store, "first.bias", kFirstBias);
  write_scalar(store, "last.weight", kLast);
  write_scalar(store, "last.bias", kLastBias);
  HostTensor images(Shape{2, 1, 1, static_cast<std::int64_t>(kPixels.size()) / 2});
  std::ranges::transform(kPixels, images.floats().begin(), [](double pixel) { return static_cast<float>(pixel); });
  const std::vector<NamedTensor> batch = {{"images", images}, {"step_state", step_state_tensor({}, 1e-3, 0)}};
  const Reference expected;

  const LayerNormGraph layers = layer_norm_graph(*graph);
  CHECK(layers.layers == std::vector<std::string>{"first", "rectify", "last"});
  const auto norms = measure_layers(layers, planned(*layers.graph, test_device().caps()), test_device(), store, batch);
  CHECK(find(norms, "first").rms == doctest::Approx(rms(expected.first)).epsilon(1e-5));
  CHECK(find(norms, "rectify").rms == doctest::Approx(rms(expected.rectified)).epsilon(1e-5));
  CHECK(find(norms, "last").rms == doctest::Approx(rms(expected.last)).epsilon(1e-5));
  CHECK(find(norms, "first").gradient_rms == doctest::Approx(rms(expected.d_first)).epsilon(1e-5));
  CHECK(find(norms, "rectify").gradient_rms == doctest::Approx(rms(expected.d_rectified)).epsilon(1e-5));
  CHECK(find(norms, "last").gradient_rms == doctest::Approx(rms(expected.d_last)).epsilon(1e-5));
  CHECK(find(norms, "first").zeros == 0);
  CHECK(find(norms, "rectify").zeros == doctest::Approx(expected.zeros).epsilon(1e-6));

  const auto step = compile(*graph, test_device(), &store);
  for (const NamedTensor& tensor : batch) step->write(tensor.name, tensor.values);
  step->run();
  step->wait();
  const auto parameters = measure_parameters(store);
  CHECK(parameters.size() == 4);
  CHECK(find(parameters, "first.weight").gradient_rms == doctest::Approx(std::abs(expected.d_weight)).epsilon(1e-5));
  CHECK(find(parameters, "first.bias").gradient_rms == doctest::Approx(std::abs(expected.d_bias)).epsilon(1e-5));
  CHECK(find(parameters, "first.weight").matrix);
  CHECK_FALSE(find(parameters, "first.bias").matrix);
  CHECK(find(measure_parameters(store, 4), "first.weight").gradient_rms ==
        doctest::Approx(std::abs(expected.d_weight) / 4).epsilon(1e-5));

  // The norm of all gradients, that the step itself gives.
  double squares = 0;
  for (const LayerNorm& parameter : parameters) squares += parameter.gradient_rms * parameter.gradient_rms;
  CHECK(step->read(kGradientNorm).floats()[0] == doctest::Approx(std::sqrt(squares)).epsilon(1e-5));
}

}  // namespace tuff::test
