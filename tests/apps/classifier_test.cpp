// Classifiers through every command that takes their models, as a user runs them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/os.h"
#include "base/philox.h"
#include "io/image.h"
#include "io/safetensors.h"
#include "support/child.h"
#include "support/files.h"
#include "support/nuclei.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// Upright and lying bars, 16 pixels square, in CLASS/N.png.
fs::path bars(const std::string& name) {
  const fs::path folder = scratch_folder(name);
  PhiloxStream random(11);
  for (int i = 0; i < 24; ++i) {
    Image image(1, 16, 16);
    const std::int64_t place = random.below(12);
    for (std::int64_t y = 0; y < 16; ++y)
      for (std::int64_t x = 0; x < 16; ++x) {
        const std::int64_t across = i % 2 != 0 ? x : y;
        image.values[static_cast<std::size_t>(y * 16 + x)] = across >= place && across < place + 3 ? 200.0f : 20.0f;
      }
    const fs::path of_class = folder / "images" / (i % 2 != 0 ? "upright" : "lying");
    fs::create_directories(of_class);
    write_image(of_class / ("n" + std::to_string(i) + ".png"), image);
  }
  return folder;
}

std::string train(const fs::path& data, const std::string& network, const std::string& run, const Words& more) {
  const std::string out = (data / run).string();
  require_done(
      run_tuff(joined({"train", network, "--images", (data / "images").string(), "--labels", "folders", "--out", out,
                       "--batch", "4", "--steps", "20", "--lr", "1e-2", "--val-fraction", "0.25"},
                      more)));
  return out;
}

void check_other_commands(const std::string& run) {
  require_done(run_tuff({"explain", run}));
  require_done(run_tuff({"explain", run, "--train"}));
  require_done(run_tuff({"profile", run, "--train", "--runs", "1"}));
  require_done(run_tuff({"convert", run, run + ".onnx"}));
}

}  // namespace

TEST_CASE("classifier: images of the net's size get a class, larger ones a map; scores and who is taken for whom") {
  const fs::path data = bars("classifier_run");
  const std::string images = (data / "images").string(), out = (data / "out").string();
  const std::string run = train(data, "cnn", "run", {"--base", "4", "--depth", "1", "--dense", "8"});
  CHECK(contains(file_text(data / "run" / "metrics.csv"), "val_accuracy,val_balanced_accuracy"));

  require_done(run_tuff({"predict", run, (data / "images" / "upright").string(), "--out", out}));
  const std::string table = file_text(data / "out" / "classes.csv");
  CHECK(table.starts_with("name,class,lying,upright\nn1,"));
  CHECK(std::ranges::count(table, '\n') == 13);

  const Finished scores = run_tuff({"evaluate", run, "--images", images, "--labels", "folders", "--json", "-",
                                    "--confusion", (data / "c.csv").string(), "--sheet", (data / "c.png").string()});
  require_done(scores);
  CHECK(contains(scores.out, "\"accuracy\""));
  CHECK(contains(scores.out, "\"decisions_changed\""));
  CHECK(contains(file_text(data / "c.csv"), "truth,lying,upright\nlying,"));
  CHECK(read_image(data / "c.png").channels == 3);

  Image large(1, 40, 50);
  for (std::size_t i = 0; i < large.values.size(); ++i) large.values[i] = static_cast<float>(i * 7 % 200);
  write_image(data / "large.png", large);
  require_done(run_tuff({"predict", run, (data / "large.png").string(), "--out", out, "--probabilities"}));
  const Image map = read_image(data / "out" / "large.png");
  CHECK((map.height == 40 && map.width == 50));
  CHECK(*std::ranges::max_element(map.values) <= 1);
  CHECK(read_image(data / "out" / "large_probabilities.tif").channels == 2);
  CHECK(fs::exists(data / "out" / "large_overlay.png"));
  require_done(
      run_tuff({"predict", run, (data / "large.png").string(), "--out", out, "--stride", "1", "--tile", "32"}));
  require_done(run_tuff({"predict", run, (data / "large.png").string(), "--out", out, "--fit", "resize"}));
  CHECK(std::ranges::count(file_text(data / "out" / "classes.csv"), '\n') == 2);

  const Finished sliding = run_tuff({"sliding", run, "--size", "40", "--stride", "2"});
  require_done(sliding);
  CHECK(contains(sliding.out, "169 patches of 16x16 pixels, one every 2 pixels of 40x40"));
  check_other_commands(run);

  check_refused(run_tuff({"evaluate", run, "--images", images}), {"--labels is missing"});
  check_refused(run_tuff({"predict", run, (data / "large.png").string(), "--out", out, "--stride", "3"}),
                {"--stride 3"});
  check_refused(run_tuff({"train", "cnn", "--images", images, "--out", (data / "no").string()}),
                {"--labels is missing", "--masks"});
  check_refused(run_tuff({"train", "cnn", "--images", (data / "images" / "upright").string(), "--labels", "folders",
                          "--out", (data / "no").string()}),
                {"holds no folders"});
}

TEST_CASE("classifier: a run that goes on ends as one that wasn't stopped") {
  const fs::path data = bars("classifier_resume");
  const Words small = {"--base", "4", "--depth", "1", "--dense", "8", "--dropout", "0.3", "--balance"};
  const std::string whole = train(data, "cnn", "whole", small);
  const std::string halves = train(data, "cnn", "halves", joined(small, {"--steps", "9"}));
  require_done(run_tuff({"train", "--out", halves, "--resume", "--steps", "20"}));
  CHECK(file_text(fs::path(halves) / "losses.csv") == file_text(fs::path(whole) / "losses.csv"));
  const auto weights = [](const std::string& run) {
    const std::string text = file_text(fs::path(run) / "last.safetensors");
    return text.substr(text.size() - 2000);
  };
  CHECK(weights(halves) == weights(whole));
}

TEST_CASE("classifier: a held-out test is scored once, by the best model, and evaluate finds the same images") {
  const fs::path data = bars("classifier_split");
  const std::string run =
      train(data, "cnn", "run",
            {"--base", "4", "--depth", "1", "--dense", "8", "--steps", "40", "--test-fraction", "0.25", "--seed", "3"});
  const auto held_out = nlohmann::json::parse(file_text(fs::path(run) / "test.json"));
  CHECK(held_out["images"].size() == 6);
  std::int64_t images = 0;
  for (const std::string part : {"train", "validation", "test"}) {
    const Finished scores = run_tuff({"evaluate", run, "--split", part, "--json", "-"});
    require_done(scores);
    const auto json = nlohmann::json::parse(scores.out);
    images += json["images"].get<std::int64_t>();
    if (part == "test") CHECK(json["accuracy"].get<double>() == held_out["accuracy"].get<double>());
  }
  CHECK(images == 24);
}

TEST_CASE("classifier: augmented on the device, stopped and resumed to the bit; dumped as the net sees it") {
  const fs::path data = bars("classifier_augmented");
  const Words options = {"--base",  "4", "--depth",   "1",
                         "--dense", "8", "--augment", "flip,rotate,scale,brightness,noise"};
  const std::string whole = train(data, "cnn", "whole", joined(options, {"--dump", (data / "dump").string()}));
  const std::string halves = train(data, "cnn", "halves", joined(options, {"--steps", "9"}));
  require_done(run_tuff({"train", "--out", halves, "--resume", "--steps", "20"}));
  CHECK(file_text(fs::path(halves) / "losses.csv") == file_text(fs::path(whole) / "losses.csv"));
  const std::string plain = train(data, "cnn", "plain", {"--base", "4", "--depth", "1", "--dense", "8"});
  CHECK(file_text(fs::path(plain) / "losses.csv") != file_text(fs::path(whole) / "losses.csv"));
  const SafeTensors batch = read_safetensors(data / "dump" / "batch_000000.safetensors");
  CHECK(batch.at("images").shape == std::vector<std::int64_t>{4, 1, 16, 16});
}

TEST_CASE("classifier: perceptrons, group convolutions and pooled maps through the same commands") {
  const fs::path data = bars("classifier_kinds");
  const std::string images = (data / "images").string(), out = (data / "out").string();
  const std::vector<std::pair<std::string, Words>> kinds = {
      {"mlp", {"--dense", "8"}},
      {"p4", {"--base", "2", "--depth", "1"}},
      {"cnn", {"--base", "4", "--depth", "1", "--dense", "8", "--pooling", "noisy-and", "--patch", "10"}}};
  for (const auto& [network, options] : kinds) {
    CAPTURE(network);
    const std::string run = train(data, network, "run_" + network, options);
    const Finished scores = run_tuff({"evaluate", run, "--images", images, "--labels", "folders", "--json", "-"});
    require_done(scores);
    require_done(run_tuff({"predict", run, (data / "images" / "lying").string(), "--out", out + network}));
    CHECK(fs::exists(fs::path(out + network) / "classes.csv"));
    CHECK(fs::exists(fs::path(out + network) / "n0.png") == (network == "cnn"));
    check_other_commands(run);
  }
  check_refused(run_tuff({"sliding", (data / "run_p4").string()}), {"the model is a p4"});
}

TEST_CASE("classifier: patches of masks, through the commands of segmentation") {
  const fs::path data = nuclei_folder("classifier_masks", 4);
  const std::string images = (data / "images").string(), masks = (data / "masks").string();
  for (const std::string network : {"cnn", "mlp"}) {
    CAPTURE(network);
    const std::string run = (data / network).string();
    Words train = {"train", network,   "--images", images,   "--masks", masks,     "--out", run,        "--batch",
                   "4",     "--steps", "3",        "--size", "18",      "--dense", "8",     "--balance"};
    if (network == "cnn") train = joined(train, {"--base", "4", "--depth", "2"});
    require_done(run_tuff(train));
    require_done(run_tuff({"train", "--out", run, "--resume", "--steps", "4"}));
    require_done(run_tuff({"predict", run, images, "--out", run + "_out", "--stride", "2", "--instances"}));
    CHECK(fs::exists(fs::path(run + "_out") / "n0_instances.png"));
    const Finished scores = run_tuff({"evaluate", run, "--images", images, "--masks", masks, "--json", "-"});
    require_done(scores);
    CHECK(contains(scores.out, "\"dice\""));
    check_other_commands(run);
  }
  const std::string run = (data / "no").string();
  check_refused(
      run_tuff({"train", "cnn", "--images", images, "--masks", masks, "--size", "20", "--depth", "2", "--out", run}),
      {"--size 20", "18 or 22"});
  check_refused(
      run_tuff({"train", "cnn", "--images", images, "--masks", masks, "--size", "66", "--depth", "2", "--out", run}),
      {"--size 66", "use a smaller --size"});
  check_refused(
      run_tuff({"train", "cnn", "--images", images, "--masks", masks, "--pooling", "noisy-and", "--out", run}),
      {"--pooling: goes with --labels"});
  check_refused(run_tuff({"train", "cnn", "--images", images, "--masks", masks, "--val-last", "1", "--out", run}),
                {"--val-last: goes with --labels"});
}

TEST_CASE("classifier: centers of objects, and boxes judged by masks of ids") {
  const fs::path data = nuclei_folder("classifier_centers", 4);
  const std::string images = (data / "images").string(), masks = (data / "masks").string();
  const std::string run = (data / "run").string();
  const Words train = {"train",   "cnn",     "--images", images,    "--masks",   masks,    "--out",
                       run,       "--batch", "8",        "--steps", "60",        "--lr",   "1e-2",
                       "--size",  "18",      "--dense",  "8",       "--balance", "--base", "4",
                       "--depth", "2",       "--stride", "1"};
  require_done(run_tuff(joined(train, {"--centers", "2"})));
  const Words detect = {"detect", run, images, "--out", (data / "found").string(), "--box", "14", "--json", "-"};
  const Finished found = run_tuff(joined(detect, {"--truth", masks}));
  require_done(found);
  const auto json = nlohmann::json::parse(found.out);
  CHECK(json["classes"].size() == 1);
  CHECK(json["classes"][0]["found"].get<int>() > 0);
  CHECK(json["classes"][0]["boxes"].get<int>() > 4);
  check_refused(run_tuff(joined(train, {"--centers", "2", "--classes", "3", "--out", run + "2"})),
                {"--centers", "leave --classes out"});
  check_refused(run_tuff(joined(train, {"--centers", "2", "--foreground", "1", "--out", run + "2"})),
                {"--centers", "leave --foreground"});
  check_refused(
      run_tuff({"train", "cnn", "--images", images, "--labels", "folders", "--centers", "2", "--out", run + "2"}),
      {"--centers: goes with --masks"});
  fs::remove(data / "masks" / "n2.png");
  check_refused(run_tuff(joined(detect, {"--truth", masks})), {"has no mask of the image n2"});

  Image image = read_image(data / "images" / "n2.png");
  image.info = {.kind = FileKind::tiff, .sample = SampleKind::floating, .bits = 32};
  image.values[3] = std::numeric_limits<float>::quiet_NaN();
  fs::remove(data / "images" / "n2.png");
  write_image(data / "images" / "n2.tif", image);
  const Words boxes = {"detect", run, images, "--out", (data / "found").string()};
  check_refused(run_tuff(boxes), {"n2.tif: channel 0, y 0, x 3", "--replace-nan"});
  require_done(run_tuff(joined(boxes, {"--replace-nan"})));
}

TEST_CASE("classifier: mosaics of small images, and boxes found in them") {
  const fs::path data = scratch_folder("classifier_mosaic");
  std::vector<std::byte> images(16 + 2 * 100), labels(8 + 2);
  for (const auto& [at, value] : {std::pair(2, 8), {3, 3}, {7, 2}, {11, 10}, {15, 10}})
    images[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
  for (const auto& [at, value] : {std::pair(2, 8), {3, 1}, {7, 2}, {9, 1}})
    labels[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
  for (std::size_t y = 2; y < 8; ++y)
    for (std::size_t x = 2; x < 8; ++x) {
      images[16 + y * 10 + x] = static_cast<std::byte>(250);                       // a square
      if (x < 4 || y < 4) images[116 + y * 10 + x] = static_cast<std::byte>(250);  // an angle
    }
  os::write_file(data / "small.idx", images);
  os::write_file(data / "labels.idx1-ubyte", labels);
  const std::string out = (data / "mosaics").string(), run = (data / "run").string();
  require_done(run_tuff({"synthesize", "mosaic", "--digits", (data / "small.idx").string(), "--labels",
                         (data / "labels.idx1-ubyte").string(), "--out", out, "--count", "4", "--size", "64"}));
  CHECK(file_text(fs::path(out) / "boxes.csv").starts_with("name,label,class,y,x,height,width\nmosaic_0000,"));
  require_done(run_tuff(
      {"train",       "cnn",     "--images",  out + "/images", "--masks", out + "/centers", "--classes", "3",
       "--undefined", "255",     "--balance", "--size",        "14",      "--depth",        "1",         "--base",
       "4",           "--dense", "8",         "--steps",       "80",      "--lr",           "1e-2",      "--stride",
       "1",           "--out",   run}));
  const Words detect = {"detect", run, out + "/images", "--out", (data / "found").string(), "--box", "6"};
  const Finished found = run_tuff(joined(detect, {"--truth", out + "/boxes.csv", "--json", "-"}));
  require_done(found);
  CHECK(contains(found.out, "\"mean_ap50\""));
  CHECK(file_text(data / "found" / "boxes.csv").starts_with("name,class,score,y,x,height,width\nmosaic_0000,"));
  CHECK(read_image(data / "found" / "mosaic_0003_boxes.png").channels == 3);
  check_refused(run_tuff(joined(detect, {"--scales", "0"})), {"--scales", "0.05 to 50"});
  check_refused(run_tuff(joined(detect, {"--json", "-"})), {"--json: scores need --truth"});
  check_refused(run_tuff(joined(detect, {"--truth", (data / "small.idx").string()})), {"has no column"});
}

}  // namespace tuff::test
