// Training within --memory: the same files as without, and the device never gives out more than was allowed.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "base/os.h"
#include "io/dataset.h"
#include "support/nuclei.h"
#include "support/segmentation_task.h"
#include "tasks/networks.h"
#include "tasks/segmentation.h"
#include "train/autoencoder.h"
#include "train/norms_file.h"
#include "train/trainer.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

TrainingTask task_in(const fs::path& folder, const std::string& run, const std::string& memory, double ema) {
  TrainOptions options;
  options.images = (folder / "images").string();
  options.masks = (folder / "masks").string();
  options.out = (folder / run).string();
  options.base = 4;
  options.depth = 2;
  options.crop = 64;
  options.batch = 4;
  options.steps = 3;
  options.memory = memory;
  options.ema = ema;
  return segmentation_task(options);
}

std::uint64_t peak_of_training(const TrainingTask& task) {
  const auto device = Device::open();
  train(*device, task);
  return device->counters().peak_bytes;
}

std::string kib(std::uint64_t bytes) {
  return std::to_string(bytes >> 10) + "K";
}

}  // namespace

TEST_CASE("training within --memory: equal losses and weights, never more memory than allowed") {
  const fs::path folder = nuclei_folder("train_memory", 6, 80);
  for (const double ema : {0.0, 0.9}) {
    CAPTURE(ema);
    const std::string whole_run = ema > 0 ? "whole_ema" : "whole", less_run = ema > 0 ? "less_ema" : "less";
    const std::uint64_t whole = peak_of_training(task_in(folder, whole_run, "", ema));
    const std::uint64_t allowed = whole * 7 / 10;
    CHECK(peak_of_training(task_in(folder, less_run, kib(allowed), ema)) <=
          allowed + allowed / 200);  // drivers round up
    for (const char* file : {"losses.csv", "last.safetensors"})
      CHECK(os::read_file(folder / whole_run / file) == os::read_file(folder / less_run / file));
  }
}

TEST_CASE("training within --memory: what can't be is refused before anything is written, with what it takes") {
  const fs::path folder = nuclei_folder("train_memory_refused", 6, 80);
  const auto device = Device::open();
  const TrainingTask task = task_in(folder, "run", "300K", 0);
  try {
    train(*device, task);
    FAIL("training in 300K was not refused");
  } catch (const OutOfMemory& error) {
    const std::string text = error.what();
    CHECK(text.find("--memory 300K: training takes ") == 0);
    CHECK(text.find("smaller --batch or --crop") != std::string::npos);
  }
  CHECK_FALSE(fs::exists(task.run));
}

TEST_CASE("autoencoder within memory: fewer images at once, the same ones") {
  TrainOptions options = default_options("vae");
  options.size = 16;
  options.base = 4;
  options.latent = 3;
  const AutoencoderNetwork network = make_autoencoder(options, 1);
  const auto device = Device::open();
  ParameterStore store(*device, *reconstruction_graph(network, 1));
  store.initialize(2);
  const std::vector<Image> whole = Autoencoder(*device, store, network, 12).generate(30, 7);
  const std::uint64_t before = device->counters().bytes,
                      needed = planned(*reconstruction_graph(network, 12), device->caps()).device_bytes;
  Autoencoder less(*device, store, network, 12, needed / 2);
  const std::vector<Image> images = less.generate(30, 7);
  CHECK(device->counters().bytes - before <= needed / 2 + 4096);  // drivers round up
  REQUIRE(images.size() == whole.size());
  for (std::size_t i = 0; i < images.size(); ++i)
    for (std::size_t j = 0; j < images[i].values.size(); ++j)
      CHECK(images[i].values[j] == doctest::Approx(whole[i].values[j]).epsilon(1e-5));
  CHECK_THROWS_WITH_AS(Autoencoder(*device, store, network, 12, 1000).generate(1, 7),
                       doctest::Contains("allow more with --memory"), OutOfMemory);
}

TEST_CASE("training within --memory: layers are measured in what is left, if it is enough") {
  const fs::path folder = nuclei_folder("train_memory_layers", 6, 80);
  TrainingTask plain = task_in(folder, "plain", "", 0);
  plain.options.layer_norms = 0;
  const std::uint64_t without = peak_of_training(plain);
  for (const auto& [name, allowed, layers] :
       {std::tuple("enough", without * 4, true), std::tuple("too_little", without * 7 / 10, false)}) {
    CAPTURE(name);
    TrainingTask task = task_in(folder, name, kib(allowed), 0);
    task.options.layer_norms = 1;
    CHECK(peak_of_training(task) <= allowed + allowed / 200);
    const std::vector<LayerNorm> norms = last_norms(read_norms(folder / name / kNormsFile, 100));
    const auto is_layer = [](const LayerNorm& norm) { return norm.kind == LayerNorm::Kind::layer; };
    CHECK(std::ranges::any_of(norms, is_layer) == layers);
    CHECK_FALSE(std::ranges::all_of(norms, is_layer));
    CHECK(os::read_file(folder / name / "losses.csv") == os::read_file(folder / "plain" / "losses.csv"));
  }
}

}  // namespace tuff::test
