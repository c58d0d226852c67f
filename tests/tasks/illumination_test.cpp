// The network behind learned lamps, as a model of its own.
#include <doctest/doctest.h>

#include <cmath>

#include "base/philox.h"
#include "support/child.h"
#include "support/test_device.h"
#include "tasks/illumination_task.h"
#include "train/predict.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

Image predicted(const Model& model, const Image& image) {
  const auto task = make_dense_task(model.options, model.format);
  Graph graph;
  task->network().build(graph, graph.input("x", {1, image.channels, image.height, image.width}), false);
  ParameterStore store(test_device(), graph);
  restore_averaged(model, store);
  return Predictor(test_device(), store, task->network()).predict(image);
}

// A network as it is before training, in a file.
Model fresh(const fs::path& file, const std::string& truth) {
  TrainOptions options = default_options("illumination");
  (truth == "masks" ? options.masks : options.targets) = "truth";
  options.images = "images";
  options.out = "run";
  options.patterns = 2, options.base = 4, options.depth = 2, options.crop = 16, options.lamp_grid = "1x3";
  validate(options);
  DataFormat format{.image_channels = 3, .files_per_image = 3, .joint_scale = true};
  format.target_channels = truth == "masks" ? 0 : 2;
  const auto task = make_dense_task(options, format);
  Graph graph;
  task->network().build(graph, graph.input("x", {1, 3, 16, 16}), false);
  ParameterStore store(test_device(), graph);
  store.initialize(5);
  save_model(file, options, format, take_snapshot(store));
  return load_model(file);
}

}  // namespace

TEST_CASE("illumination: what reads the exposures gives for them what the whole gives for the lamps' images") {
  const fs::path folder = scratch_folder("illumination_reader");
  for (const std::string truth : {"masks", "targets"}) {
    CAPTURE(truth);
    const Model whole = fresh(folder / (truth + ".safetensors"), truth);
    save_reader(folder / (truth + "_reader.safetensors"), whole);
    const Model reader = load_model(folder / (truth + "_reader.safetensors"));
    CHECK(reader.options.model == (truth == "masks" ? "unet" : "insilico"));
    CHECK(reader.format.image_channels == 2);
    CHECK(reader.format.files_per_image == 2);
    CHECK(reader.file.find("illumination.weight") == nullptr);

    Image lamps(3, 32, 32), exposures(2, 32, 32);
    PhiloxStream random(9);
    for (float& value : lamps.values) value = random.uniform();
    const LampPatterns patterns = lamp_patterns(whole);
    for (std::int64_t k = 0; k < 2; ++k)
      for (std::size_t pixel = 0; pixel < 32 * 32; ++pixel) {
        double sum = 0;
        for (std::int64_t lamp = 0; lamp < 3; ++lamp)
          sum += patterns.at(k, lamp) * static_cast<double>(lamps.channel(lamp)[pixel]);
        exposures.channel(k)[pixel] = static_cast<float>(sum);
      }
    const Image expected = predicted(whole, lamps), given = predicted(reader, exposures);
    REQUIRE(given.values.size() == expected.values.size());
    float apart = 0;
    for (std::size_t i = 0; i < given.values.size(); ++i)
      apart = std::max(apart, std::abs(given.values[i] - expected.values[i]));
    CHECK(apart < 1e-5f);
    CHECK_THROWS_WITH(save_reader(folder / "no", reader), doctest::Contains("has no lamps"));
  }
}

}  // namespace tuff::test
