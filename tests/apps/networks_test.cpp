// Every network that gives an image for an image, through every command that takes its model.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "io/image.h"
#include "support/child.h"
#include "support/files.h"
#include "support/nuclei.h"
#include "tasks/dense_task.h"
#include "train/options.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

struct Subject {
  std::string network;
  Words train;       // beside --images and what is small for all
  Words truth = {};  // for evaluate
};

Words joined(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void check_commands(const Subject& subject, const std::string& images, const fs::path& folder) {
  CAPTURE(subject.network);
  const std::string run = (folder / subject.network).string(), results = run + "_results";
  const Words train = joined(
      {"train", subject.network, "--images", images, "--out", run, "--batch", "2", "--steps", "2"}, subject.train);
  require_done(run_tuff(train));
  require_done(run_tuff({"train", "--out", run, "--resume", "--steps", "3"}));
  require_done(run_tuff({"predict", run, images, "--out", results}));
  CHECK(!fs::is_empty(results));
  const std::string sheet = run + "_sheet.png";
  const Words evaluate = joined({"evaluate", run, "--images", images, "--sheet", sheet, "--json", "-"}, subject.truth);
  const Finished scores = run_tuff(evaluate);
  require_done(scores);
  CHECK(contains(scores.out, "\"mean\""));
  CHECK(fs::exists(sheet));
  require_done(run_tuff({"explain", run}));
  const std::string crop = *(std::ranges::find(subject.train, "--crop") + 1);  // small, so fields reach its border
  const Finished field =
      run_tuff({"explain", run, "--receptive-field", "--tile", crop, "--picture", run + "_field.png"});
  require_done(field);
  CHECK(contains(field.out, "input"));
  CHECK(fs::exists(run + "_field.png"));
  require_done(run_tuff({"profile", run, "--train", "--runs", "1"}));
  require_done(run_tuff({"convert", run, run + ".onnx"}));
}

}  // namespace

TEST_CASE("networks: each trains, goes on, predicts, is judged, explained, profiled and converted") {
  const fs::path data = nuclei_folder("networks_data", 4);
  const std::string images = (data / "images").string(), masks = (data / "masks").string();
  const Words small = {"--crop", "32", "--base", "4"}, with_masks = {"--masks", masks};
  const std::vector<Subject> subjects = {
      {"unet", joined({"--crop", "32", "--base", "4", "--depth", "2", "--dropout", "0.2"}, with_masks), with_masks},
      {"fcn", joined(joined(small, {"--dropout", "0.2"}), with_masks), with_masks},
      {"segnet", joined(joined(small, {"--depth", "2"}), with_masks), with_masks},
      {"deepmedic", joined({"--crop", "57", "--base", "6", "--dropout", "0.2"}, with_masks), with_masks},
      {"rootpainter", joined({"--crop", "46", "--base", "4", "--depth", "1"}, with_masks), with_masks},
      {"stardist", joined(joined(small, {"--depth", "2", "--rays", "8", "--dropout", "0.2"}), with_masks), with_masks},
      {"cellpose", joined(joined(small, {"--depth", "2"}), with_masks), with_masks},
      {"insilico",
       joined(joined(small, {"--depth", "2", "--dropout", "0.2"}), {"--targets", masks}),
       {"--targets", masks}},
      {"illumination", joined(joined(small, {"--depth", "2", "--patterns", "2", "--lamp-grid", "1x1"}), with_masks),
       with_masks},
      {"denoiser", joined(small, {"--depth", "2", "--noise", "gaussian:0.1", "--dropout", "0.2"})},
      {"superres", {"--crop", "16", "--base", "4", "--blocks", "1"}},
  };
  for (const TrainableModel& model : trainable_models()) {
    if (!is_dense(model.name)) continue;
    const bool listed = std::ranges::any_of(subjects, [&](const Subject& s) { return s.network == model.name; });
    CHECK_MESSAGE(listed, std::string(model.name) << " isn't tried here");
  }
  for (const Subject& subject : subjects) check_commands(subject, images, data);
}

TEST_CASE("networks: a U-Net over volumes, through the same commands") {
  const fs::path data = scratch_folder("networks_volumes");
  for (const char* kind : {"images", "masks"}) {
    fs::create_directories(data / kind);
    for (int i = 0; i < 2; ++i) {
      Image volume(1, ImageSize(12, 40, 36));
      volume.info.kind = FileKind::tiff;
      for (std::int64_t z = 3; z < 8; ++z)
        for (std::int64_t y = 10; y < 20 + i; ++y)
          for (std::int64_t x = 8; x < 22; ++x) volume.values[static_cast<std::size_t>((z * 40 + y) * 36 + x)] = 200;
      write_image(data / kind / ("v" + std::to_string(i) + ".tif"), volume);
    }
  }
  const Words truth = {"--masks", (data / "masks").string()};
  check_commands({"unet",
                  joined({"--dims", "3", "--axes", "ZYX", "--crop", "16", "--crop-depth", "8", "--base", "2", "--depth",
                          "2", "--flat-levels", "1"},
                         truth),
                  truth},
                 (data / "images").string(), data);
  check_commands({"stardist",
                  joined({"--dims", "3", "--axes", "ZYX", "--crop", "16", "--crop-depth", "8", "--base", "2", "--depth",
                          "1", "--rays", "8"},
                         truth),
                  truth},
                 (data / "images").string(), data);
  CHECK(probe_image(data / "stardist_results" / "v0.tif").depth == 12);
  const Image mask = probe_image(data / "unet_results" / "v0.tif");
  CHECK(mask.depth == 12);
  CHECK(fs::exists(data / "unet_results" / "v0_overlay_0011.png"));
}

}  // namespace tuff::test
