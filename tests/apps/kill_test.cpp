// A run that is killed, again and again, while it writes a checkpoint at every step.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "io/safetensors.h"
#include "support/child.h"
#include "support/nuclei.h"
#include "train/checkpoint.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

constexpr int kKills = 100;

// A net so small that saving takes most of a step.
std::string train_command(const fs::path& data, const std::string& run, std::int64_t steps) {
  return fmt::format(
      "$TUFF train unet --images '{0}/images' --masks '{0}/masks' --out '{0}/{1}' --base 2 --depth 1 "
      "--crop 16 --batch 1 --save-every 1 --steps {2}",
      data.string(), run, steps);
}

// Kills the command `delay` seconds after it has replaced the run's checkpoint for the first time.
Finished kill_while_saving(const std::string& command, const fs::path& checkpoint, double delay) {
  return run_shell(
      fmt::format("touch '{1}'; {2} & pid=$!\n"
                  "until [ '{0}' -nt '{1}' ]; do kill -0 $pid || exit 3; sleep 0.005; done\n"
                  "sleep {3:.4f}; kill -KILL $pid; wait $pid; [ $? = 137 ]",
                  checkpoint.string(), (checkpoint.parent_path().parent_path() / "stamp").string(), command, delay));
}

}  // namespace

TEST_CASE("kill: a run that saves every step is killed at 100 random moments and always goes on") {
  const fs::path data = nuclei_folder("kill");
  const fs::path checkpoint = data / "parts" / kLastModel;
  std::mt19937 random(1);
  std::uniform_real_distribution<double> delay(0, 0.15);
  std::int64_t step = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const std::string command = train_command(data, "parts", 1'000'000) + (kill > 0 ? " --resume" : "");
    const Finished killed = kill_while_saving(command, checkpoint, delay(random));
    CAPTURE(kill);
    CAPTURE(killed.err);
    REQUIRE(killed.code == 0);
    const Model model = load_model_file(checkpoint);  // whole, whatever the moment
    REQUIRE(model.state);
    CHECK(model.state->step > step);
    step = model.state->step;
  }
  // What it has come to is what a run without a kill comes to, to the bit.
  const std::int64_t steps = step + 10;
  const Finished resumed = run_shell(train_command(data, "parts", steps) + " --resume");
  CAPTURE(resumed.err);
  REQUIRE(resumed.code == 0);
  REQUIRE(run_shell(train_command(data, "whole", steps)).code == 0);
  CHECK(file_text(data / "parts" / kLastModel) == file_text(data / "whole" / kLastModel));
  CHECK(file_text(data / "parts" / kLossesFile) == file_text(data / "whole" / kLossesFile));
  // The best model may have been saved when --steps was still another.
  const SafeTensors parts = read_safetensors(data / "parts" / kBestModel);
  const SafeTensors whole = read_safetensors(data / "whole" / kBestModel);
  REQUIRE(parts.tensors.size() == whole.tensors.size());
  for (std::size_t i = 0; i < whole.tensors.size(); ++i) CHECK(parts.tensors[i].data == whole.tensors[i].data);
  MESSAGE(kKills << " kills within " << steps << " steps");
}

}  // namespace tuff::test
