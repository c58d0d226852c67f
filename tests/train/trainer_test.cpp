// A training run as the driver and the host see it: after the first steps nothing is made any more, and the thread
// that trains does next to nothing.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "base/os.h"
#include "io/dataset.h"
#include "support/nuclei.h"
#include "support/segmentation_task.h"
#include "support/skip.h"
#include "support/test_layer.h"
#include "tasks/networks.h"
#include "tasks/segmentation.h"
#include "train/trainer.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSteps = 20;

TrainingTask task_on_nuclei(const fs::path& folder) {
  TrainOptions options;
  options.images = (folder / "images").string();
  options.masks = (folder / "masks").string();
  options.out = (folder / "run").string();
  options.base = 4;
  options.depth = 3;
  options.crop = 64;  // small, because copying the batch, which is part of loading data, would drown the rest
  options.batch = 8;
  options.steps = kSteps;
  return segmentation_task(options);
}

struct Moment {
  TuffTestLayerCounts counts;
  double host = 0;  // CPU seconds of the thread that trains
};

}  // namespace

TEST_CASE("training: after the first steps only submissions, and little work for the host") {
  const bool watched = os::environment("VK_INSTANCE_LAYERS").has_value();
  const TestLayer layer("");
  const auto device = Device::open();
  const TrainingTask task = task_on_nuclei(nuclei_folder("trainer_steady", 4, 80));
  std::vector<Moment> moments;
  TrainingHooks hooks;
  hooks.step = [&](const StepReport&) { moments.push_back({TestLayer::counts(), os::thread_cpu_seconds()}); };
  train(*device, task, hooks);
  REQUIRE(moments.size() == kSteps);

  // The last step ends the epoch: it validates, saves, and compiles for the validation images' size.
  std::vector<double> host;
  constexpr std::size_t kWarm = 2;  // both staging slots have been used
  for (std::size_t step = kWarm; step < moments.size(); ++step) {
    const TuffTestLayerCounts &before = moments[step - 1].counts, &after = moments[step].counts;
    CHECK(after.pipelines == before.pipelines);
    CHECK(after.command_buffers == before.command_buffers);
    CHECK(after.allocations == before.allocations);
    // One for each piece that the FLOP budget cuts; on a CPU driver, which has no watchdog, one in all.
    CHECK(after.submissions - before.submissions ==
          moments[kWarm].counts.submissions - moments[kWarm - 1].counts.submissions);
    if (device->caps().is_cpu()) CHECK(after.submissions - before.submissions == 1);
    host.push_back(moments[step].host - moments[step - 1].host);
  }
  std::sort(host.begin(), host.end());
  MESSAGE("host: " << host[host.size() / 2] * 1e6 << " us of CPU a step (median), batch of 8 crops of 64x64");
  if (watched) return skip("the host's time is not judged under validation layers");
  CHECK(host[host.size() / 4] < 200e-6);  // the quartile: other programs may disturb some steps
}

}  // namespace tuff::test
