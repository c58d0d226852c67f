// Training with --autotune: a checkpoint knows the kernels that ran, and a run that goes on uses them whatever else is
// said, so that it stays bit-equal.
#include <doctest/doctest.h>

#include <vector>

#include "ops/kernel_table.h"
#include "plan/select.h"
#include "runtime/choice_file.h"
#include "runtime/compile.h"
#include "support/child.h"
#include "support/nuclei.h"
#include "support/segmentation_task.h"
#include "support/test_device.h"
#include "tasks/networks.h"
#include "tasks/segmentation.h"
#include "train/trainer.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSteps = 6, kStop = 3;

class Runs {
 public:
  explicit Runs(const char* name) : data_(nuclei_folder(name, 6, 48)) {}

  TrainingTask task(const std::string& run, bool autotune, const std::string& cache) const {
    TrainOptions options;
    options.images = (data_ / "images").string();
    options.masks = (data_ / "masks").string();
    options.out = (data_ / run).string();
    options.base = 4;
    options.depth = 1;
    options.crop = 32;
    options.batch = 2;
    options.steps = kSteps;
    options.autotune = autotune;
    TrainingTask made = segmentation_task(options);
    if (!cache.empty()) made.cache_folder = data_ / cache;
    return made;
  }

  // The convolutions of a training step, all to be run by one kernel that isn't the usual one.
  KernelChoices convolutions(const char* kernel) const {
    const auto graph = prepared(*task("graph", false, "").objective->graph());
    const Plan plan = lower(*graph, test_device().caps(), kernel_table());
    KernelChoices choices = choices_of(*graph, plan, kernel_table());
    std::erase_if(choices,
                  [&](const auto& choice) { return !choice.first.starts_with("conv(") || choice.second == kernel; });
    REQUIRE(!choices.empty());
    for (auto& [key, chosen] : choices) chosen = kernel;
    return choices;
  }

  void write_cache(const std::string& cache, const KernelChoices& choices) const {
    REQUIRE(ChoiceFile(data_ / cache, test_device().description(), test_device().caps()).write(choices));
  }

  Model stopped(const std::string& run, const std::string& cache) const {
    std::int64_t done = 0;
    TrainingHooks hooks;
    hooks.step = [&](const StepReport& report) { done = report.step; };
    hooks.stop = [&] { return done == kStop; };
    CHECK(train(test_device(), task(run, true, cache), hooks).stopped);
    return last(run);
  }

  // Goes on without tuning where `cache` is empty.
  std::vector<std::string> resume(const std::string& run, const std::string& cache, Model from) const {
    TrainingTask rest = task(run, !cache.empty(), cache);
    rest.resume = std::move(from);
    std::vector<std::string> said;
    TrainingHooks hooks;
    hooks.log = [&](LogLevel level, const std::string& line) {
      if (level != LogLevel::debug && !line.starts_with("tun")) said.push_back(line);
    };
    CHECK(train(test_device(), rest, hooks).step == kSteps);
    return said;
  }

  Model last(const std::string& run) const { return load_model_file(data_ / run / kLastModel); }
  std::string losses(const std::string& run) const { return file_text(data_ / run / kLossesFile); }

  bool equal(const std::string& a, const std::string& b) const {
    const SafeTensors first = last(a).file, second = last(b).file;
    REQUIRE(first.tensors.size() == second.tensors.size());
    for (std::size_t i = 0; i < first.tensors.size(); ++i)
      if (first.tensors[i].data != second.tensors[i].data) return false;
    return losses(a) == losses(b);
  }

 private:
  fs::path data_;
};

bool runs_all(const Model& model, const KernelChoices& choices) {
  for (const auto& [key, kernel] : choices) {
    const auto found = model.state->kernels.find(key);
    if (found == model.state->kernels.end() || found->second != kernel) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("tuning: a run that goes on uses the kernels it began with, without --autotune, cache or against it") {
  const Runs runs("tuning_resume");
  const KernelChoices tuned = runs.convolutions("implicit_gemm");
  runs.write_cache("cache", tuned);
  train(test_device(), runs.task("whole", true, "cache"));
  CHECK(runs_all(runs.last("whole"), tuned));
  CHECK(runs.last("whole").state->device == test_device().caps().name);
  // Else what follows would prove nothing.
  train(test_device(), runs.task("usual", false, ""));
  CHECK_FALSE(runs.equal("usual", "whole"));
  CHECK_FALSE(runs_all(runs.last("usual"), tuned));

  CHECK(runs.resume("parts", "", runs.stopped("parts", "cache")).empty());
  CHECK(runs.equal("parts", "whole"));
  CHECK(runs_all(runs.last("parts"), tuned));

  runs.write_cache("contrary", runs.convolutions("direct"));
  const std::vector<std::string> said = runs.resume("against", "contrary", runs.stopped("against", "cache"));
  REQUIRE(said.size() == 1);
  CHECK(contains(said[0], "goes on with the kernels that it began with"));
  CHECK(runs.equal("against", "whole"));
}

TEST_CASE("tuning: recorded kernels that are gone or of another device are told in one line, and training goes on") {
  const Runs runs("tuning_gone");
  const KernelChoices tuned = runs.convolutions("implicit_gemm");
  runs.write_cache("cache", tuned);
  const Model stopped = runs.stopped("stopped", "cache");

  Model gone = stopped;
  for (auto& [key, kernel] : gone.state->kernels)
    if (key.starts_with("conv(")) kernel = "perfect";
  const std::vector<std::string> said = runs.resume("stopped", "", gone);
  REQUIRE(said.size() == 1);
  CHECK(contains(said[0], "recorded kernels can't run here, such as perfect of conv"));
  CHECK_FALSE(runs_all(runs.last("stopped"), tuned));

  Model foreign = stopped;
  foreign.state->device = "another device";
  const std::vector<std::string> anew = runs.resume("stopped", "", foreign);
  REQUIRE(anew.size() == 1);
  CHECK(contains(anew[0], "\"another device\""));
  CHECK_FALSE(runs_all(runs.last("stopped"), tuned));
}

TEST_CASE("tuning: commands share what was found, and tell what was chosen") {
  const fs::path data = nuclei_folder("tuning_commands", 6, 48);
  const std::string run = (data / "run").string(), cached = "TUFF_CACHE='" + (data / "cache").string() + "'";
  const Finished trained =
      run_tuff({"train", "unet", "--images", (data / "images").string(), "--masks", (data / "masks").string(), "--out",
                run, "--base", "4", "--depth", "1", "--crop", "32", "--batch", "2", "--steps", "1", "--autotune"},
               cached);
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(contains(trained.err, "tuff: tuned "));
  const Finished explained = run_tuff({"explain", run, "--train", "--autotune"}, cached);
  REQUIRE(explained.code == 0);
  CHECK_FALSE(contains(explained.err, "tuning"));
  CHECK(contains(explained.out, ", as tuning chose"));
  const Finished plain = run_tuff({"explain", run, "--train"}, cached);
  REQUIRE(plain.code == 0);
  CHECK_FALSE(contains(plain.out, ", as tuning chose"));
  if (!test_device().caps().timestamps) return;
  const Finished profiled = run_tuff({"profile", run, "--train", "--autotune", "--runs", "1"}, cached);
  REQUIRE(profiled.code == 0);
  CHECK_FALSE(contains(profiled.err, "tuning"));
  CHECK(contains(profiled.out, "(tuned)"));
}

}  // namespace tuff::test
