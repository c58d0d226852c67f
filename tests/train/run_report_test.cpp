// What a run writes of itself: the same each time, whole after a resume, and what is asked for alone.
#include "train/run_report.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "base/os.h"
#include "support/child.h"
#include "support/files.h"
#include "support/markup.h"
#include "support/test_device.h"
#include "support/tiny_objective.h"
#include "train/checkpoint.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

Value rectified(Value x) {
  return relu(x);
}

std::string text_of(const fs::path& file) {
  const std::vector<std::byte> bytes = os::read_file(file);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The page without the times in it.
std::string timeless(const fs::path& run) {
  std::string page = text_of(run / kReportFile);
  CHECK(markup_fault(page) == "");
  const std::size_t first = page.find("<section id=\"timing\">"), last = page.find("</section>");
  REQUIRE(first != std::string::npos);
  REQUIRE(last != std::string::npos);
  return page.erase(first, last - first);
}

std::size_t event_files(const fs::path& run) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(run))
    count += entry.path().filename().string().starts_with("events.out.tfevents.");
  return count;
}

}  // namespace

TEST_CASE("run report: two equal runs write the same but for times") {
  const fs::path folder = scratch_folder("report_twice");
  for (const char* name : {"a", "b"}) train(test_device(), tiny_task(rectified, folder / name, 10));
  CHECK(timeless(folder / "a") == timeless(folder / "b"));
  CHECK(text_of(folder / "a" / kNormsFile) == text_of(folder / "b" / kNormsFile));
  const std::string page = timeless(folder / "a");
  for (const char* part : {"step 10 of 10, epoch 3", "validation: first weight", "Layers after step 8", ">middle<",
                           ">first.weight<", "data:image/png;base64,", "layer-norms"})
    CHECK_MESSAGE(contains(page, part), part);
}

TEST_CASE("run report: a run that was stopped and resumed tells of all of it") {
  const fs::path folder = scratch_folder("report_resumed");
  train(test_device(), tiny_task(rectified, folder / "whole", 12));
  TrainingTask task = tiny_task(rectified, folder / "parts", 12);
  std::int64_t steps = 0;
  TrainingHooks hooks;
  hooks.step = [&](const StepReport& report) { steps = report.step; };
  hooks.stop = [&] { return steps == 6; };
  CHECK(train(test_device(), task, hooks).stopped);
  task.resume = load_model_file(task.run / kLastModel);
  train(test_device(), task);
  CHECK(timeless(folder / "parts") == timeless(folder / "whole"));
  for (const char* file : {kNormsFile, kLossesFile})
    CHECK_MESSAGE(text_of(folder / "parts" / file) == text_of(folder / "whole" / file), file);
  CHECK(event_files(folder / "whole") == 1);
  CHECK(event_files(folder / "parts") == 2);
}

TEST_CASE("run report: neither event files nor layers where they aren't wanted") {
  TrainingTask task = tiny_task(rectified, scratch_folder("report_plain") / "run", 4);
  task.options.layer_norms = 0;
  task.options.tensorboard = "off";
  train(test_device(), task);
  CHECK(event_files(task.run) == 0);
  CHECK_FALSE(fs::exists(task.run / kNormsFile));
  CHECK_FALSE(contains(timeless(task.run), "Layers after"));
}

TEST_CASE("run report: a dead layer is named") {
  const auto dead = [](Value x) { return relu(add_scalar(x, -1e6f)); };
  const TrainingTask task = tiny_task(dead, scratch_folder("report_dead") / "run", 4);
  train(test_device(), task);
  const std::string page = timeless(task.run);
  CHECK(contains(page, "dead ReLUs, of whose outputs 99 % or more are 0; try a lower --lr: &quot;middle&quot;"));
  CHECK(contains(page, "no gradient reaches the weights of: &quot;first.weight&quot;"));
}

}  // namespace tuff::test
