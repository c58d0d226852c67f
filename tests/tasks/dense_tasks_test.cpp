// Every dense task, tiny: it learns, to the same bits each time, and its results are what its name says.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "io/image.h"
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
  const bool targets = std::ranges::any_of(settings, [](const auto& setting) { return setting.first == "targets"; });
  if (applies(*find_field("masks"), model) && !targets) options.masks = (data / "masks").string();
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
  task.objective = dense_objective(task.options);
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

// images/n0_0000.png ...: under each of `lamps` lamps another part of an image of nuclei is lit.
fs::path lit_folder(const std::string& name, int lamps) {
  const fs::path data = nuclei_folder(name);
  fs::create_directories(data / "lit");
  for (const auto& entry : fs::directory_iterator(data / "images")) {
    const Image image = read_image(entry.path());
    for (int lamp = 0; lamp < lamps; ++lamp) {
      Image lit = image;
      for (std::size_t i = 0; i < lit.values.size(); ++i)
        if ((i / 16 + i) % static_cast<std::size_t>(lamps) != static_cast<std::size_t>(lamp)) lit.values[i] /= 4;
      write_image(data / "lit" / (entry.path().stem().string() + "_000" + std::to_string(lamp) + ".png"), lit);
    }
  }
  fs::remove_all(data / "images");
  fs::rename(data / "lit", data / "images");
  return data;
}

// Squares of 5 pixels whose class, 1 to 10, is how bright they are.
fs::path mosaic_folder(const std::string& name) {
  const fs::path data = scratch_folder(name);
  for (const char* kind : {"images", "masks"}) {
    fs::create_directories(data / kind);
    for (int i = 0; i < 4; ++i) {
      Image image(1, 64, 64);
      for (int y = 0; y < 64; ++y)
        for (int x = 0; x < 64; ++x) {
          const int square = 8 * (y / 8) + x / 8, shown = (7 * square + 3 * i) % 10 + 1;
          if (y % 8 < 5 && x % 8 < 5)
            image.values[static_cast<std::size_t>(64 * y + x)] =
                static_cast<float>(kind[0] == 'm' ? shown : 25 * shown);
        }
      write_image(data / kind / ("m" + std::to_string(i) + ".png"), image);
    }
  }
  return data;
}

// Two volumes, images/v0.tif ..., of balls that are half as deep as they are wide.
fs::path ball_folder(const std::string& name) {
  const fs::path data = scratch_folder(name);
  for (const char* kind : {"images", "masks"}) {
    fs::create_directories(data / kind);
    for (int i = 0; i < 2; ++i) {
      Image volume(1, ImageSize(16, 40, 40));
      volume.info.kind = FileKind::tiff;
      std::size_t at = 0;
      for (int z = 0; z < 16; ++z)
        for (int y = 0; y < 40; ++y)
          for (int x = 0; x < 40; ++x, ++at)
            for (int ball = 0; ball < 3; ++ball) {
              const int dz = 2 * (z - 5 - 2 * ball), dy = y - 9 - 10 * ball, dx = x - 10 - 9 * ((ball + i) % 3);
              if (dz * dz + dy * dy + dx * dx <= 36)
                volume.values[at] = kind[0] == 'm' ? static_cast<float>(ball + 1) : 200.0f;
            }
      write_image(data / kind / ("v" + std::to_string(i) + ".tif"), volume);
    }
  }
  return data;
}

}  // namespace

TEST_CASE("dense tasks: U-Net variants learn, bit for bit the same twice") {
  const fs::path data = nuclei_folder("dense_unet");
  check_learns("unet", data, {{"steps", "30"}}, 0.8);
  check_learns("unet", data, {{"steps", "30"}, {"block", "residual"}, {"attention", "true"}, {"dropout", "0.1"}}, 0.9);
  check_learns("unet", data, {{"steps", "30"}, {"block", "separable"}, {"deep-supervision", "1"}, {"coords", "true"}},
               0.9);
}

TEST_CASE("dense tasks: U-Nets of volumes and of many classes learn, bit for bit the same twice") {
  check_learns("unet", ball_folder("dense_volumes"),
               {{"steps", "30"}, {"dims", "3"}, {"axes", "ZYX"}, {"crop", "16"}, {"batch", "1"}, {"depth", "1"}}, 0.9);
  check_learns("unet", mosaic_folder("dense_classes"), {{"steps", "30"}, {"classes", "11"}, {"augment", "none"}}, 0.9);
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

TEST_CASE("dense tasks: StarDist in volumes learns, bit for bit the same twice") {
  const Settings volumes = {{"dims", "3"}, {"axes", "ZYX"}, {"crop", "16"}, {"batch", "1"}, {"depth", "1"}};
  Settings stars = volumes;
  stars.insert(stars.end(), {{"steps", "30"}, {"rays", "12"}});
  check_learns("stardist", ball_folder("dense_balls"), stars, 0.9);
}

TEST_CASE("dense tasks: StarDist estimates how far apart slices are") {
  TrainOptions options = default_options("stardist");
  const fs::path data = ball_folder("dense_anisotropy");
  options.images = (data / "images").string(), options.masks = (data / "masks").string();
  options.dims = 3, options.crop = 16, options.axes = "ZYX";
  validate(options);
  CHECK(options.rays == 96);
  dense_objective(options);
  CHECK(options.anisotropy == doctest::Approx(13.0 / 7).epsilon(0.01));  // the balls' extents
}

TEST_CASE("dense tasks: illumination is learned with what reads it, bit for bit the same twice") {
  const fs::path data = lit_folder("dense_lamps", 3);
  check_learns("illumination", data, {{"steps", "30"}, {"patterns", "2"}, {"lamp-grid", "1x3"}}, 0.9);
  check_learns("illumination", data,
               {{"steps", "30"}, {"patterns", "1"}, {"uniform", "true"}, {"targets", (data / "masks").string()}}, 0.95);
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
  const Settings plain = {{"steps", "30"},         {"crop", "16"},    {"blocks", "2"},
                          {"global-skip", "none"}, {"norm", "batch"}, {"lr", "1e-3"}};
  check_learns("superres", data, plain, 0.9);
  Settings adversarial = plain;
  for (const auto& [option, value] : Settings{{"adversarial", "0.001"}, {"discriminator-base", "4"}})
    adversarial.push_back({option, value});
  check_learns("superres", data, adversarial, 0.95);
  check_learns("superres", data, {{"steps", "30"}, {"crop", "16"}, {"blocks", "2"}}, 0.95);
}

}  // namespace tuff::test
