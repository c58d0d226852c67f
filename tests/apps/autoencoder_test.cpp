// `tuff train autoencoder`, `tuff rate` and what else takes an autoencoder, as a user runs them.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/image.h"
#include "support/child.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// images/n0.png ... of 16x16 pixels in an empty folder of the test's own: bright bars, half of them upright.
fs::path bars(const std::string& name, int count = 24) {
  const fs::path data = scratch_folder(name);
  fs::create_directories(data / "images");
  for (int i = 0; i < count; ++i) {
    Image image(1, 16, 16);
    for (int y = 0; y < 16; ++y)
      for (int x = 0; x < 16; ++x) {
        const int across = i % 2 ? x : y, first = i / 2 % 12, bright = 255 - 50 * (i / 24);
        image.values[static_cast<std::size_t>(16 * y + x)] =
            across >= first && across < first + 4 ? static_cast<float>(bright) : 0;
      }
    write_image(data / "images" / ("n" + std::to_string(i) + ".png"), image);
  }
  return data;
}

// A column of the last row of metrics.csv or of a row of rate.csv, counted from 0.
double number(const std::string& text, int row, int column) {
  std::size_t at = 0;
  for (; row > 0; --row) at = text.find('\n', at) + 1;
  for (; column > 0; --column) at = text.find(',', at) + 1;
  return std::stod(text.substr(at));
}

}  // namespace

TEST_CASE("autoencoder: learns, to the same bits twice, and is used by every command") {
  const fs::path data = bars("autoencoder_data");
  const std::string images = (data / "images").string();
  const auto train = [&](const std::string& name, const Words& more) {
    return run_tuff(joined({"train", "autoencoder", "--images", images, "--out", (data / name).string(), "--base", "4",
                            "--latent", "4", "--batch", "8", "--lr", "3e-3", "--steps", "200"},
                           more));
  };
  for (const char* name : {"a", "b"}) require_done(train(name, {}));
  CHECK(file_text(data / "a" / "best.safetensors") == file_text(data / "b" / "best.safetensors"));
  const std::string metrics = file_text(data / "a" / "metrics.csv");
  CHECK(number(metrics, 2, 3) > number(metrics, 1, 3));  // PSNR

  // Interrupted by its length and gone on with.
  require_done(train("c", {"--steps", "100"}));
  require_done(run_tuff({"train", "--out", (data / "c").string(), "--resume", "--steps", "200"}));
  CHECK(file_text(data / "c" / "best.safetensors") == file_text(data / "a" / "best.safetensors"));

  const std::string run = (data / "a").string();
  const Finished scores = run_tuff({"evaluate", run, "--images", images, "--json", "-", "--bits", "6"});
  require_done(scores);
  CHECK(contains(scores.out, "\"bits_per_pixel\": 0.09375"));  // 4 * 6 / 256
  CHECK(contains(scores.out, "\"quantized_psnr\""));
  require_done(run_tuff({"reconstruct", run, images, "--out", (data / "back").string()}));
  require_done(run_tuff({"encode", run, images, "--out", (data / "code.npy").string()}));
  require_done(run_tuff({"decode", run, (data / "code.npy").string(), "--out", (data / "decoded").string()}));
  CHECK(read_image(data / "back" / "n0.png").values == read_image(data / "decoded" / "code_00000.png").values);
  require_done(
      run_tuff({"interpolate", run, images + "/n0.png", images + "/n1.png", "--out", (data / "row.png").string()}));
  require_done(run_tuff({"explain", run, "--receptive-field"}));
  for (const char* part : {"encoder", "decoder"})
    require_done(run_tuff({"convert", run, (data / (std::string(part) + ".onnx")).string(), "--part", part}));
  require_done(run_tuff({"convert", run, (data / "whole.onnx").string()}));
  check_refused(run_tuff({"generate", run, "--out", (data / "g.png").string()}), {"autoencoder", "vae"});
  check_refused(run_tuff({"encode", run, images, "--variance", "--out", (data / "v.npy").string()}), {"--variance"});
  check_refused(run_tuff({"predict", run, images, "--out", (data / "p").string()}), {"tuff reconstruct"});
  check_refused(train("d", {"--noisy-targets"}), {"--noisy-targets", "--noise"});
  check_refused(train("d", {"--noise", "much"}), {"much", "gaussian"});
  check_refused(train("d", {"--size", "17"}), {"--size 17", "use 32"});
}

TEST_CASE("autoencoder: takes noise off") {
  const fs::path data = bars("autoencoder_noise", 72);
  const std::string images = (data / "images").string(), run = (data / "run").string();
  require_done(run_tuff({"train", "autoencoder", "--images", images, "--out", run, "--base", "4", "--batch", "8",
                         "--lr", "3e-3", "--steps", "600", "--noise", "gaussian:0.3", "--val-fraction", "0.2"}));
  const std::string metrics = file_text(data / "run" / "metrics.csv");
  CHECK(number(metrics, 6, 3) > 11.5);  // the noise alone leaves 10.5 dB
}

TEST_CASE("autoencoder: a held-out test is scored once, by the best model, and evaluate finds the same images") {
  const fs::path data = bars("autoencoder_split");
  const std::string images = (data / "images").string(), run = (data / "run").string();
  require_done(run_tuff({"train", "autoencoder", "--images", images, "--out", run, "--base", "4", "--batch", "8",
                         "--steps", "60", "--test-fraction", "0.25", "--val-fraction", "0.25"}));
  const auto held_out = nlohmann::json::parse(file_text(data / "run" / "test.json"));
  CHECK(held_out["images"].size() == 6);
  const Finished scores = run_tuff({"evaluate", run, "--split", "test", "--json", "-"});
  require_done(scores);
  CHECK(nlohmann::json::parse(scores.out)["psnr"].get<double>() ==
        doctest::Approx(held_out["psnr"].get<double>()).epsilon(1e-6));
}

TEST_CASE("autoencoder: rate against quality") {
  const fs::path data = bars("autoencoder_rate");
  const std::string out = (data / "rate").string();
  const Words words = {"rate",
                       "--images",
                       (data / "images").string(),
                       "--out",
                       out,
                       "--latents",
                       "8,1",
                       "--base",
                       "4",
                       "--steps",
                       "200",
                       "--batch",
                       "8",
                       "--lr",
                       "3e-3",
                       "--val-fraction",
                       "0"};
  require_done(run_tuff(words));
  const std::string csv = file_text(data / "rate" / "rate.csv");
  CHECK(csv.starts_with("latent,bits_per_pixel,psnr,ssim,quantized_psnr,quantized_ssim\n1,"));
  CHECK(number(csv, 2, 0) == 8);
  CHECK(number(csv, 2, 1) == doctest::Approx(8 * 8 / 256.0));
  CHECK(number(csv, 2, 2) > number(csv, 1, 2) + 0.5);  // more numbers, better images
  CHECK(fs::exists(data / "rate" / "rate.png"));
  check_refused(run_tuff(words), {"--out", "--resume"});
  require_done(run_tuff(joined(words, {"--resume"})));
  CHECK(file_text(data / "rate" / "rate.csv") == csv);
  check_refused(run_tuff({"rate", "--images", "x", "--out", out + "2", "--latents", "4,4"}),
                {"--latents", "different"});
}

}  // namespace tuff::test
