// The commands as a user runs them, on a device: train, stop, resume, predict, evaluate; and the bad input that
// only shows there.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "io/image.h"
#include "io/safetensors.h"
#include "support/child.h"
#include "support/nuclei.h"
#include "support/skip.h"
#include "support/test_device.h"

using namespace tuff;
using namespace tuff::test;

namespace {

namespace fs = std::filesystem;

std::vector<std::string> train_arguments(const fs::path& data, const std::string& run, std::vector<std::string> more) {
  std::vector<std::string> arguments = {"train",    "unet",
                                        "--images", (data / "images").string(),
                                        "--masks",  (data / "masks").string(),
                                        "--out",    (data / run).string(),
                                        "--base",   "4",
                                        "--depth",  "2",
                                        "--crop",   "32",
                                        "--batch",  "2"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Finished train(const fs::path& data, const std::string& run, std::vector<std::string> more,
               const std::string& before = {}) {
  return run_tuff(train_arguments(data, run, std::move(more)), before);
}

}  // namespace

TEST_CASE("run: train, evaluate and predict") {
  const fs::path data = nuclei_folder("run_train");
  const Finished trained = train(data, "run", {"--steps", "120", "--lr", "5e-3"});
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(contains(trained.err, "epoch 1  step 100"));
  for (const char* file : {"config.json", "metrics.csv", "losses.csv", "best.safetensors", "last.safetensors",
                           "curve.png", "report.html", "norms.csv", "events.out.tfevents.0000000000.tuff"})
    CHECK(fs::exists(data / "run" / file));
  const std::string metrics = file_text(data / "run" / "metrics.csv");
  CHECK(std::count(metrics.begin(), metrics.end(), '\n') == 3);
  CHECK(nlohmann::json::parse(file_text(data / "run" / "config.json")).at("base") == 4);

  // The model file alone is enough.
  fs::copy_file(data / "run" / "best.safetensors", data / "model.safetensors");
  const Finished evaluated =
      run_tuff({"evaluate", (data / "model.safetensors").string(), "--images", (data / "images").string(), "--masks",
                (data / "masks").string(), "--json", "-", "--sheet", (data / "sheet.png").string()});
  CAPTURE(evaluated.err);
  REQUIRE(evaluated.code == 0);
  const nlohmann::json scores = nlohmann::json::parse(evaluated.out);
  CHECK(scores.at("images").size() == 8);
  CHECK(scores.at("images")[0].at("name") == "n0");
  CHECK(scores.at("mean").at("dice").get<double>() > 0.6);
  CHECK(scores.at("mean").at("iou").get<double>() < scores.at("mean").at("dice").get<double>());
  CHECK(scores.at("mean").at("pixel_accuracy").get<double>() > 0.7);
  CHECK(fs::exists(data / "sheet.png"));

  const Finished predicted = run_tuff({"predict", (data / "run").string(), (data / "images").string(), "--out",
                                       (data / "out").string(), "--probabilities", "--instances"});
  CAPTURE(predicted.err);
  REQUIRE(predicted.code == 0);
  const Image mask = read_image(data / "out" / "n0.png");
  CHECK(mask.height == 64);
  for (const float value : mask.values) CHECK((value == 0 || value == 255));
  CHECK(fs::exists(data / "out" / "n0_overlay.png"));
  const Image probabilities = read_image(data / "out" / "n0_probabilities.tif");
  const Image instances = read_image(data / "out" / "n0_instances.png");
  CHECK(instances.info.bits == 16);
  for (std::size_t i = 0; i < mask.values.size(); ++i) {
    CHECK((probabilities.values[i] >= 0.5f) == (mask.values[i] > 0));
    CHECK((instances.values[i] > 0) == (mask.values[i] > 0));
  }

  // Stored as f16 where the device can, which few pixels show.
  const Finished half = run_tuff({"predict", (data / "run").string(), (data / "images").string(), "--out",
                                  (data / "half").string(), "--probabilities", "--dtype", "f16"});
  CAPTURE(half.err);
  REQUIRE(half.code == 0);
  CHECK(contains(half.err, "no 16-bit storage") == !test_device().caps().storage_16bit);
  const Image half_mask = read_image(data / "half" / "n0.png");
  std::size_t differing = 0;
  for (std::size_t i = 0; i < mask.values.size(); ++i) differing += mask.values[i] != half_mask.values[i] ? 1 : 0;
  CHECK(differing <= mask.values.size() / 100);
  CHECK((read_image(data / "half" / "n0_probabilities.tif").values != probabilities.values) ==
        test_device().caps().storage_16bit);

  // Results never replace the images they are made from.
  const std::string before = file_text(data / "images" / "n0.png");
  check_refused(
      run_tuff({"predict", (data / "run").string(), (data / "images").string(), "--out", (data / "images").string()}),
      {"n0.png", "replace"});
  CHECK(file_text(data / "images" / "n0.png") == before);

  const Finished explained = run_tuff({"explain", (data / "run").string(), "--dot", (data / "graph.dot").string()});
  CHECK(explained.code == 0);
  CHECK(contains(explained.out, "encoder.0.conv1"));
  CHECK(file_text(data / "graph.dot").starts_with("digraph"));
  check_refused(run_tuff({"explain", (data / "run").string(), "--device", "no such device"}), {"no such device"});

  const Finished profiled = run_tuff({"profile", (data / "run").string(), "--train", "--runs", "1", "--json", "-"});
  CAPTURE(profiled.err);
  if (profiled.code == 1 && contains(profiled.err, "timestamps")) return skip("this device has no timestamps");
  REQUIRE(profiled.code == 0);
  const nlohmann::json profile = nlohmann::json::parse(profiled.out);
  CHECK(profile.at("run_seconds").get<double>() > 0);
  CHECK(profile.at("dispatches").size() > 50);
  double flops = 0;
  for (const auto& dispatch : profile.at("dispatches")) flops += dispatch.at("flops").get<double>();
  CHECK(profile.at("flops").get<double>() == doctest::Approx(flops));
}

TEST_CASE("run: same seed, same bits; another seed, others") {
  const fs::path data = nuclei_folder("run_seed");
  for (const char* run : {"a", "b"}) REQUIRE(train(data, run, {"--steps", "5"}).code == 0);
  REQUIRE(train(data, "c", {"--steps", "5", "--seed", "1"}).code == 0);
  for (const char* file : {"best.safetensors", "last.safetensors"}) {
    CHECK(!file_text(data / "a" / file).empty());
    CHECK(file_text(data / "a" / file) == file_text(data / "b" / file));
    CHECK(file_text(data / "a" / file) != file_text(data / "c" / file));
  }
}

TEST_CASE("run: stopped and resumed is bit-equal to uninterrupted") {
  const fs::path data = nuclei_folder("run_resume");
  const std::vector<std::string> options = {"--steps", "110", "--norm", "batch", "--save-every", "1"};
  REQUIRE(train(data, "whole", options).code == 0);
  // Interrupted as by Ctrl-C, then killed again and again, until it gets through.
  std::string command = "$TUFF";
  for (const std::string& argument : train_arguments(data, "parts", options)) command += " '" + argument + "'";
  const Finished stopped = run_shell("timeout -s INT 2 " + command);
  CAPTURE(stopped.err);
  int kills = 0;
  Finished resumed;
  for (const char* seconds : {"1.1", "0.7", "1.3", "2.1", "1.7", "60"}) {
    resumed = run_shell("timeout -s KILL " + std::string(seconds) + " " + command + " --resume");
    if (resumed.code == 0) break;
    ++kills;
  }
  CAPTURE(resumed.err);
  CAPTURE(kills);
  REQUIRE(resumed.code == 0);
  CHECK(file_text(data / "parts" / "last.safetensors") == file_text(data / "whole" / "last.safetensors"));
  CHECK(file_text(data / "parts" / "best.safetensors") == file_text(data / "whole" / "best.safetensors"));
  const std::string metrics = file_text(data / "parts" / "metrics.csv");
  CHECK(std::count(metrics.begin(), metrics.end(), '\n') == 3);
  CHECK(file_text(data / "parts" / "losses.csv") == file_text(data / "whole" / "losses.csv"));
  check_refused(train(data, "parts", {"--resume", "--base", "8"}), {"--base 8", "4"});
  check_refused(train(data, "parts", {"--resume", "--config", (data / "whole" / "config.json").string()}),
                {"--config"});
  fs::copy_file(data / "images" / "n0.png", data / "images" / "n9.png");
  fs::copy_file(data / "masks" / "n0.png", data / "masks" / "n9.png");
  check_refused(train(data, "parts", {"--resume"}), {"images", "begun"});
}

TEST_CASE("run: --dtype f16 is kept, its loss scale reported, and overflows without end are an error") {
  const fs::path data = nuclei_folder("run_half");
  const Finished trained = train(data, "run", {"--steps", "5", "--dtype", "f16"});
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  const bool half = test_device().caps().storage_16bit;
  CHECK(contains(trained.err, "no 16-bit storage; using f32") == !half);
  CHECK(contains(trained.err, "loss scale 65536"));
  const std::string losses = file_text(data / "run" / "losses.csv");
  CHECK(losses.starts_with("step,loss,gradient_norm,loss_scale\n1,"));
  CHECK(contains(losses, ",65536\n"));
  CHECK(nlohmann::json::parse(file_text(data / "run" / "config.json")).at("dtype") == "f16");
  check_refused(train(data, "run", {"--resume", "--dtype", "f32"}), {"--dtype f32", "begun with f16"});
  const Finished longer = train(data, "run", {"--resume", "--steps", "8"});
  CAPTURE(longer.err);
  CHECK(longer.code == 0);
  CHECK(file_text(data / "run" / "losses.csv").starts_with(losses));
  const Finished explained = run_tuff({"explain", (data / "run").string(), "--train"});
  CHECK(explained.code == 0);
  CHECK(contains(explained.out, "loss_scale growth_factor=2"));
  CHECK(contains(explained.out, "f16") == half);
  check_refused(train(data, "other", {"--dtype", "bf16"}), {"--dtype: \"bf16\" is none of f32, f16"});
  if (half)
    check_refused(train(data, "overflow", {"--steps", "100", "--lr", "1e6", "--norm", "none", "--dtype", "f16"}),
                  {"step 3", "overflow in every step", "--dtype f32"});
}

TEST_CASE("run: a loss that is no number ends the run and leaves the last checkpoint whole") {
  const fs::path data = nuclei_folder("run_nan");
  REQUIRE(train(data, "run", {"--steps", "3"}).code == 0);
  const std::string last = file_text(data / "run" / "last.safetensors");
  const Finished finished = train(data, "diverged", {"--steps", "100", "--lr", "1e6", "--norm", "none"});
  check_refused(finished, {"step ", "--lr", " pass ", "gave the first one, from finite values"});
  CHECK(file_text(data / "run" / "last.safetensors") == last);
}

TEST_CASE("run: a full disk is named and earlier files stay whole") {
  if (run_shell("unshare -rm true").code != 0) return skip("may not mount a small file system (unshare -rm)");
  const fs::path data = nuclei_folder("run_full");
  REQUIRE(train(data, "run", {"--steps", "3"}).code == 0);
  const std::string last = file_text(data / "run" / "last.safetensors");
  // A file system with room for the run, but not for a second checkpoint beside the first.
  std::uintmax_t bytes = 0;
  for (const auto& file : fs::directory_iterator(data / "run")) bytes += fs::file_size(file) + 4096;
  const std::string size = std::to_string((bytes + last.size() / 2) / 1024);
  std::string command = "$TUFF";
  for (const std::string& argument : train_arguments(data, "small", {"--steps", "6", "--resume"}))
    command += " " + argument;
  fs::create_directories(data / "small");
  fs::create_directories(data / "after");
  const Finished finished =
      run_shell("export TUFF; cd '" + data.string() + "'; unshare -rm bash -c '" + "mount -t tmpfs -o size=" + size +
                "k none small && cp run/* small && " + command + "; code=$?; cp small/* after; exit $code'");
  check_refused(finished, {"last.safetensors"});
  CHECK(file_text(data / "after" / "last.safetensors") == last);
  CHECK(!file_text(data / "after" / "config.json").empty());
  CHECK(train(data, "run", {"--steps", "6", "--resume"}).code == 0);
}

TEST_CASE("run: an unknown device") {
  const fs::path data = nuclei_folder("run_device");
  check_refused(train(data, "run", {"--device", "no such device"}), {"no such device"});
  CHECK(!fs::exists(data / "run"));
}

TEST_CASE("run: TIFF in gives TIFF out, stacks too") {
  const fs::path data = nuclei_folder("run_tiff");
  REQUIRE(train(data, "run", {"--steps", "2"}).code == 0);
  Image stack(1, 40, 52);
  stack.depth = 3;
  stack.values.assign(3 * 40 * 52, 10);
  for (std::size_t i = 0; i < stack.values.size(); i += 7) stack.values[i] = 200;
  stack.info.kind = FileKind::tiff;
  stack.info.pixel_width = stack.info.pixel_height = 0.25;
  stack.info.unit = "um";
  write_image(data / "stack.tif", stack);
  const Finished predicted =
      run_tuff({"predict", (data / "run").string(), (data / "stack.tif").string(), "--out", (data / "out").string()});
  CAPTURE(predicted.err);
  REQUIRE(predicted.code == 0);
  const Image mask = read_image(data / "out" / "stack.tif");
  CHECK(mask.planes() == 3);
  CHECK(mask.height == 40);
  CHECK(mask.width == 52);
  CHECK(mask.info.pixel_width == doctest::Approx(0.25));
}
