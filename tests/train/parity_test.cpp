// Training against PyTorch's in float64, from the committed files that tests/parity/generate_golden.py makes (it says
// what they hold): first step, 20 steps of SGD, 20 of Adam, through the graph that `tuff train` runs.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "io/safetensors.h"
#include "runtime/compile.h"
#include "support/test_device.h"
#include "tasks/networks.h"
#include "tasks/segmentation.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

constexpr std::int64_t kSteps = 20;

std::vector<double> doubles(const StoredTensor& tensor) {
  REQUIRE(tensor.dtype == "F64");
  std::vector<double> values(tensor.data.size() / sizeof(double));
  std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

// Number `index` along the first axis.
HostTensor part(const HostTensor& all, std::int64_t index) {
  const std::vector<std::int64_t>& extents = all.shape.extents();
  HostTensor result(Shape(std::vector<std::int64_t>(extents.begin() + 1, extents.end())), all.dtype);
  std::memcpy(result.data.data(), all.data.data() + static_cast<std::size_t>(index) * result.data.size(),
              result.data.size());
  return result;
}

// One network with its weights on the test device.
struct Training {
  const SafeTensors& golden;
  TrainOptions options;
  HostTensor images = golden.at("images").tensor();
  HostTensor labels = golden.at("labels").tensor();
  std::unique_ptr<Graph> graph;
  std::unique_ptr<ParameterStore> store;
  std::unique_ptr<Executable> executable;

  Training(const SafeTensors& file, const std::string& optimizer) : golden(file) {
    apply_json(options, golden.metadata.at("options"), "golden");  // with the learning rate of SGD
    options.optimizer = optimizer;
    options.momentum = 0;
    if (optimizer == "adam") options.lr = 1e-3;
    validate(options);
    graph = training_graph(make_network(options, images.shape[2]), options);
    store = std::make_unique<ParameterStore>(test_device(), *graph);
    for (const Variable& variable : store->variables())
      store->write(variable.name, golden.at("initial." + variable.name).tensor());
    executable = compile(*graph, test_device(), store.get());
  }

  // Step `step`, from 0, and its loss.
  double run(std::int64_t step) {
    executable->write("images", part(images, step % images.shape[0]));
    executable->write("labels", part(labels, step % images.shape[0]));
    executable->write("step_state", step_state_tensor(options, options.lr, step));
    executable->run();
    return static_cast<double>(executable->read("loss").floats()[0]);
  }

  // Relative L2 distance of all variables of one kind from those in the file, "sgd." etc. in front of their names.
  double distance(const std::string& prefix, const std::string& kind, const std::string& parallel_arena = {}) const {
    double difference = 0, magnitude = 0;
    for (const Variable& variable : store->variables()) {
      if (variable.arena != kind) continue;
      const HostTensor expected = golden.at(prefix + variable.name).tensor();
      const HostTensor actual = store->read(variable.name, parallel_arena);
      REQUIRE(actual.shape == expected.shape);
      for (std::size_t i = 0; i < expected.floats().size(); ++i) {
        const double exact = static_cast<double>(expected.floats()[i]);
        difference += std::pow(static_cast<double>(actual.floats()[i]) - exact, 2);
        magnitude += exact * exact;
      }
    }
    return magnitude > 0 ? std::sqrt(difference / magnitude) : std::sqrt(difference);
  }
};

struct Distances {
  double weights = 0;
  double statistics = 0;  // running means and variances
  double losses = 0;      // the largest relative
};

Distances train(const SafeTensors& golden, const std::string& optimizer) {
  Training training(golden, optimizer);
  const std::vector<double> losses = doubles(golden.at(optimizer + ".losses"));
  Distances result;
  for (std::int64_t step = 0; step < kSteps; ++step) {
    const double expected = losses[static_cast<std::size_t>(step)];
    result.losses = std::max(result.losses, std::abs(training.run(step) / expected - 1));
  }
  result.weights = training.distance(optimizer + ".", "parameters");
  result.statistics = training.distance(optimizer + ".", "buffers");
  return result;
}

void check_case(const std::string& name) {
  const SafeTensors golden = read_safetensors(std::filesystem::path(TUFF_SOURCE_DIR) / "tests/golden" /
                                              fmt::format("unet_{}.safetensors", name));
  // Largest distances of PyTorch's float32 from float64: weights, losses, first gradients.
  const std::vector<double> torch_sgd = doubles(golden.at("sgd.float32"));
  const std::vector<double> torch_adam = doubles(golden.at("adam.float32"));

  Training first(golden, "sgd");
  const double loss = std::abs(first.run(0) / doubles(golden.at("sgd.losses"))[0] - 1);
  const double gradients = first.distance("gradient.", "parameters", "gradients");
  const Distances sgd = train(golden, "sgd");
  const Distances adam = train(golden, "adam");

  const std::string figures = fmt::format(
      "{}: first step: loss {:.1e}, gradients {:.1e} (PyTorch {:.1e}); 20 SGD steps: losses {:.1e} ({:.1e}), weights "
      "{:.1e} "
      "({:.1e}); 20 Adam steps: losses {:.1e} ({:.1e}), weights {:.1e} ({:.1e}), running statistics {:.1e}",
      name, loss, gradients, torch_adam[2], sgd.losses, torch_sgd[1], sgd.weights, torch_sgd[0], adam.losses,
      torch_adam[1], adam.weights, torch_adam[0], adam.statistics);
  MESSAGE(figures);
  CHECK(loss < 1e-5);
  CHECK(gradients < 5e-4);
  CHECK(gradients < 20 * torch_adam[2]);  // no ReLU flips in one step: rounding alone
  CHECK(sgd.losses < 2e-3);
  CHECK(sgd.weights < 1e-3);
  CHECK(sgd.statistics < 1e-3);
  CHECK(adam.losses < 3 * torch_adam[1]);
  CHECK(adam.weights < 3 * torch_adam[0]);
  CHECK(adam.statistics < 3 * std::max(torch_adam[0], torch_adam[1]));
}

}  // namespace

TEST_CASE("parity with PyTorch: U-Net without normalization") {
  check_case("none");
}
TEST_CASE("parity with PyTorch: U-Net with batch norm") {
  check_case("batch");
}
TEST_CASE("parity with PyTorch: U-Net with group norm") {
  check_case("group");
}
TEST_CASE("parity with PyTorch: U-Net with batch norm, cross entropy and Dice") {
  check_case("batch_dice");
}
TEST_CASE("parity with PyTorch: U-Net of the other branches: valid, instance norm, bilinear, stride, add, 3 classes") {
  check_case("valid");
}

}  // namespace tuff::test
