// Classifiers on a device: they learn, to the same bits each time; maps and single patches agree.
#include "tasks/classification.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/philox.h"
#include "io/loader.h"
#include "support/child.h"
#include "support/files.h"
#include "support/test_device.h"
#include "tasks/classifier_runner.h"
#include "tasks/dense_objective.h"
#include "tasks/sliding_window.h"
#include "train/predict.h"
#include "train/trainer.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;
using Settings = std::vector<std::pair<std::string, std::string>>;

// Upright and lying bars on noise, 16 pixels square (or with `depth` volumes), a folder for each class.
fs::path bars(const std::string& name, int each = 24, std::int64_t depth = 1) {
  const fs::path folder = scratch_folder(name);
  PhiloxStream random(11);
  for (int i = 0; i < 2 * each; ++i) {
    Image image(1, ImageSize(depth, 16, 16));
    if (depth > 1) image.info.kind = FileKind::tiff;
    const bool upright = i % 2 != 0;
    const std::int64_t place = random.below(12);
    for (std::int64_t z = 0; z < depth; ++z)
      for (std::int64_t y = 0; y < 16; ++y)
        for (std::int64_t x = 0; x < 16; ++x) {
          const std::int64_t across = upright ? x : y;
          const bool bright = across >= place && across < place + 3;
          image.values[static_cast<std::size_t>((z * 16 + y) * 16 + x)] =
              static_cast<float>(std::floor(random.uniform(0, 60))) + (bright ? 150.0f : 0.0f);
        }
    const fs::path of_class = folder / (upright ? "upright" : "lying");
    fs::create_directories(of_class);
    write_image(of_class / (std::to_string(i) + (depth > 1 ? ".tif" : ".png")), image);
  }
  return folder;
}

// Few bright squares on noise, and where they are.
fs::path squares(const std::string& name) {
  const fs::path folder = scratch_folder(name);
  PhiloxStream random(12);
  for (const char* kind : {"images", "masks"}) fs::create_directories(folder / kind);
  for (int i = 0; i < 4; ++i) {
    Image image(1, 60, 50), mask(1, 60, 50);
    for (float& value : image.values) value = static_cast<float>(std::floor(random.uniform(0, 60)));
    for (int square = 0; square < 3; ++square) {
      const std::int64_t top = random.below(52), left = random.below(42);
      for (std::int64_t y = top; y < top + 8; ++y)
        for (std::int64_t x = left; x < left + 8; ++x) {
          image.values[static_cast<std::size_t>(y * 50 + x)] = 180;
          mask.values[static_cast<std::size_t>(y * 50 + x)] = 255;
        }
    }
    write_image(folder / "images" / (std::to_string(i) + ".png"), image);
    write_image(folder / "masks" / (std::to_string(i) + ".png"), mask);
  }
  return folder;
}

TrainOptions options_of(const std::string& model, const Settings& settings) {
  TrainOptions options = default_options(model);
  options.base = 4;
  if (model != "mlp") options.depth = 1;
  options.dense = "8";
  options.batch = 8;
  options.lr = 1e-2;
  for (const auto& [field, text] : settings) set_field(options, field, text);
  validate(options);
  return options;
}

struct Trained {
  std::vector<double> losses;
  std::vector<double> scores;
  std::vector<std::byte> weights;
};

Trained trained(const std::string& model, const Settings& settings, const std::string& name) {
  TrainOptions options = options_of(model, settings);
  TrainingTask task;
  task.run = scratch_folder(name) / "run";
  if (options.masks.empty()) {
    LabelledDataset data = open_classification(options);
    task.objective = classification(options, std::move(data));
  } else {
    set_classifier_sizes(options, 0);
    task.objective = dense_objective(options);
  }
  task.options = options;
  check_training(task);
  Trained result;
  TrainingHooks hooks;
  hooks.step = [&](const StepReport& report) { result.losses.push_back(report.loss); };
  hooks.epoch = [&](const EpochReport& report) { result.scores = report.scores; };
  train(test_device(), task, hooks);
  for (const StoredTensor& tensor : load_model_file(task.run / kLastModel).file.tensors)
    result.weights.insert(result.weights.end(), tensor.data.begin(), tensor.data.end());
  return result;
}

void check_learns(const std::string& model, const Settings& settings, double least) {
  CAPTURE(model);
  const Trained first = trained(model, settings, "classify_a"), second = trained(model, settings, "classify_b");
  MESSAGE(model << ": loss " << first.losses.front() << " to " << first.losses.back() << ", score "
                << first.scores.at(0));
  CHECK(first.scores.at(0) >= least);
  CHECK(second.losses == first.losses);
  CHECK(second.scores == first.scores);
  CHECK(second.weights == first.weights);
  REQUIRE(!first.weights.empty());
}

Settings labelled(const fs::path& folder, const Settings& more = {}) {
  Settings settings = {{"images", folder.string()}, {"labels", "folders"}, {"steps", "40"}, {"val-fraction", "0.25"}};
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

}  // namespace

TEST_CASE("classification: a network of each kind learns, bit for bit the same twice") {
  const fs::path data = bars("classify_bars");
  check_learns("cnn", labelled(data, {{"dropout", "0.2"}, {"label-smoothing", "0.1"}, {"augment", "flip"}}), 0.9);
  check_learns("mlp", labelled(data, {{"class-weights", "1,2"}, {"norm", "none"}, {"lr", "3e-3"}}), 0.7);
  check_learns("p4", labelled(data, {{"base", "2"}, {"loss", "focal"}, {"balance", "true"}}), 0.0);
}

TEST_CASE("classification: labels of whole images train a map of patches") {
  const fs::path data = bars("classify_pooled");
  check_learns("cnn", labelled(data, {{"pooling", "noisy-and"}, {"patch", "10"}, {"stride", "2"}, {"steps", "60"}}),
               0.9);
}

TEST_CASE("classification: the gradient of a small probability of the truth is finite with f16, too") {
  TrainOptions options =
      options_of("cnn", {{"pooling", "noisy-and"}, {"patch", "10"}, {"stride", "2"}, {"dtype", "f16"}});
  options.size = 16;
  options.classes = 2;
  const auto graph = training_graph(make_classifier(options, 1), options);
  ParameterStore store(test_device(), *graph);
  store.initialize(0);
  const std::vector<float> bias = {-9, 8};  // every patch's logits: the first class has a probability of about 1e-5
  for (const Variable& variable : store.variables()) {
    if (variable.name == "head.weight") store.write(variable.name, HostTensor(variable.type.shape));
    if (variable.name == "head.bias") store.write(variable.name, HostTensor::from_floats({2}, bias));
  }
  const auto step = compile(*graph, test_device(), &store, {.storage = storage_on(test_device(), options.dtype, {})});
  step->write("images", HostTensor(Shape{options.batch, 1, 16, 16}));
  step->write("labels", HostTensor({options.batch, 1, 1}, DType::i32));
  step->write("step_state", step_state_tensor(options, options.lr, 0));
  step->run();
  CHECK(step->read("loss").floats()[0] == doctest::Approx(11).epsilon(0.05));
  CHECK(std::isfinite(step->read(kGradientNorm).floats()[0]));
}

TEST_CASE("classification: volumes") {
  const fs::path data = bars("classify_volumes", 8, 10);
  check_learns("cnn", labelled(data, {{"dims", "3"}, {"axes", "ZYX"}, {"base", "2"}, {"batch", "4"}}), 0.7);
}

TEST_CASE("classification: patches around the pixels of masks, as often of each class as of the other") {
  const fs::path data = squares("classify_patches");
  const Settings settings = {{"images", (data / "images").string()},
                             {"masks", (data / "masks").string()},
                             {"size", "12"},
                             {"steps", "60"},
                             {"batch", "16"},
                             {"stride", "1"}};
  for (const char* augment : {"none", "flip,rot90"}) {
    Settings own = settings;
    own.insert(own.end(), {{"balance", "true"}, {"augment", augment}, {"class-weights", "1,1"}});
    check_learns("cnn", own, 0.6);
  }
  TrainOptions options = options_of("cnn", settings);
  const Dataset dataset = open_dataset(data / "images", data / "masks", {});
  DataFormat format;
  format.image_channels = 1;
  const auto share = [&](bool balance) {
    options.balance = balance;
    const auto task = make_dense_task(options, format);
    LoaderOptions loading{.batch = 400, .crop = {ImageSize(12, 12), ImageSize(1, 1)}, .threads = 0};
    loading.augmentation = {.flip = false, .rot90 = false};  // which move the middle of an even number of pixels
    loading.prepare = [&](Sample& sample) { task->prepare(sample); };
    Loader loader(dataset, {0, 1, 2, 3}, loading);
    const Batch batch = loader.next();
    return static_cast<double>(std::ranges::count(batch.labels.ints(), 1)) / 400;
  };
  CHECK(share(false) < 0.2);
  CHECK(share(true) > 0.42);
  CHECK(share(true) < 0.58);
}

TEST_CASE("classification: a map over tiles has the class of the patch around each pixel") {
  for (const auto& [side, stride] : {std::pair<std::int64_t, std::int64_t>{12, 1}, {12, 2}, {12, 4}, {9, 1}, {9, 3}}) {
    CAPTURE(side);
    CAPTURE(stride);
    const bool odd = side % 2 != 0;
    TrainOptions options = options_of(odd ? "mlp" : "cnn", {{"stride", std::to_string(stride)}});
    options.size = side;
    options.classes = 3;
    const Network network = classifier_network(options, 2);
    ParameterStore store(test_device(),
                         *inference_graph(network, 1, {network.axes[0].fitting(1), network.axes[0].fitting(1)}));
    store.initialize(5);
    Image image(2, 45, 38);
    PhiloxStream random(3);
    for (float& value : image.values) value = static_cast<float>(random.uniform(0, 1));
    const Image whole = Predictor(test_device(), store, network).predict(image);
    CHECK(whole.size() == image.size());
    const Image tiled =
        Predictor(test_device(), store, network, {.tile = network.axes[0].fitting(side + 2 * stride)}).predict(image);
    float largest = 0;
    for (std::size_t i = 0; i < whole.values.size(); ++i)
      largest = std::max(largest, std::abs(whole.values[i] - tiled.values[i]));
    CHECK(largest < 1e-5f);

    // Blocks of the stride's size have the class of the patch around them.
    const ClassifierConfig config = classifier_config(options, 2);
    Graph graph;
    graph.output("y", classifier(graph, graph.input("x", {1, 2, side, side}), config, false));
    const auto one = compile(graph, test_device(), &store);
    const std::int64_t lost = side - stride, margin = (lost + 1) / 2;
    for (const std::int64_t block : {(margin + stride - 1) / stride, (margin + stride - 1) / stride + 2}) {
      const std::int64_t first = block * stride - margin;  // of the patch
      HostTensor patch(Shape{1, 2, side, side});
      for (std::int64_t c = 0; c < 2; ++c)
        for (std::int64_t y = 0; y < side; ++y)
          for (std::int64_t x = 0; x < side; ++x)
            patch.floats()[static_cast<std::size_t>((c * side + y) * side + x)] =
                image.channel(c)[static_cast<std::size_t>((first + y) * 38 + first + x)];
      one->write("x", patch);
      one->run();
      const HostTensor logits = one->read("y");
      const std::int64_t y = (block + 1) * stride - 1 - lost % 2;  // the last pixel of the block
      for (std::int64_t c = 0; c < 3; ++c)
        CHECK(whole.channel(c)[static_cast<std::size_t>(y * 38 + y)] ==
              doctest::Approx(logits.floats()[static_cast<std::size_t>(c)]).epsilon(1e-4));
    }
  }
}

TEST_CASE("classification: the map equals the sliding window within 1e-5 of the largest logit") {
  TrainOptions options = options_of("cnn", {{"depth", "2"}, {"dense", "16,8"}});
  options.size = 18;
  options.classes = 4;
  const ClassifierConfig config = classifier_config(options, 1);
  Graph graph;
  classifier(graph, graph.input("x", {1, 1, 18, 18}), config, false);
  ParameterStore store(test_device(), graph);
  store.initialize(2);
  Image image(1, 70, 61);
  PhiloxStream random(4);
  for (float& value : image.values) value = static_cast<float>(random.uniform(0, 1));
  for (const std::int64_t stride : {1, 2, 4, 8}) {
    const SlidingWindow result = compare_sliding_window(test_device(), store, config, stride, image, 64);
    CHECK(result.patches == ((70 - 18) / stride + 1) * ((61 - 18) / stride + 1));
    CHECK(result.largest_difference < 1e-5);
    CHECK(result.window_seconds > 0);
  }
}

TEST_CASE("classification: refusals before anything is written") {
  const fs::path data = bars("classify_refusals", 4);
  const auto refusal = [&](const std::string& model, const Settings& more) {
    return error_of([&] {
      TrainOptions options = options_of(model, labelled(data, more));
      LabelledDataset opened = open_classification(options);
      const auto objective = classification(options, std::move(opened));
      objective->check();
      objective->graph();
    });
  };
  CHECK(refusal("cnn", {}) == "");
  CHECK(contains(refusal("cnn", {{"classes", "3"}}), "--classes 3: --labels folders has 2: lying, upright"));
  CHECK(contains(refusal("cnn", {{"size", "15"}}), "--size 15: the net can't halve it --depth 1 times; use 14 or 16"));
  CHECK(contains(refusal("cnn", {{"size", "14"}}), "is 16 pixels long, the net's images 14"));
  CHECK(refusal("cnn", {{"size", "14"}, {"fit", "crop"}}) == "");
  CHECK(contains(refusal("p4", {{"size", "17"}}), "--size 17: the net can't halve it"));
  CHECK(contains(refusal("cnn", {{"class-weights", "1,2,3"}}), "--class-weights 1,2,3: are 3, of 2 classes"));
  CHECK(contains(refusal("cnn", {{"val-last", "8"}}), "--val-last 8: there are only 8 images"));
  CHECK(contains(refusal("cnn", {{"val-last", "5"}}), "no image of the class \"upright\" is left to train with"));
  CHECK(contains(refusal("cnn", {{"patch", "10"}}), "--patch: goes with --pooling"));
  CHECK(contains(refusal("cnn", {{"pooling", "noisy-and"}, {"patch", "20"}}), "--patch 20: is larger than the images"));
  CHECK(contains(refusal("cnn", {{"masks", "x"}}), "--labels and --masks are both given"));
  CHECK(contains(refusal("cnn", {{"foreground", "1"}}), "--foreground: goes with --masks"));
  CHECK(contains(refusal("mlp", {{"dense", "8,0"}}), "--dense 8,0: a layer has at least one unit"));
  CHECK(contains(refusal("cnn", {{"loss", "bce"}}), "--loss bce"));
  CHECK(contains(refusal("cnn", {{"loss", "focal"}, {"label-smoothing", "0.1"}}), "--label-smoothing: goes with"));
}

}  // namespace tuff::test
