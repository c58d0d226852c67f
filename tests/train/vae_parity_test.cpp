// Training of a variational autoencoder against PyTorch's in float64, from the committed files that
// tests/parity/generate_vae_golden.py makes: first step and 20 steps of Adam through the graph that `tuff train` runs,
// with the noise that it draws on the device.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "io/safetensors.h"
#include "ops/random.h"
#include "runtime/compile.h"
#include "support/test_device.h"
#include "tasks/networks.h"
#include "train/autoencoder.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

std::vector<double> doubles(const StoredTensor& tensor) {
  REQUIRE(tensor.dtype == "F64");
  std::vector<double> values(tensor.data.size() / sizeof(double));
  std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
  return values;
}

// Relative L2 distance of all parameters, or what a parallel arena has of them, from those in the file.
double distance(const SafeTensors& golden, const std::string& prefix, const ParameterStore& store,
                const std::string& arena = {}) {
  double difference = 0, magnitude = 0;
  for (const Variable& variable : store.variables()) {
    if (arena == "gradients" && variable.arena != "parameters") continue;
    const HostTensor expected = golden.at(prefix + variable.name).tensor(), actual = store.read(variable.name, arena);
    REQUIRE(actual.shape == expected.shape);
    for (std::size_t i = 0; i < expected.floats().size(); ++i) {
      const double exact = static_cast<double>(expected.floats()[i]);
      difference += std::pow(static_cast<double>(actual.floats()[i]) - exact, 2);
      magnitude += exact * exact;
    }
  }
  return std::sqrt(difference / magnitude);
}

// One batch of (batches, N, C, y, x).
HostTensor part(const HostTensor& all, std::size_t which) {
  HostTensor batch(Shape{all.shape[1], all.shape[2], all.shape[3], all.shape[4]});
  std::memcpy(batch.data.data(), all.data.data() + which * batch.data.size(), batch.data.size());
  return batch;
}

void check_case(const std::string& name) {
  const SafeTensors golden = read_safetensors(std::filesystem::path(TUFF_SOURCE_DIR) / "tests/golden" /
                                              fmt::format("vae_{}.safetensors", name));
  TrainOptions options = default_options("vae");
  apply_json(options, golden.metadata.at("options"), "golden");
  validate(options);
  const HostTensor images = golden.at("images").tensor();  // batches, N, C, y, x
  const Shape all = images.shape;
  const auto graph = training_graph(make_autoencoder(options, all[2]), options);
  ParameterStore store(test_device(), *graph);
  for (const Variable& variable : store.variables())
    store.write(variable.name, golden.at("initial." + variable.name).tensor());
  const auto executable = compile(*graph, test_device(), &store);

  const std::vector<double> losses = doubles(golden.at("adam.losses")), torch = doubles(golden.at("float32"));
  double losses_away = 0, gradients_away = 0;
  for (std::size_t step = 0; step < losses.size(); ++step) {
    const std::size_t which = step % static_cast<std::size_t>(all[0]);
    const auto number = static_cast<std::int64_t>(step);
    executable->write("images", part(images, which));
    if (options.classes > 1) executable->write("classes", part(golden.at("classes").tensor(), which));
    if (options.kl_warmup > 0) {
      const auto weight = static_cast<float>(kl_weight(options, number));
      executable->write("kl_weight", HostTensor::from_floats(Shape{}, {&weight, 1}));
    }
    executable->write(
        "random_state",
        HostTensor::from_ints({kRandomStateElements}, random_state(static_cast<std::uint64_t>(options.seed), number)));
    executable->write("step_state", step_state_tensor(options, options.lr, number));
    executable->run();
    const auto loss = static_cast<double>(executable->read("loss").floats()[0]);
    losses_away = std::max(losses_away, std::abs(loss / losses[step] - 1));
    if (step == 0) gradients_away = distance(golden, "gradient.", store, "gradients");
  }
  const double weights_away = distance(golden, "adam.", store);
  const std::string figures =
      fmt::format("{}: losses {:.1e} (PyTorch {:.1e}), weights {:.1e} ({:.1e}), first gradients {:.1e} ({:.1e})", name,
                  losses_away, torch[0], weights_away, torch[1], gradients_away, torch[2]);
  MESSAGE(figures);
  CHECK(losses_away < 1e-5);
  CHECK(weights_away < 1e-5);
  CHECK(gradients_away < 5e-6);
}

}  // namespace

TEST_CASE("parity with PyTorch: VAE with Bernoulli likelihood") {
  check_case("bernoulli");
}
TEST_CASE("parity with PyTorch: VAE with Gaussian likelihood, three channels") {
  check_case("gaussian");
}
TEST_CASE("parity with PyTorch: conditional VAE with free bits") {
  check_case("conditional");
}
TEST_CASE("parity with PyTorch: residual VAE, conditional, with a rising weight of the divergence") {
  check_case("residual");
}
TEST_CASE("parity with PyTorch: residual VAE with group norm") {
  check_case("residual_group");
}
TEST_CASE("parity with PyTorch: residual VAE with batch norm") {
  check_case("residual_batch");
}

}  // namespace tuff::test
