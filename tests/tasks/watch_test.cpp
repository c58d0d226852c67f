// Training while annotations arrive: what is new is taken in, what is broken is told and left out, validation keeps its
// images.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "base/os.h"
#include "io/annotated_images.h"
#include "support/child.h"
#include "support/nuclei.h"
#include "support/test_device.h"
#include "tasks/dense_objective.h"
#include "train/trainer.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

// A folder whose masks lie aside at first, and arrive one by one.
struct Workplace {
  fs::path folder, images, masks, aside;
  std::vector<std::string> warnings;

  explicit Workplace(const std::string& name, int count = 8) : folder(nuclei_folder(name, count, 48)) {
    images = folder / "images";
    masks = folder / "masks";
    aside = folder / "aside";
    fs::rename(masks, aside);
    fs::create_directory(masks);
  }
  static std::string file(int number) { return "n" + std::to_string(number) + ".png"; }
  void arrive(int number) { fs::rename(aside / file(number), masks / file(number)); }
  LogSink log() {
    return [this](LogLevel level, const std::string& text) {
      if (level == LogLevel::warning) warnings.push_back(text);
    };
  }
  AnnotatedImages watched() { return {images, masks, DataFormat{}, {}, log()}; }
  TrainOptions options(std::int64_t epochs) const {
    TrainOptions options = default_options("unet");
    options.images = images.string();
    options.masks = masks.string();
    options.out = (folder / "run").string();
    options.watch = true;
    options.base = 2;
    options.depth = 1;
    options.crop = 16;
    options.batch = 1;
    options.val_fraction = 0.4;
    options.epochs = epochs;
    validate(options);
    return options;
  }
};

std::set<std::string> names(const Dataset& dataset, const std::vector<std::size_t>& items) {
  std::set<std::string> result;
  for (const std::size_t item : items) result.insert(dataset.items[item].name);
  return result;
}

}  // namespace

TEST_CASE("annotated images: masks come, change, go, and are broken") {
  Workplace place("watch_files");
  AnnotatedImages watched = place.watched();
  CHECK_FALSE(watched.refresh());
  place.arrive(1);
  os::write_file(place.masks / "n2.png", "half a file");
  fs::copy_file(place.aside / "n3.png", place.masks / "n3.png.part");
  CHECK(watched.refresh());
  REQUIRE(watched.dataset().items.size() == 1);
  CHECK(watched.dataset().items[0].name == "n1");
  CHECK(watched.dataset().format.image_channels == 1);
  REQUIRE(place.warnings.size() == 1);
  CHECK(contains(place.warnings[0], "n2.png"));
  CHECK(contains(place.warnings[0], "left out until it changes"));
  CHECK_FALSE(watched.refresh());
  CHECK(place.warnings.size() == 1);  // told once

  const std::string before = watched.state_of({0});
  fs::remove(place.masks / "n2.png");
  place.arrive(2);
  fs::rename(place.aside / "n4.png", place.masks / "n1.png");  // drawn anew
  CHECK(watched.refresh());
  CHECK(watched.dataset().items.size() == 2);
  CHECK(watched.state_of({0}) != before);
  fs::remove(place.masks / "n1.png");
  CHECK(watched.refresh());
  CHECK(watched.dataset().items.size() == 1);
}

TEST_CASE("annotated images: what is held back for validation stays so, whatever comes") {
  Workplace place("watch_split", 12);
  AnnotatedImages watched = place.watched();
  std::set<std::string> held_back, trained;
  for (int number = 0; number < 12; ++number) {
    place.arrive(number);
    REQUIRE(watched.refresh());
    const Split split = watched.split(0.4, 3);
    const auto now = names(watched.dataset(), split.validation), others = names(watched.dataset(), split.train);
    CHECK(std::ranges::includes(now, held_back));
    if (others != now) CHECK(std::ranges::includes(others, trained));
    held_back = now;
    if (others != now) trained = others;
  }
  CHECK(held_back.size() > 1);
  CHECK(held_back.size() < 10);
  CHECK(held_back.size() + trained.size() == 12);
}

TEST_CASE("watch: a run waits for its first mask, takes in others, and goes on") {
  Workplace place("watch_run");
  std::thread annotator([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    place.arrive(0);
  });
  TrainingTask task;
  task.options = place.options(3);
  std::vector<std::string> told;
  const LogSink log = [&](LogLevel, const std::string& text) { told.push_back(text); };
  task.objective = dense_objective(task.options, log);
  annotator.join();
  CHECK(contains(told.at(0), "waiting for the first mask"));
  CHECK(task.objective->steps_per_epoch() == 100);
  task.run = task.options.out;
  check_training(task);
  TrainingHooks hooks;
  std::vector<std::size_t> scored;
  hooks.epoch = [&](const EpochReport& report) {
    scored.push_back(report.scores.size());
    if (report.epoch == 1)
      for (int number = 1; number < 8; ++number) place.arrive(number);
    if (report.epoch == 2) os::write_file(place.masks / "n0.png", "nothing");
  };
  CHECK(train(test_device(), task, hooks).step == 300);
  CHECK(scored.size() == 3);
  CHECK(scored[2] == 3);
  const auto said = [&](const std::string& text) {
    return std::ranges::count_if(told, [&](const std::string& line) { return contains(line, text); });
  };
  CHECK(said("8 annotated images now") == 1);
  CHECK(said("7 annotated images now") == 1);
  CHECK(said("left out until it changes") == 1);

  task.options.epochs = 4;
  task.objective = dense_objective(task.options, log);
  task.resume = load_model_file(task.run / kLastModel);
  CHECK(task.resume->state->dataset == task.objective->fingerprint());
  CHECK(train(test_device(), task, {}).step == 400);
}

}  // namespace tuff::test
