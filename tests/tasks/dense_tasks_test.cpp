// Every dense task, tiny: it learns, to the same bits each time, and its results are what its name says.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "support/child.h"
#include "support/nuclei.h"
#include "support/test_device.h"
#include "tasks/dense_objective.h"
#include "train/trainer.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

using Settings = std::vector<std::pair<std::string, std::string>>;

struct Trained {
  std::vector<double> losses;
  std::vector<double> scores;
  std::vector<std::byte> weights;
};

Trained trained(const std::string& model, const fs::path& data, const Settings& settings, const std::string& name) {
  TrainOptions options = default_options(model);
  options.images = (data / "images").string();
  if (applies(*find_field("masks"), model)) options.masks = (data / "masks").string();
  options.out = (scratch_folder(name) / "run").string();
  options.base = 4;
  options.depth = 2;
  options.crop = 32;
  options.batch = 4;
  options.lr = 3e-3;
  options.augment = "flip,rot90";
  for (const auto& [field, text] : settings) set_field(options, field, text);
  validate(options);
  TrainingTask task;
  task.options = options;
  task.objective = dense_objective(options);
  task.run = options.out;
  check_training(task);
  Trained result;
  TrainingHooks hooks;
  hooks.step = [&](const StepReport& report) { result.losses.push_back(report.loss); };
  hooks.epoch = [&](const EpochReport& report) { result.scores = report.scores; };
  train(test_device(), task, hooks);
  const Model model_file = load_model_file(task.run / kLastModel);
  for (const StoredTensor& tensor : model_file.file.tensors)
    result.weights.insert(result.weights.end(), tensor.data.begin(), tensor.data.end());
  REQUIRE(!result.weights.empty());
  return result;
}

double mean(std::vector<double>::const_iterator first, std::vector<double>::const_iterator last) {
  double sum = 0;
  for (auto at = first; at != last; ++at) sum += *at;
  return sum / static_cast<double>(last - first);
}

// The last fifth's mean loss over the first's.
double progress(const Trained& run) {
  const auto fifth = static_cast<std::ptrdiff_t>(run.losses.size() / 5);
  return mean(run.losses.end() - fifth, run.losses.end()) / mean(run.losses.begin(), run.losses.begin() + fifth);
}

void check_learns(const std::string& model, const fs::path& data, const Settings& settings, double factor) {
  CAPTURE(model);
  const Trained first = trained(model, data, settings, "dense_" + model + "_a");
  MESSAGE(model << ": loss " << first.losses.front() << " to " << first.losses.back() << ", factor " << progress(first)
                << ", first score " << first.scores.front());
  CHECK(progress(first) < factor);
  const Trained second = trained(model, data, settings, "dense_" + model + "_b");
  CHECK(second.losses == first.losses);
  CHECK(second.scores == first.scores);
  CHECK(second.weights == first.weights);
  for (const double score : first.scores) CHECK(std::isfinite(score));
}

}  // namespace

TEST_CASE("dense tasks: U-Net variants learn, bit for bit the same twice") {
  const fs::path data = nuclei_folder("dense_unet");
  check_learns("unet", data, {{"steps", "30"}}, 0.8);
  check_learns("unet", data, {{"steps", "30"}, {"block", "residual"}, {"attention", "true"}, {"dropout", "0.1"}}, 0.9);
  check_learns("unet", data, {{"steps", "30"}, {"block", "separable"}, {"deep-supervision", "1"}, {"coords", "true"}},
               0.9);
}

TEST_CASE("dense tasks: pixels count as they should, bit for bit the same twice") {
  const fs::path data = nuclei_folder("dense_weights");
  check_learns("unet", data, {{"steps", "30"}, {"border-weight", "10"}, {"class-weights", "1,3"}}, 0.9);
  check_learns("unet", data, {{"steps", "30"}, {"boundary", "1"}, {"classes", "3"}, {"loss", "ce+dice"}}, 0.95);
  check_learns("rootpainter", data, {{"steps", "30"}, {"crop", "46"}, {"depth", "1"}}, 0.95);
}

TEST_CASE("dense tasks: FCN, SegNet and DeepMedic learn, bit for bit the same twice") {
  const fs::path data = nuclei_folder("dense_pixels");
  check_learns("fcn", data, {{"steps", "30"}}, 0.9);
  check_learns("segnet", data, {{"steps", "30"}}, 0.9);
  check_learns("deepmedic", data, {{"steps", "30"}, {"crop", "57"}}, 0.9);
}

TEST_CASE("dense tasks: StarDist and Cellpose learn, bit for bit the same twice") {
  const fs::path data = nuclei_folder("dense_objects");
  check_learns("stardist", data, {{"steps", "40"}, {"rays", "8"}}, 0.8);
  check_learns("cellpose", data, {{"steps", "40"}}, 0.8);
}

TEST_CASE("dense tasks: images from images learn, bit for bit the same twice") {
  const fs::path data = nuclei_folder("dense_images");
  const Settings pairs = {{"steps", "30"}, {"targets", (data / "masks").string()}, {"normalize", "range"}};
  check_learns("insilico", data, pairs, 0.9);
  Settings binned = pairs;
  binned.push_back({"bins", "4"});
  check_learns("insilico", data, binned, 0.95);
  check_learns("denoiser", data, {{"steps", "30"}, {"noise", "gaussian:0.3"}}, 0.9);
  check_learns("denoiser", data, {{"steps", "30"}, {"noise", "poisson:10"}, {"noisy-targets", "true"}}, 0.95);
  check_learns("superres", data, {{"steps", "30"}, {"crop", "16"}, {"blocks", "2"}}, 0.9);
}

}  // namespace tuff::test
