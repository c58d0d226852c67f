// Outputs and gradients of the networks against PyTorch's in float64, from tests/golden/networks.safetensors, which
// tests/parity/generate_networks_golden.py makes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "autodiff/gradient.h"
#include "io/safetensors.h"
#include "models/autoencoder.h"
#include "models/cellpose.h"
#include "models/classifier.h"
#include "models/deepmedic.h"
#include "models/fcn.h"
#include "models/rootpainter.h"
#include "models/segnet.h"
#include "models/srresnet.h"
#include "models/stardist.h"
#include "models/unet.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "runtime/compile.h"
#include "support/test_device.h"

namespace tuff::test {
namespace {

using Build = std::function<std::vector<Value>(Graph&, Value x)>;

const SafeTensors& golden() {
  static const SafeTensors file =
      read_safetensors(std::filesystem::path(TUFF_SOURCE_DIR) / "tests/golden/networks.safetensors");
  return file;
}

std::vector<double> doubles(const std::string& name) {
  const StoredTensor& tensor = golden().at(name);
  REQUIRE(tensor.dtype == "F64");
  std::vector<double> values(tensor.data.size() / sizeof(double));
  std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

// Every parameter and buffer is in the file, and nothing else is.
void restore(const std::string& network, ParameterStore& store) {
  for (const Variable& variable : store.variables())
    store.write(variable.name, golden().at(network + "/parameter/" + variable.name).tensor());
  std::size_t stored = 0;
  for (const StoredTensor& tensor : golden().tensors)
    stored += tensor.name.starts_with(network + "/parameter/") ? 1 : 0;
  CHECK(stored == store.variables().size());
}

void check_network(const std::string& network, const Build& build) {
  CAPTURE(network);
  const HostTensor x = golden().at(network + "/x").tensor();
  Graph graph;
  const std::vector<Value> outputs = build(graph, graph.input("x", x.shape));
  Value loss = graph.scalar(0);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    graph.output(fmt::format("y{}", i), outputs[i]);
    loss = add(loss, mean(square(outputs[i])));
  }
  std::vector<Value> parameters;
  std::vector<std::string> names;
  for (const Variable& variable : std::vector(graph.variables())) {
    if (variable.arena != "parameters") continue;
    names.push_back("d " + variable.name);
    parameters.push_back(
        graph.parameter(variable.name, variable.type.shape, variable.initializer, variable.type.layout));
  }
  const std::vector<Value> gradients = gradient(loss, parameters);
  for (std::size_t i = 0; i < gradients.size(); ++i) graph.output(names[i], gradients[i]);
  ParameterStore store(test_device(), graph);
  restore(network, store);
  const auto executable = compile(graph, test_device(), &store);
  executable->write("x", x);
  executable->run();

  double difference = 0, magnitude = 0, along = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const HostTensor expected = golden().at(fmt::format("{}/y{}", network, i)).tensor();
    const HostTensor actual = executable->read(fmt::format("y{}", i));
    REQUIRE(actual.shape == expected.shape);
    for (std::size_t element = 0; element < expected.floats().size(); ++element) {
      const auto exact = static_cast<double>(expected.floats()[element]);
      difference += std::pow(static_cast<double>(actual.floats()[element]) - exact, 2);
      magnitude += exact * exact;
    }
  }
  for (const std::string& name : names) {
    const HostTensor values = executable->read(name);
    for (std::size_t i = 0; i < values.floats().size(); ++i)
      along += static_cast<double>(values.floats()[i]) * std::cos(static_cast<double>(i));
  }
  const double away = std::sqrt(difference / magnitude);
  const double gradient_away = std::abs(along / doubles(network + "/gradient")[0] - 1);
  const std::vector<double> torch = doubles(network + "/float32");
  MESSAGE(fmt::format("{}: outputs {:.1e} (PyTorch {:.1e}), gradient {:.1e} ({:.1e})", network, away, torch[0],
                      gradient_away, torch[1]));
  CHECK(away < 1e-5);
  CHECK(gradient_away < 1e-4);
}

}  // namespace

TEST_CASE("parity with PyTorch: U-Nets with residual blocks, attention, shuffled pixels, flat levels, two outputs") {
  check_network("unet_gated", [](Graph& graph, Value x) {
    const UNetOutputs outputs = unet_outputs(graph, x,
                                             {.out_channels = 2,
                                              .base = 4,
                                              .depth = 2,
                                              .norm = NormKind::group,
                                              .block = UNetConfig::Block::residual,
                                              .activation = ActivationKind::prelu,
                                              .attention = true,
                                              .coordinates = true,
                                              .deep_supervision = 1},
                                             false);
    return std::vector{outputs.logits, outputs.lower[0]};
  });
  check_network("unet_shuffled", [](Graph& graph, Value x) {
    return std::vector{unet(graph, x,
                            {.base = 2,
                             .depth = 1,
                             .padding = Padding::valid,
                             .up = Upsampling::pixel_shuffle,
                             .block = UNetConfig::Block::residual},
                            false)};
  });
  check_network("unet_flat", [](Graph& graph, Value x) {
    return std::vector{unet(graph, x,
                            {.out_channels = 2,
                             .base = 2,
                             .depth = 2,
                             .norm = NormKind::instance,
                             .rank = 3,
                             .block = UNetConfig::Block::separable,
                             .attention = true,
                             .flat_levels = 1},
                            false)};
  });
}

TEST_CASE("parity with PyTorch: StarDist, Cellpose, RootPainter") {
  check_network("stardist", [](Graph& graph, Value x) {
    const StarDistOutputs outputs = stardist(
        graph, x,
        {.net = {.base = 2, .depth = 1, .norm = NormKind::none}, .rays = 8, .features = 6, .classes = 2, .grid = 2},
        false);
    return std::vector{outputs.probability, outputs.distances, outputs.classes};
  });
  check_network("cellpose", [](Graph& graph, Value x) {
    const CellposeOutputs outputs = cellpose(graph, x, {.base = 3, .depth = 2}, false);
    return std::vector{outputs.output, outputs.style};
  });
  check_network("rootpainter", [](Graph& graph, Value x) {
    return std::vector{rootpainter(graph, x, {.width = 6, .depth = 2, .groups = 2}, false)};
  });
}

TEST_CASE("parity with PyTorch: FCN, SegNet, DeepMedic") {
  check_network("fcn", [](Graph& graph, Value x) {
    return std::vector{fcn(graph, x, {.base = 2, .wide = 4, .convolutions = {1, 1, 1, 1, 1}}, false)};
  });
  check_network("segnet", [](Graph& graph, Value x) {
    return std::vector{segnet(graph, x, {.out_channels = 2, .base = 3, .depth = 2}, false)};
  });
  check_network("deepmedic", [](Graph& graph, Value x) {
    return std::vector{deepmedic(graph, x, {.channels = {2, 2, 3, 3, 3, 4}, .classifier = {5}, .rank = 2}, false)};
  });
}

TEST_CASE("parity with PyTorch: SRResNet, SRGAN's discriminator, classifier, autoencoder") {
  check_network("srresnet", [](Graph& graph, Value x) {
    return std::vector{srresnet(graph, x, {.features = 3, .blocks = 2}, false)};
  });
  check_network("srresnet_skip", [](Graph& graph, Value x) {
    const SrResNetConfig config{.in_channels = 2,
                                .out_channels = 2,
                                .features = 3,
                                .blocks = 2,
                                .upscale = 2,
                                .norm = NormKind::none,
                                .global_skip = SrResNetConfig::GlobalSkip::bicubic};
    return std::vector{srresnet(graph, x, config, false)};
  });
  check_network("discriminator", [](Graph& graph, Value x) {
    return std::vector{discriminator(graph, x, {.side = 12, .base = 2, .pairs = 2, .dense = 5}, false)};
  });
  check_network("classifier", [](Graph& graph, Value x) {
    return std::vector{
        classifier(graph, x, {.in_channels = 2, .classes = 3, .side = 18, .stages = {3, 4}, .dense = {5}}, false)};
  });
  check_network("autoencoder", [](Graph& graph, Value x) {
    const AutoencoderConfig config{.side = 16, .base = 2, .latent = 3};
    const Value code = autoencoder_encode(graph, x, config);
    return std::vector{autoencoder_decode(graph, code, config), code};
  });
}

}  // namespace tuff::test
