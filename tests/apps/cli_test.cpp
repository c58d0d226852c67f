// The command line without a device: help, misspelt words, and bad input that is found before a device is opened.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "base/os.h"
#include "io/image.h"
#include "support/child.h"
#include "train/options.h"

using namespace tuff;
using namespace tuff::test;

namespace {

namespace fs = std::filesystem;

void write_square(const fs::path& file, std::int64_t height, std::int64_t width, float value = 255) {
  Image image(1, height, width);
  for (std::int64_t y = height / 4; y < height / 2; ++y)
    for (std::int64_t x = width / 4; x < width / 2; ++x) image.values[static_cast<std::size_t>(y * width + x)] = value;
  fs::create_directories(file.parent_path());
  write_image(file, image);
}

// Eight images of 64x64 with masks.
fs::path small_data(const std::string& name) {
  const fs::path folder = scratch_folder(name);
  for (int i = 0; i < 8; ++i)
    for (const char* kind : {"images", "masks"})
      write_square(folder / kind / ("x" + std::to_string(i) + ".png"), 64, 64);
  return folder;
}

Finished train(const fs::path& data, std::vector<std::string> more, const std::string& before = {}) {
  std::vector<std::string> arguments = {"train",    "unet",
                                        "--images", (data / "images").string(),
                                        "--masks",  (data / "masks").string(),
                                        "--out",    (data / "run").string(),
                                        "--base",   "4",
                                        "--depth",  "2",
                                        "--crop",   "32"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_tuff(arguments, before);
}

// Nothing may be opened: a loader that isn't there shows that the check came before the device.
const std::string kNoVulkan = "TUFF_VULKAN_LOADER=/nonexistent/libvulkan.so";

}  // namespace

TEST_CASE("cli: help and version") {
  CHECK(run_tuff({"--version"}).out.starts_with("tuff "));
  const Finished help = run_tuff({});
  CHECK(help.code == 0);
  for (const char* command : {"devices", "train", "predict", "evaluate", "explain", "profile", "generate",
                              "reconstruct", "synthesize", "augment", "mask", "measure", "match"}) {
    CHECK(contains(help.out, command));
    const Finished own = run_tuff({command, "--help"});
    CHECK(own.code == 0);
    CHECK(own.err.empty());
    CHECK(contains(own.out, "--"));
  }
}

TEST_CASE("cli: the help of a network has its options, but hidden ones") {
  const Finished all = run_tuff({"train", "--help"});
  REQUIRE(trainable_models().size() > 1);
  for (const TrainableModel& model : trainable_models()) {
    const std::string name(model.name);
    CHECK(contains(all.out, "\n  " + name + " "));
    const Finished help = run_tuff({"train", name, "--help"});
    for (const TrainField& field : train_fields()) {
      CAPTURE(name);
      CAPTURE(std::string(field.name));
      const bool shown = contains(help.out, "--" + std::string(field.name) + " ");
      if (field.name != "model") CHECK(shown == (!field.hidden && applies(field, name)));
    }
  }
}

TEST_CASE("cli: unknown words") {
  check_refused(run_tuff({"trian"}), {"unknown command \"trian\"", "train"});
  check_refused(run_tuff({"train", "--bathc", "3"}), {"unknown option --bathc", "--batch"});
  check_refused(run_tuff({"train", "unet", "--bathc", "3"}),
                {"unknown option --bathc", "--batch", "tuff train unet --help"});
  check_refused(run_tuff({"train", "unett"}), {"unknown network \"unett\"", "unet"});
  check_refused(run_tuff({"train", "unet", "--latent", "3"}), {"--latent is no option of unet"});
  check_refused(run_tuff({"predict", "m", "i", "--out", "o", "--instance"}),
                {"unknown option --instance", "--instances"});
  check_refused(run_tuff({"predict"}), {"model"});
  check_refused(run_tuff({"train", "unet", "--out", "o", "--norm", "layer"}), {"--norm", "layer", "batch, group"});
  check_refused(run_tuff({"train", "unet", "--out", "o", "--base", "many"}), {"--base", "many"});
  check_refused(run_tuff({"train", "unet"}), {"--out"});
  check_refused(run_tuff({"train", "unet", "--out", "o"}), {"--images"});
}

TEST_CASE("cli: folders and pairs") {
  const fs::path data = small_data("cli_pairs");
  check_refused(run_tuff({"train", "unet", "--images", (data / "nowhere").string(), "--masks",
                          (data / "masks").string(), "--out", (data / "run").string()}),
                {"nowhere"});
  fs::remove(data / "masks" / "x3.png");
  check_refused(train(data, {}, kNoVulkan), {"x3"});
  write_square(data / "masks" / "x3.png", 64, 48);
  check_refused(train(data, {}, kNoVulkan), {"x3", "64"});
  CHECK(!fs::exists(data / "run"));
}

TEST_CASE("cli: files that can't be read") {
  const fs::path data = small_data("cli_files");
  const std::string whole = file_text(data / "images" / "x2.png");
  os::write_file(data / "images" / "x2.png", std::string_view(whole).substr(0, whole.size() / 2));
  check_refused(train(data, {}, kNoVulkan), {"x2.png"});
  os::write_file(data / "images" / "x2.png", whole);
  fs::remove(data / "images" / "x5.png");
  os::write_file(data / "images" / "x5.tif", std::string_view(""));
  check_refused(train(data, {}, kNoVulkan), {"x5.tif"});
  CHECK(!fs::exists(data / "run"));
}

TEST_CASE("cli: crops") {
  const fs::path data = small_data("cli_crops");
  check_refused(train(data, {"--crop", "128"}, kNoVulkan), {"--crop 128", "64x64"});
  check_refused(train(data, {"--crop", "34"}, kNoVulkan), {"--crop 34", "32 or 36"});
  check_refused(train(data, {"--crop", "46", "--padding", "valid"}, kNoVulkan), {"--crop 46", "44 or 48"});
  CHECK(!fs::exists(data / "run"));
}

TEST_CASE("cli: class ids") {
  const fs::path data = small_data("cli_classes");
  check_refused(train(data, {"--classes", "3"}, kNoVulkan), {"x0", "255"});
  check_refused(train(data, {"--classes", "3", "--loss", "bce"}, kNoVulkan), {"--loss bce"});
  check_refused(train(data, {"--classes", "3", "--foreground", "1"}, kNoVulkan), {"--foreground"});
}

TEST_CASE("cli: a run that is there is not overwritten") {
  const fs::path data = small_data("cli_existing");
  fs::create_directories(data / "run");
  os::write_file(data / "run" / "mine.txt", std::string_view("mine"));
  check_refused(train(data, {}, kNoVulkan), {"run", "--resume"});
  CHECK(file_text(data / "run" / "mine.txt") == "mine");
  os::write_file(data / "file", std::string_view("mine"));
  check_refused(run_tuff({"train", "unet", "--images", (data / "images").string(), "--masks", (data / "masks").string(),
                          "--out", (data / "file").string()}),
                {"is a file"});
}

TEST_CASE("cli: configuration files") {
  const fs::path data = small_data("cli_config");
  os::write_file(data / "c.json", std::string_view("{\"bass\": 8}"));
  check_refused(train(data, {"--config", (data / "c.json").string()}, kNoVulkan), {"c.json", "bass", "base"});
  os::write_file(data / "c.json", std::string_view("{"));
  check_refused(train(data, {"--config", (data / "c.json").string()}, kNoVulkan), {"c.json"});
  check_refused(train(data, {"--config", (data / "none.json").string()}, kNoVulkan), {"none.json"});
  // What is typed wins over the file, whatever the order.
  os::write_file(data / "c.json", std::string_view("{\"crop\": 34}"));
  check_refused(train(data, {"--config", (data / "c.json").string()}, kNoVulkan), {"libvulkan.so"});
}

TEST_CASE("cli: models that can't be read") {
  const fs::path folder = scratch_folder("cli_models");
  const std::string out = (folder / "out").string();
  write_square(folder / "image.png", 32, 32);
  const std::string image = (folder / "image.png").string();
  check_refused(run_tuff({"predict", (folder / "none").string(), image, "--out", out}), {"none", "no such"});
  check_refused(run_tuff({"predict", folder.string(), image, "--out", out}), {"best.safetensors"});
  os::write_file(folder / "cut.safetensors", std::string_view("\x10\0\0\0\0\0\0\0{", 9));
  check_refused(run_tuff({"predict", (folder / "cut.safetensors").string(), image, "--out", out}), {"cut.safetensors"});
  os::write_file(folder / "plain.safetensors", std::string_view("\x02\0\0\0\0\0\0\0{}", 10));
  check_refused(run_tuff({"explain", (folder / "plain.safetensors").string()}), {"plain.safetensors", "configuration"});
  CHECK(!fs::exists(out));
}

TEST_CASE("cli: no Vulkan loader at all") {
  const fs::path data = small_data("cli_loader");
  check_refused(run_tuff({"devices"}, kNoVulkan), {"libvulkan.so"});
  check_refused(train(data, {}, kNoVulkan), {"libvulkan.so"});
  CHECK(!fs::exists(data / "run"));
}

TEST_CASE("cli: generated images are the same for a seed") {
  const fs::path folder = scratch_folder("cli_synthesize");
  for (const char* name : {"a", "b"})
    CHECK(run_tuff({"synthesize", "--out", (folder / name).string(), "--count", "2", "--size", "64"}).code == 0);
  CHECK(
      run_tuff({"synthesize", "--out", (folder / "c").string(), "--count", "1", "--size", "64", "--seed", "1"}).code ==
      0);
  const std::string first = file_text(folder / "a" / "images" / "nuclei_0000.png");
  CHECK(!first.empty());
  CHECK(first == file_text(folder / "b" / "images" / "nuclei_0000.png"));
  CHECK(first != file_text(folder / "a" / "images" / "nuclei_0001.png"));
  CHECK(first != file_text(folder / "c" / "images" / "nuclei_0000.png"));
  check_refused(run_tuff({"synthesize", "--out", (folder / "d").string(), "--size", "1"}), {"--size 1"});
}

TEST_CASE("cli: faults of tuff augment are named before a device is opened") {
  const fs::path data = small_data("cli_augment");
  const auto refused = [&](const std::vector<std::string>& more, const std::vector<std::string>& words) {
    std::vector<std::string> arguments = {"augment", "--images", (data / "images").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    check_refused(run_tuff(arguments, kNoVulkan), words);
  };
  const std::string sheet = (data / "sheet.png").string();
  refused({"--preview", sheet, "--augment", "flip,zoom"}, {"--augment: 'zoom' is unknown", "rotate"});
  refused({"--preview", sheet, "--augment", "rotate=999"}, {"--augment rotate=999", "0 to 180"});
  refused({"--preview", sheet, "--count", "0"}, {"--count 0"});
  refused({"--preview", (data / "sheet.bmp").string()}, {"--preview", ".png"});
  refused({"--preview", sheet, "--crop", "512"}, {"crop 512x512 is larger than image"});
}

TEST_CASE("cli: each network's data are checked before a device is opened") {
  const fs::path data = small_data("network_data");
  const auto refused = [&](const std::string& network, std::vector<std::string> more,
                           const std::vector<std::string>& words) {
    std::vector<std::string> arguments = {
        "train", network, "--images", (data / "images").string(), "--out", (data / "run").string(), "--crop", "32"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    CAPTURE(network);
    check_refused(run_tuff(arguments, kNoVulkan), words);
  };
  const std::string masks = (data / "masks").string();
  refused("stardist", {}, {"--masks is missing"});
  refused("stardist", {"--masks", masks}, {"libvulkan.so"});  // one object an image is fine
  Image two(1, 64, 64);
  for (const std::size_t pixel : {70u, 2000u}) two.values[pixel] = 255;
  write_image(data / "masks" / "x3.png", two);
  for (const char* network : {"stardist", "cellpose"})
    refused(network, {"--masks", masks}, {"--masks", "no mask has two objects", "tuff mask --instances"});
  refused("unet", {"--masks", masks, "--foreground", "7"}, {"--masks", "every pixel", "background", "--foreground"});
  refused("insilico", {}, {"--targets is missing"});
  refused("insilico", {"--targets", (data / "nowhere").string()}, {"nowhere"});
  refused("unet", {"--masks", masks, "--boundary", "1"}, {"--boundary 1", "--classes 3"});
  refused("unet", {"--masks", masks, "--border-weight", "10", "--foreground", "1"}, {"--foreground"});
  refused("unet", {"--masks", masks, "--class-weights", "1,2,3"}, {"--class-weights", "3", "2 classes"});
  refused("unet", {"--masks", masks, "--class-weights", "1,x"}, {"--class-weights", "1,2.5"});
  refused("unet", {"--masks", masks, "--border-weight", "10"}, {"no mask has two objects"});
  refused("insilico", {"--targets", masks, "--bins", "1"}, {"--bins 1"});
  refused("insilico", {"--targets", masks, "--bins", "8", "--loss", "huber"}, {"--loss huber", "--bins"});
  refused("illumination", {}, {"--masks or --targets is missing"});
  refused("illumination", {"--masks", masks, "--targets", masks}, {"--masks and --targets"});
  refused("illumination", {"--targets", masks, "--classes", "3"}, {"--classes", "--masks"});
  refused("illumination", {"--targets", masks, "--loss", "dice"}, {"--loss dice", "--masks"});
  refused("illumination", {"--masks", masks, "--lamp-grid", "8"}, {"--lamp-grid", "8x8"});
  refused("illumination", {"--masks", masks, "--lamp-grid", "2x2"}, {"--lamp-grid 2x2", "1 channel"});
  refused("stardist", {"--masks", masks, "--rays", "2"}, {"--rays 2", "3"});
  refused("stardist", {"--masks", masks, "--rays", "3", "--dims", "3"}, {"--rays 3", "4"});
  refused("stardist", {"--masks", masks, "--anisotropy", "2"}, {"--anisotropy", "--dims 3"});
  refused("fcn", {"--masks", masks, "--crop", "50"}, {"--crop 50", "fcn", "32 or 64"});
  refused("unet", {"--masks", masks, "--dims", "3", "--flat-levels", "5"}, {"--flat-levels 5", "--depth 4"});
  refused("stardist", {"--masks", masks, "--attention", "--skip", "none"}, {"--attention", "--skip"});
  os::write_file(data / "c.json", std::string_view("{\"model\": \"stardist\", \"padding\": \"valid\"}"));
  refused("stardist", {"--masks", masks, "--config", (data / "c.json").string()}, {"c.json", "padding", "stardist"});
  refused("insilico", {"--targets", masks, "--loss", "dice"}, {"--loss dice", "mse"});
  refused("denoiser", {}, {"--noise is missing"});
  refused("denoiser", {"--noise", "gaussian"}, {"gaussian", "0.1"});
  refused("superres", {"--scale", "3", "--crop", "32"}, {"--crop 32", "21x21"});
  refused("unet", {"--masks", masks, "--crop-depth", "4"}, {"--crop-depth", "--dims 3"});
  refused("unet", {"--masks", masks, "--dims", "3"}, {"--dims 3", "no stack"});
  for (int i = 0; i < 8; ++i) write_square(data / "masks" / ("x" + std::to_string(i) + ".png"), 64, 64, 0);
  refused("unet", {"--masks", masks}, {"--masks", "every pixel", "background"});
  refused("stardist", {"--masks", masks}, {"the masks are empty"});
}
