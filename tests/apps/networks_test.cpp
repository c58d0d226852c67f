// Every network that gives an image for an image, through every command that takes its model.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/os.h"
#include "io/image.h"
#include "onnx/model_bytes.h"
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
  const fs::path colored = folder / (subject.network + "_rgb.png");
  write_image(colored, Image(3, 64, 64));
  check_refused(run_tuff({"predict", run, colored.string(), "--out", results}), {"_rgb.png", "channel"});
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

TEST_CASE("networks: tuff augment shows what training sees, the same for a seed") {
  const fs::path data = nuclei_folder("augment_sheet", 4);
  const auto sheet = [&](const std::string& name, const Words& more) {
    const std::string file = (data / name).string();
    require_done(run_tuff(joined(
        {"augment", "--images", (data / "images").string(), "--crop", "32", "--count", "5", "--preview", file}, more)));
    const Image image = read_image(file);
    CHECK(image.channels == 3);
    return image;
  };
  const Words masks = {"--masks", (data / "masks").string()};
  const Image first = sheet("a.png", masks);
  CHECK(first.width == 5 * 2 * 34);
  CHECK(first.values == sheet("b.png", masks).values);
  CHECK(first.values != sheet("c.png", joined(masks, {"--seed", "1"})).values);
  CHECK(first.values != sheet("d.png", joined(masks, {"--augment", "none"})).values);
  CHECK(sheet("e.png", {}).width == 5 * 34);
}

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
    if (!is_dense(model.name) || is_classifier(model.name)) continue;  // those: classifier_test.cpp
    const bool listed = std::ranges::any_of(subjects, [&](const Subject& s) { return s.network == model.name; });
    CHECK_MESSAGE(listed, std::string(model.name) << " isn't tried here");
  }
  for (const Subject& subject : subjects) check_commands(subject, images, data);
}

TEST_CASE("networks: who is taken for whom, pixel by pixel, as table, text and picture") {
  const fs::path data = nuclei_folder("networks_confusion", 4);
  const std::string images = (data / "images").string(), masks = (data / "masks").string();
  const std::string run = (data / "run").string(), table = (data / "c.csv").string();
  require_done(run_tuff({"train",  "unet", "--images", images, "--masks", masks, "--classes", "3", "--boundary", "1",
                         "--crop", "32",   "--base",   "4",    "--depth", "2",   "--steps",   "4", "--out",      run}));
  const Words evaluate = {"evaluate", run, "--images", images, "--masks", masks};
  const Finished scores = run_tuff(joined(evaluate, {"--json", "-", "--confusion", table}));
  require_done(scores);
  const auto json = nlohmann::json::parse(scores.out);
  std::int64_t pixels = 0, right = 0;
  std::string expected = "truth,0,1,2\n";
  for (std::size_t c = 0; c < 3; ++c) {
    const auto& row = json["classes"].at(c);
    CHECK(row["name"] == std::to_string(c));
    pixels += row["pixels"].get<std::int64_t>();
    right += row["taken_for"].at(c).get<std::int64_t>();
    expected += std::to_string(c);
    for (const auto& count : row["taken_for"]) expected += "," + count.dump();
    expected += "\n";
  }
  CHECK(pixels == 4 * 64 * 64);
  CHECK(static_cast<double>(right) / static_cast<double>(pixels) ==
        doctest::Approx(json["mean"]["pixel_accuracy"].get<double>()));  // images of one size
  CHECK(file_text(table) == expected);
  const Finished text = run_tuff(joined(evaluate, {"--confusion", (data / "c.png").string()}));
  require_done(text);
  CHECK(contains(text.out, "class  pixels  precision"));
  CHECK(read_image(data / "c.png").channels == 3);
}

TEST_CASE("networks: pixels that nothing is said of are in no table") {
  const fs::path data = nuclei_folder("networks_undefined", 2);
  const std::string images = (data / "images").string(), masks = (data / "masks").string();
  std::int64_t counted = 0;
  for (const auto& entry : fs::directory_iterator(masks)) {
    Image mask = read_image(entry.path());
    for (float& id : mask.values) id = id == 1 ? 9 : id > 1 ? 1 : 0;
    counted += std::ranges::count_if(mask.values, [](float id) { return id != 9; });
    write_image(entry.path(), mask);
  }
  const std::string run = (data / "run").string();
  require_done(run_tuff({"train",  "unet", "--images", images, "--masks", masks, "--undefined", "9", "--crop", "32",
                         "--base", "4",    "--depth",  "1",    "--batch", "1",   "--steps",     "2", "--out",  run}));
  const Finished scores = run_tuff({"evaluate", run, "--images", images, "--masks", masks, "--json", "-"});
  require_done(scores);
  const auto classes = nlohmann::json::parse(scores.out)["classes"];
  REQUIRE(classes.size() == 2);
  CHECK(counted < 2 * 64 * 64);
  CHECK(classes[0]["pixels"].get<std::int64_t>() + classes[1]["pixels"].get<std::int64_t>() == counted);
}

TEST_CASE("networks: values that are no finite numbers are refused everywhere, or replaced everywhere") {
  const fs::path data = nuclei_folder("networks_nan", 3);
  const std::string images = (data / "images").string(), masks = (data / "masks").string();
  const std::string run = (data / "run").string(), out = (data / "out").string();
  for (const std::string name : {"n0", "n1", "n2"}) {
    Image image = read_image(data / "images" / (name + ".png"));
    image.info = {.kind = FileKind::tiff, .sample = SampleKind::floating, .bits = 32};
    if (name == "n1") image.values[64 * 2 + 7] = std::numeric_limits<float>::infinity();
    write_image(data / "images" / (name + ".tif"), image);
    fs::remove(data / "images" / (name + ".png"));
  }
  const std::vector<std::string> place = {"n1.tif: channel 0, y 2, x 7", "--replace-nan"};
  const Words train = {"train",  "unet", "--images", images, "--masks", masks, "--val-fraction", "0", "--crop", "32",
                       "--base", "4",    "--depth",  "1",    "--batch", "3",   "--steps",        "2"};
  check_refused(run_tuff(joined(train, {"--out", run + "_refused"})), place);
  require_done(run_tuff(joined(train, {"--out", run, "--replace-nan"})));
  require_done(run_tuff({"predict", run, images, "--out", out}));  // as in training
  require_done(run_tuff({"evaluate", run, "--split", "train"}));

  const std::string good = (data / "good").string();
  fs::create_directory(good);
  for (const std::string name : {"n0.tif", "n2.tif"}) fs::copy(data / "images" / name, data / "good" / name);
  const std::string strict = run + "_strict";
  require_done(run_tuff(joined(train, {"--images", good, "--out", strict})));
  const Words predict = {"predict", strict, images, "--out", out};
  const Words evaluate = {"evaluate", strict, "--images", images, "--masks", masks};
  const Words augment = {"augment", "--images", images, "--crop",    "32",          "--val-fraction",
                         "0",       "--count",  "12",   "--preview", out + "/a.png"};
  for (const Words& words : {predict, evaluate, augment}) {
    check_refused(run_tuff(words), place);
    require_done(run_tuff(joined(words, {"--replace-nan"})));
  }
  require_done(run_tuff({"train", "--out", strict, "--resume", "--steps", "3", "--replace-nan"}));
  check_refused(run_tuff({"evaluate", strict, "--images", images, "--masks", masks, "--confusion", "c.jpg"}),
                {"c.jpg"});
}

TEST_CASE("networks: the network behind learned lamps reads exposures") {
  const fs::path data = nuclei_folder("networks_lamps", 3);
  const std::string images = (data / "images").string(), masks = (data / "masks").string();
  const std::string run = (data / "run").string(), reader = (data / "reader.safetensors").string();
  require_done(run_tuff({"train",      "illumination",
                         "--images",   images,
                         "--masks",    masks,
                         "--patterns", "1",
                         "--crop",     "32",
                         "--base",     "4",
                         "--depth",    "1",
                         "--batch",    "1",
                         "--steps",    "2",
                         "--out",      run}));
  const Finished written = run_tuff({"patterns", run, "--network", reader});
  require_done(written);
  CHECK(contains(written.out, "reads images of 1 exposure"));
  // One lamp: its image is the exposure.
  const auto scores = [&](const std::string& model) {
    const Finished judged = run_tuff({"evaluate", model, "--images", images, "--masks", masks, "--json", "-"});
    require_done(judged);
    return nlohmann::json::parse(judged.out)["mean"]["dice"].get<double>();
  };
  CHECK(scores(reader) == doctest::Approx(scores(run)).epsilon(1e-4));
  check_refused(run_tuff({"patterns", run + "/best.safetensors", "--network", run + "/best.safetensors"}),
                {"is the model itself"});
  check_refused(run_tuff({"patterns", reader}), {"has no lamps"});
}

TEST_CASE("networks: super-resolution against a discriminator, with a content of features, from a trained network") {
  const fs::path data = nuclei_folder("networks_adversarial", 4);
  const std::string images = (data / "images").string(), network = (data / "features.onnx").string();
  OnnxText text;
  text.input("x", ElementType::f32, {1, 3, 8, 8}).output("y", ElementType::f32, {1, 2, 8, 8});
  text.initializer("w", float_array({2, 3, 1, 1}, {1, 2, 3, -1, -2, -3}));
  text.node({.op = "Conv", .inputs = {"x", "w"}, .outputs = {"a"}});
  text.node({.op = "Relu", .inputs = {"a"}, .outputs = {"y"}});
  os::write_file(network, text.bytes());
  const Words small = {"--crop", "16", "--base", "4", "--blocks", "1"};
  const Words adversarial = joined(small, {"--adversarial", "0.01", "--discriminator-base", "2", "--content-network",
                                           network, "--content-normalize", "imagenet"});
  check_commands({"superres", adversarial}, images, data);
  const std::string run = (data / "superres").string(), next = (data / "next").string();
  CHECK(file_text(data / "superres" / "losses.csv")
            .starts_with("step,loss,gradient_norm,discriminator_loss,content_loss,adversarial_loss\n1,"));
  CHECK(contains(file_text(data / "superres" / "report.html"), "training: discriminator_loss"));
  CHECK(contains(file_text(data / "superres" / "events.out.tfevents.0000000000.tuff"), "train/discriminator_loss"));
  check_refused(run_tuff({"evaluate", (data / "superres").string(), "--images", images, "--confusion", "c.csv"}),
                {"--confusion", "gives no classes"});
  const auto has_discriminator = [&](const char* file) {
    return contains(file_text(data / "superres" / file), "discriminator.score.weight");
  };
  CHECK(has_discriminator("last.safetensors"));
  CHECK_FALSE(has_discriminator("best.safetensors"));

  const Words train = {"train", "superres", "--images", images, "--batch", "2", "--steps", "1", "--out"};
  const Finished begun = run_tuff(joined(joined(train, {next, "--init", run}), small));
  require_done(begun);
  CHECK_FALSE(contains(begun.err, "begin anew"));
  const Finished wider = run_tuff(
      joined(train, {next + "_4", "--init", run, "--crop", "8", "--base", "4", "--blocks", "2", "--scale", "4"}));
  require_done(wider);
  CHECK(contains(wider.err, "these begin anew: blocks.1.conv1.weight"));
  check_refused(run_tuff({"train", "denoiser", "--images", images, "--noise", "gaussian:0.1", "--crop", "32", "--base",
                          "4", "--out", next + "_no", "--init", run}),
                {"--init", "has no weights of this network"});
  check_refused(run_tuff(joined(joined(train, {next + "_no", "--adversarial", "1", "--dtype", "f16"}), small)),
                {"--dtype f16: doesn't go with --adversarial"});
  check_refused(run_tuff(joined(joined(train, {next + "_no", "--content-output", "y"}), small)),
                {"--content-output: goes with --content-network"});
  check_refused(
      run_tuff(joined(joined(train, {next + "_no", "--content-network", network, "--content-output", "q"}), small)),
      {"computes no \"q\"; it begins with a, y"});
}

TEST_CASE("networks: two that learn in turn say where values stop being numbers, and keep the last checkpoint") {
  const fs::path data = nuclei_folder("networks_in_turn", 4);
  const std::string run = (data / "run").string();
  const auto train = [&](const Words& more) {
    return run_tuff(
        joined({"train", "superres", "--images", (data / "images").string(), "--crop", "16", "--base", "4", "--blocks",
                "1", "--batch", "2", "--adversarial", "0.5", "--discriminator-base", "2", "--out", run},
               more));
  };
  require_done(train({"--steps", "2", "--layer-norms", "1"}));
  CHECK(contains(file_text(data / "run" / "norms.csv"), "discriminator"));
  fs::remove_all(data / "run");
  check_refused(train({"--steps", "6", "--lr", "1e6"}), {"step ", "no finite number", "gave the first one"});
  CHECK_FALSE(fs::exists(data / "run" / "last.safetensors"));  // one of the two had learned of it already
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
