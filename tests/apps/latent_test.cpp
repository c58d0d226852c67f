// Variational autoencoders of colour images, with and without classes, through every command that uses them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "base/philox.h"
#include "io/image.h"
#include "io/npy.h"
#include "support/child.h"
#include "support/files.h"
#include "train/checkpoint.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

constexpr int kSide = 8, kEach = 12;

// images/red and images/blue: squares of that colour anywhere on black.
fs::path squares(const std::string& name) {
  const fs::path folder = scratch_folder(name);
  PhiloxStream random(2);
  for (const char* colour : {"red", "blue"}) {
    fs::create_directories(folder / "images" / colour);
    for (int i = 0; i < kEach; ++i) {
      Image image(3, kSide, kSide);
      const auto left = static_cast<int>(random.below(5)), top = static_cast<int>(random.below(5));
      for (int y = top; y < top + 4; ++y)
        for (int x = left; x < left + 4; ++x)
          image.channel(colour[0] == 'r' ? 0 : 2)[static_cast<std::size_t>(y * kSide + x)] = 250;
      write_image(folder / "images" / colour / (std::string(colour) + std::to_string(10 + i) + ".png"), image);
    }
  }
  return folder;
}

Finished tuff_done(const Arguments& arguments) {
  const Finished finished = run_tuff(arguments);
  CAPTURE(finished.err);
  REQUIRE(finished.code == 0);
  return finished;
}

Arguments training(const fs::path& images, const fs::path& run, const Arguments& more) {
  Arguments all = {"train", "vae",      "--images", images.string(), "--out", run.string(),     "--base",
                   "4",     "--latent", "3",        "--batch",       "6",     "--val-fraction", "0.2"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Image `index` of a row of them in one picture.
std::vector<float> tile(const Image& picture, int row, int column) {
  std::vector<float> values;
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < kSide; ++y)
      for (int x = 0; x < kSide; ++x)
        values.push_back(picture.channel(
            c)[static_cast<std::size_t>((row * (kSide + 2) + y) * picture.width + column * (kSide + 2) + x)]);
  return values;
}

// Mean of a channel less that of another.
double redness(const std::vector<float>& values) {
  double sum = 0;
  for (std::size_t i = 0; i < kSide * kSide; ++i)
    sum += static_cast<double>(values[i]) - static_cast<double>(values[2 * kSide * kSide + i]);
  return sum / (kSide * kSide);
}

}  // namespace

TEST_CASE("vae: encode, decode, interpolate, edit, traverse and evaluate, on colour images") {
  const fs::path data = squares("latent_plain"), red = data / "images" / "red", blue = data / "images" / "blue";
  const std::string run = (data / "run").string();
  tuff_done(training(red, run, {"--steps", "40", "--lr", "1e-2"}));
  const std::string back = (data / "back").string(), npy = (data / "red.npy").string();
  tuff_done({"reconstruct", run, red.string(), "--out", back});

  // Through .npy and back.
  tuff_done({"encode", run, red.string(), "--out", npy, "--variance", "--names", (data / "names.txt").string()});
  CHECK(read_npy(npy).shape == Shape{kEach, 3});
  CHECK(read_npy(data / "red_log_variance.npy").shape == Shape{kEach, 3});
  CHECK(file_text(data / "names.txt").starts_with("red10\nred11\n"));
  tuff_done({"decode", run, npy, "--out", (data / "decoded").string()});
  for (const int i : {0, 7, 11})
    CHECK(file_text(data / "decoded" / ("red_000" + std::string(i < 10 ? "0" : "") + std::to_string(i) + ".png")) ==
          file_text(data / "back" / ("red" + std::to_string(10 + i) + ".png")));
  tuff_done({"decode", run, npy, "--out", (data / "all.png").string()});
  CHECK(tile(read_image(data / "all.png"), 0, 3) == read_image(data / "back" / "red13.png").values);

  // Ends are reconstructions, the middle isn't one of them.
  for (const bool spherical : {false, true}) {
    Arguments arguments = {"interpolate",
                           run,
                           (red / "red10.png").string(),
                           (red / "red11.png").string(),
                           "--out",
                           (data / "row.png").string(),
                           "-n",
                           "5"};
    if (spherical) arguments.emplace_back("--spherical");
    tuff_done(arguments);
    const Image row = read_image(data / "row.png");
    CHECK(row.width == 5 * kSide + 4 * 2);
    CHECK(tile(row, 0, 0) == read_image(data / "back" / "red10.png").values);
    CHECK(tile(row, 0, 4) == read_image(data / "back" / "red11.png").values);
    CHECK(tile(row, 0, 2) != tile(row, 0, 0));
  }

  // Arithmetic: nothing added is a reconstruction; the mean of what an image is less itself leads to that.
  const auto edited = [&](const std::string& strength) {
    tuff_done({"edit", run, (red / "red10.png").string(), "--add-mean-of", (red / "red11.png").string(),
               "--minus-mean-of", (red / "red10.png").string(), "--strength", strength, "--out",
               (data / "edited").string()});
    return read_image(data / "edited" / "red10.png").values;
  };
  CHECK(edited("0") == read_image(data / "back" / "red10.png").values);
  const std::vector<float> there = edited("1"), wanted = read_image(data / "back" / "red11.png").values;
  double away = 0;
  for (std::size_t i = 0; i < there.size(); ++i)
    away = std::max(away, std::abs(static_cast<double>(there[i]) - static_cast<double>(wanted[i])));
  CHECK(away <= 1);  // the sum of the codes is rounded once

  tuff_done({"traverse", run, "--out", (data / "all_numbers.png").string()});
  CHECK(read_image(data / "all_numbers.png").height == 3 * kSide + 2 * 2);
  tuff_done({"traverse", run, "--dimension", "1", "--image", (red / "red10.png").string(), "-n", "3", "--out",
             (data / "number.png").string()});
  const Image number = read_image(data / "number.png");
  CHECK(number.width == 3 * kSide + 2 * 2);
  CHECK(tile(number, 0, 0) != tile(number, 0, 2));

  const Arguments evaluate = {"evaluate", run, "--images", red.string()};
  const Finished table = tuff_done(evaluate);
  for (const char* part : {"ELBO", "12 images", "of 3 numbers active", "prior"}) CHECK(contains(table.out, part));
  Arguments as_json = evaluate;
  as_json.insert(as_json.end(), {"--json", "-"});
  const std::string text = tuff_done(as_json).out;
  CHECK(text == tuff_done(as_json).out);
  const auto json = nlohmann::json::parse(text);
  const double reconstruction = json["reconstruction"], kl = json["kl"], elbo = json["elbo"];
  CHECK(elbo == doctest::Approx(-reconstruction - kl));
  double sum = 0;
  for (const auto& dimension : json["dimensions"]) sum += dimension["kl"].get<double>();
  CHECK(sum == doctest::Approx(kl).epsilon(1e-4));

  const std::string out = (data / "x.png").string(), image = (red / "red10.png").string();
  check_refused(run_tuff({"encode", run, red.string(), "--out", out}), {"x.png", ".npy"});
  write_npy(data / "wide.npy", HostTensor(Shape{2, 4}));
  check_refused(run_tuff({"decode", run, (data / "wide.npy").string(), "--out", out}), {"wide.npy", "2x4", "Nx3"});
  check_refused(run_tuff({"decode", run, npy, "--class", "red", "--out", out}), {"--class", "knows no classes"});
  check_refused(run_tuff({"interpolate", run, red.string(), image, "--out", out}), {"holds 12 images"});
  check_refused(run_tuff({"edit", run, image, "--out", back}), {"--add-mean-of"});
  check_refused(run_tuff({"edit", run, image, "--add-mean-of", image, "--out", red.string()}), {"replace"});
  check_refused(run_tuff({"traverse", run, "--dimension", "3", "--out", out}), {"--dimension 3", "0 to 2"});
  check_refused(run_tuff({"evaluate", run, "--images", red.string(), "--masks", red.string()}), {"--masks", "a vae"});
  check_refused(run_tuff({"generate", run, "--class", "red", "--out", out}), {"knows no classes"});
}

TEST_CASE("vae: a residual net trained with labels draws the class that is asked for") {
  const fs::path data = squares("latent_classes");
  const std::string images = (data / "images").string(), run = (data / "run").string();
  const Arguments options = {"--labels",    "folders", "--block", "residual", "--norm", "group",
                             "--kl-warmup", "20",      "--steps", "120",      "--lr",   "1e-2"};
  tuff_done(training(images, run, options));
  tuff_done(training(images, data / "twin", options));
  CHECK(file_text(data / "run" / "last.safetensors") == file_text(data / "twin" / "last.safetensors"));
  CHECK(load_model(data / "run").format.class_names == Arguments{"blue", "red"});

  const std::string rows = (data / "rows.png").string(), reds = (data / "reds.png").string();
  tuff_done({"generate", run, "--out", rows, "-n", "4"});
  tuff_done({"generate", run, "--out", reds, "-n", "4", "--class", "red"});
  const Image both = read_image(rows);
  CHECK(both.height == 2 * kSide + 2);
  CHECK(both.width == 4 * kSide + 3 * 2);
  CHECK(tile(both, 1, 0) == tile(read_image(reds), 0, 0));  // the same codes in every row
  double blue = 0, red = 0;
  for (int i = 0; i < 4; ++i) {
    blue += redness(tile(both, 0, i)) / 4;
    red += redness(tile(both, 1, i)) / 4;
  }
  MESSAGE("red less blue: of class blue " << blue << ", of class red " << red);
  CHECK(blue < 0);
  CHECK(red > 0);

  // Folders and --class say the same of images of one class.
  const std::string reds_folder = (data / "images" / "red").string();
  tuff_done({"reconstruct", run, images, "--labels", "folders", "--out", (data / "all").string()});
  tuff_done({"reconstruct", run, reds_folder, "--class", "red", "--out", (data / "red").string()});
  CHECK(file_text(data / "all" / "red10.png") == file_text(data / "red" / "red10.png"));
  tuff_done({"reconstruct", run, reds_folder, "--class", "blue", "--out", (data / "as_blue").string()});
  CHECK(file_text(data / "as_blue" / "red10.png") != file_text(data / "red" / "red10.png"));
  CHECK(contains(tuff_done({"evaluate", run, "--images", images, "--labels", "folders"}).out, "24 images"));
  tuff_done({"traverse", run, "--class", "red", "--out", (data / "traverse.png").string()});

  check_refused(run_tuff({"reconstruct", run, reds_folder, "--out", (data / "r").string()}),
                {"--class or --labels", "blue, red"});
  check_refused(run_tuff({"traverse", run, "--out", rows}), {"with --class of which", "blue, red"});
  check_refused(run_tuff({"generate", run, "--class", "green", "--out", rows}), {"\"green\"", "blue, red"});
  check_refused(run_tuff(training(images, data / "n", {"--labels", "folders", "--classes", "3"})),
                {"--classes 3", "has 2: blue, red"});
  check_refused(run_tuff(training(reds_folder, data / "n", {"--classes", "2"})), {"--classes 2", "--labels"});
  check_refused(run_tuff(training(reds_folder, data / "n", {"--norm", "group"})), {"--norm group", "--block residual"});
  os::write_file(data / "labels.csv", std::string_view("red10,a\n"));
  check_refused(run_tuff(training(reds_folder, data / "n", {"--labels", (data / "labels.csv").string()})),
                {"labels.csv", "no line for the image red11"});
  CHECK_FALSE(fs::exists(data / "n"));
}

TEST_CASE("vae: batch norm in f16 with free bits; runs on as an ONNX model with a class") {
  const fs::path data = squares("latent_half");
  const std::string images = (data / "images").string(), run = (data / "run").string();
  tuff_done(training(images, run,
                     {"--labels", "folders", "--block", "residual", "--norm", "batch", "--free-bits", "0.1", "--dtype",
                      "f16", "--steps", "8"}));
  tuff_done({"generate", run, "--out", (data / "g.png").string()});
  const std::string onnx = (data / "net.onnx").string();
  tuff_done({"convert", run, onnx});
  HostTensor image(Shape{1, 3, kSide, kSide}), label(Shape{1, 2, 1, 1});
  std::ranges::fill(image.floats(), 0.5f);
  label.floats()[1] = 1;
  write_npy(data / "images.npy", image);
  write_npy(data / "classes.npy", label);
  for (const std::string& model : {run, onnx}) {
    const std::string folder = (data / (model == run ? "own" : "theirs")).string();
    tuff_done({"run", model, "--input", "images=" + (data / "images.npy").string(), "--input",
               "classes=" + (data / "classes.npy").string(), "--output-dir", folder});
  }
  const HostTensor own = read_npy(data / "own" / "reconstruction.npy"),
                   theirs = read_npy(data / "theirs" / "reconstruction.npy");
  REQUIRE(own.shape == Shape{1, 3, kSide, kSide});
  for (std::size_t i = 0; i < own.floats().size(); ++i)
    CHECK(own.floats()[i] == doctest::Approx(theirs.floats()[i]).epsilon(1e-4));
  check_refused(run_tuff({"run", run, "--input", "images=" + (data / "images.npy").string(), "--output-dir",
                          (data / "x").string()}),
                {"\"images\" and \"classes\"", "(N, 2, 1, 1)"});
}

}  // namespace tuff::test
