// `tuff train vae`, `tuff generate` and `tuff reconstruct` as a user runs them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/os.h"
#include "base/philox.h"
#include "io/image.h"
#include "io/safetensors.h"
#include "support/child.h"
#include "support/files.h"
#include "tasks/networks.h"
#include "train/checkpoint.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

constexpr int kImages = 150, kSide = 12;

// An idx file of bright bars, 12x12, in an empty folder of the test's own: half of them upright, half lying.
fs::path bars(const std::string& name) {
  const fs::path folder = scratch_folder(name);
  std::vector<std::byte> bytes(16 + kImages * kSide * kSide);
  for (const auto& [at, value] : {std::pair(2, 8), {3, 3}, {7, kImages}, {11, kSide}, {15, kSide}})
    bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
  PhiloxStream random(5);
  for (int i = 0; i < kImages; ++i) {
    const auto place = static_cast<int>(random.below(kSide - 3));
    for (int y = 0; y < kSide; ++y)
      for (int x = 0; x < kSide; ++x) {
        const int across = i % 2 ? x : y;
        const bool bright = across >= place && across < place + 3;
        bytes[static_cast<std::size_t>(16 + (i * kSide + y) * kSide + x)] = static_cast<std::byte>(bright ? 255 : 0);
      }
  }
  os::write_file(folder / "bars.idx", bytes);
  return folder;
}

std::vector<std::string> arguments(const fs::path& data, const std::string& run, const std::vector<std::string>& more) {
  std::vector<std::string> all = {"train",    "vae",
                                  "--images", (data / "bars.idx").string(),
                                  "--out",    (data / run).string(),
                                  "--base",   "4",
                                  "--latent", "2",
                                  "--batch",  "8"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Finished train(const fs::path& data, const std::string& run, const std::vector<std::string>& more) {
  return run_tuff(arguments(data, run, more));
}

double column(const fs::path& run, const std::string& name, bool last) {
  const std::string text = file_text(run / "metrics.csv");
  const auto field = [](std::string line, std::ptrdiff_t index) {
    for (; index > 0; --index) line = line.substr(line.find(',') + 1);
    return line.substr(0, line.find(','));
  };
  const std::string header = text.substr(0, text.find('\n'));
  const std::ptrdiff_t index =
      std::count(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(header.find(name)), ',');
  const std::size_t first = header.size() + 1, end = text.size() - 1;
  const std::size_t begin = last ? text.rfind('\n', end - 1) + 1 : first;
  return std::stod(field(text.substr(begin, text.find('\n', begin) - begin), index));
}

// Mean absolute difference of the pixels of image `index` from those in the middle of `back`.
double difference(const fs::path& data, int index, const Image& back) {
  const std::string idx = file_text(data / "bars.idx");
  double sum = 0;
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const auto value = static_cast<std::uint8_t>(idx[static_cast<std::size_t>(16 + (index * kSide + y) * kSide + x)]);
      sum += std::abs(static_cast<double>(back.values[static_cast<std::size_t>((y + 2) * 16 + x + 2)]) - value);
    }
  return sum / (kSide * kSide);
}

}  // namespace

TEST_CASE("vae: learns, generates and reconstructs") {
  const fs::path data = bars("vae_run");
  const Finished trained = train(data, "run", {"--steps", "400", "--lr", "3e-3", "--val-last", "20"});
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(contains(trained.err, "ELBO -"));
  CHECK(contains(trained.out, "best validation ELBO -"));
  const fs::path run = data / "run";
  CHECK(column(run, "val_elbo", true) > column(run, "val_elbo", false));
  CHECK(column(run, "val_elbo", true) > -100);  // where it begins, each of 256 pixels costs ln 2
  CHECK(column(run, "val_elbo", true) ==
        doctest::Approx(-column(run, "val_reconstruction", true) - column(run, "val_kl", true)));
  CHECK(column(run, "val_kl", true) > 1);  // the code is used
  CHECK(fs::exists(run / "curve.png"));

  const auto generate = [&](const std::string& file, const std::vector<std::string>& more) {
    std::vector<std::string> all = {"generate", run.string(), "--out", (data / file).string()};
    all.insert(all.end(), more.begin(), more.end());
    return run_tuff(all);
  };
  for (const char* file : {"a.png", "b.png"}) REQUIRE(generate(file, {"-n", "10"}).code == 0);
  REQUIRE(generate("c.png", {"-n", "10", "--seed", "1"}).code == 0);
  CHECK(file_text(data / "a.png") == file_text(data / "b.png"));
  CHECK(file_text(data / "a.png") != file_text(data / "c.png"));
  const Image grid = read_image(data / "a.png");  // 4 columns, 3 rows, 2 pixels between
  CHECK(grid.width == 4 * 16 + 3 * 2);
  CHECK(grid.height == 3 * 16 + 2 * 2);
  CHECK(*std::ranges::max_element(grid.values) > 200);

  // The best model's file alone, on the idx file and on images.
  const Finished all = run_tuff({"reconstruct", (run / "best.safetensors").string(), (data / "bars.idx").string(),
                                 "--out", (data / "back").string()});
  CAPTURE(all.err);
  REQUIRE(all.code == 0);
  double own = 0, next = 0;
  for (int i = 130; i < kImages - 1;
       ++i) {  // those held back: nearer to themselves than to the next, which lies across
    const Image back = read_image(data / "back" / ("bars_00" + std::to_string(i) + ".png"));
    REQUIRE(back.height == 16);
    own += difference(data, i, back);
    next += difference(data, i + 1, back);
  }
  MESSAGE("reconstruction: mean difference of a pixel " << own / 19 << ", from another image " << next / 19);
  CHECK(own < 0.7 * next);
  const Finished one = run_tuff(
      {"reconstruct", run.string(), (data / "back" / "bars_00130.png").string(), "--out", (data / "again").string()});
  CHECK(one.code == 0);
  CHECK(fs::exists(data / "again" / "bars_00130.png"));
  check_refused(run_tuff({"reconstruct", run.string(), (data / "back").string(), "--out", (data / "back").string()}),
                {"replace"});
  check_refused(run_tuff({"predict", run.string(), (data / "back").string(), "--out", (data / "p").string()}),
                {"tuff generate"});
  check_refused(generate("d.png", {"-n", "0"}), {"0"});
  check_refused(generate("d.jpg", {}), {"d.jpg", ".png or .tif"});

  const std::string bars_file = (data / "bars.idx").string();
  check_refused(run_tuff({"evaluate", run.string(), "--images", bars_file, "--masks", bars_file}),
                {"--masks", "is a vae"});
  const Finished explained = run_tuff({"explain", run.string()});
  CHECK(explained.code == 0);
  CHECK(contains(explained.out, "reconstruction of 1 image of 16x16 pixels"));
  CHECK(contains(explained.out, "decoder.1"));
  check_refused(run_tuff({"explain", run.string(), "--tile", "32"}), {"--tile 32", "16x16"});
  const Finished profiled = run_tuff({"profile", run.string(), "--train", "--runs", "1"});
  CAPTURE(profiled.err);
  if (profiled.code == 1 && contains(profiled.err, "timestamps")) return;
  CHECK(profiled.code == 0);
  CHECK(contains(profiled.out, "a training step with 8 images of 16x16 pixels"));
}

TEST_CASE("vae: folders of images of several sizes; other numbers of channels than PNG has come back as TIFF") {
  const fs::path data = scratch_folder("vae_tiff");
  fs::create_directories(data / "images");
  for (const int side : {5, 6, 7, 8}) {
    Image image(2, side, 8);
    std::ranges::fill(image.values, 200.0f);
    image.info.kind = FileKind::tiff;
    write_image(data / "images" / ("x" + std::to_string(side) + ".tif"), image);
  }
  const std::string images = (data / "images").string(), run = (data / "run").string();
  const Finished trained = run_tuff({"train", "vae", "--images", images, "--out", run, "--base", "2", "--latent", "2",
                                     "--batch", "2", "--steps", "2"});
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  const Finished back = run_tuff({"reconstruct", run, images, "--out", (data / "back").string()});
  CAPTURE(back.err);
  REQUIRE(back.code == 0);
  const Image image = read_image(data / "back" / "x5.tif");
  CHECK(image.channels == 2);
  CHECK(image.height == 8);
  check_refused(run_tuff({"train", "vae", "--images", images, "--out", run + "2", "--size", "8", "--channels", "0,2"}),
                {"channel"});
}

TEST_CASE("vae: same seed, same bits; stopped and resumed is bit-equal to uninterrupted") {
  const fs::path data = bars("vae_resume");
  const std::vector<std::string> options = {"--steps", "130", "--save-every", "1", "--likelihood", "gaussian"};
  REQUIRE(train(data, "whole", options).code == 0);
  REQUIRE(train(data, "twin", options).code == 0);
  CHECK(file_text(data / "whole" / "last.safetensors") == file_text(data / "twin" / "last.safetensors"));
  REQUIRE(train(data, "other", {"--steps", "5", "--likelihood", "gaussian", "--seed", "1"}).code == 0);
  CHECK(file_text(data / "whole" / "losses.csv").substr(0, 40) !=
        file_text(data / "other" / "losses.csv").substr(0, 40));
  std::string command = "$TUFF";
  for (const std::string& argument : arguments(data, "parts", options)) command += " '" + argument + "'";
  const Finished stopped = run_shell("timeout -s INT 1 " + command);
  CAPTURE(stopped.err);
  Finished resumed;
  for (const char* seconds : {"0.7", "1.1", "100"}) {
    resumed = run_shell("timeout -s KILL " + std::string(seconds) + " " + command + " --resume");
    if (resumed.code == 0) break;
  }
  CAPTURE(resumed.err);
  REQUIRE(resumed.code == 0);
  for (const char* file : {"last.safetensors", "best.safetensors", "losses.csv"})
    CHECK(file_text(data / "parts" / file) == file_text(data / "whole" / file));
  check_refused(train(data, "parts", {"--resume", "--latent", "3"}), {"--latent 3", "2"});
}

TEST_CASE("vae: --dtype f16 trains to about the losses of f32") {
  const fs::path data = bars("vae_half");
  const auto last_loss = [&](const std::string& dtype) {
    const Finished trained = train(data, dtype, {"--steps", "60", "--dtype", dtype});
    CAPTURE(trained.err);
    REQUIRE(trained.code == 0);
    const std::string losses = file_text(data / dtype / "losses.csv");
    return std::stod(losses.substr(losses.find("\n60,") + 4));
  };
  const double single = last_loss("f32");
  CHECK(last_loss("f16") == doctest::Approx(single).epsilon(0.02));
}

TEST_CASE("vae: options and images that don't fit are refused before a device is opened") {
  const fs::path data = bars("vae_refused");
  check_refused(train(data, "r", {"--size", "28"}), {"--size 28", "32"});
  check_refused(train(data, "r", {"--size", "8"}), {"12 pixels", "--size 16", "--fit crop"});
  check_refused(train(data, "r", {"--depth", "2"}), {"--depth", "no option of vae"});
  check_refused(train(data, "r", {"--val-last", "150"}), {"--val-last 150"});
  check_refused(train(data, "r", {"--batch", "200"}), {"--batch 200", "135"});
  check_refused(train(data, "r", {"--likelihood", "laplace"}), {"bernoulli, gaussian"});
  os::write_file(data / "bars.idx", std::string_view("no idx file at all"));
  check_refused(train(data, "r", {}), {"bars.idx", "no idx file"});
  check_refused(run_tuff({"train", "unet", "--latent", "3", "--images", "i", "--masks", "m", "--out", "o"}),
                {"--latent", "no option of unet"});
  CHECK(!fs::exists(data / "r"));
  CHECK(contains(error_of([] { make_autoencoder(default_options("unet"), 1); }), "the model is a unet"));
}

}  // namespace tuff::test
