// tuff rate: autoencoders of several sizes of their bottleneck, and what quality each rate gives.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/evaluate_autoencoder.h"
#include "apps/latent.h"
#include "apps/run_part.h"
#include "apps/train.h"
#include "base/error.h"
#include "base/os.h"
#include "io/contact_sheet.h"
#include "train/options.h"
#include "train/split_options.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct RateArguments {
  std::shared_ptr<GivenOptions> given = std::make_shared<GivenOptions>();
  std::string latents = "4,8,16,32";
  std::string out;
  std::int64_t bits = 8;
  bool resume = false;
};

struct RatePoint {
  std::int64_t latent = 0;
  RateAndQuality result;
};

std::vector<std::int64_t> sizes_of(const std::string& text) {
  std::vector<std::int64_t> sizes = number_list(text, "latents");
  const std::set<std::int64_t> different(sizes.begin(), sizes.end());
  if (sizes.empty() || different.size() != sizes.size() || *different.begin() < 1)
    throw Error(fmt::format("--latents \"{}\": must be different numbers from 1 on, such as 4,8,16", text));
  return {different.begin(), different.end()};
}

void check_out(const RateArguments& arguments) {
  const fs::path out = arguments.out;
  if (fs::exists(out) && !fs::is_directory(out))
    throw Error(fmt::format("--out {}: is a file; name a folder", arguments.out));
  if (!arguments.resume && fs::exists(out) && !fs::is_empty(out))
    throw Error(
        fmt::format("--out {}: exists already; add --resume to go on with it, or name another folder", arguments.out));
}

fs::path run_of(const RateArguments& arguments, std::int64_t latent) {
  return fs::path(arguments.out) / fmt::format("latent_{}", latent);
}

void train_one(const RateArguments& arguments, std::int64_t latent) {
  const fs::path run = run_of(arguments, latent);
  fmt::print(stderr, "tuff: {} numbers\n", latent);
  GivenOptions given = *arguments.given;
  given.insert(given.end(), {{"model", "autoencoder"}, {"latent", fmt::format("{}", latent)}, {"out", run.string()}});
  if (arguments.resume && fs::exists(run)) given.emplace_back("resume", "true");
  train_with(given);
}

// On the images that the run held back; where it held none back, on all.
RatePoint measured(const RateArguments& arguments, std::int64_t latent) {
  LatentArguments opened{.model = run_of(arguments, latent).string(), .device = {}, .memory = {}};
  for (const auto& [name, text] : *arguments.given) {
    if (name == "device") opened.device = text;
    if (name == "memory") opened.memory = text;
  }
  LatentSession session(opened);
  const TrainOptions options = run_options(opened.model);
  const LabelledImages set = open_autoencoder_images(options);
  const Split split = split_of(set, options);
  std::vector<std::int64_t> chosen(split.validation.begin(), split.validation.end());
  if (chosen.empty()) chosen = all_of(set.images.count());
  return {latent, rate_and_quality(session, set, chosen, arguments.bits, session.model().options.seed)};
}

void write_report(const RateArguments& arguments, const std::vector<RatePoint>& points) {
  std::string text = "latent,bits_per_pixel,psnr,ssim,quantized_psnr,quantized_ssim\n";
  Curve exact{"code as it is", {}, {}}, coarse{fmt::format("{} bits a number", arguments.bits), {}, {}};
  for (const auto& [latent, result] : points) {
    text += fmt::format("{},{:.6f},{:.4f},{:.6f},{:.4f},{:.6f}\n", latent, result.bits_per_pixel, result.exact.psnr,
                        result.exact.ssim, result.coarse.psnr, result.coarse.ssim);
    for (Curve* curve : {&exact, &coarse}) curve->x.push_back(result.bits_per_pixel);
    exact.y.push_back(result.exact.psnr);
    coarse.y.push_back(result.coarse.psnr);
  }
  os::write_file(fs::path(arguments.out) / "rate.csv", text);
  write_image(fs::path(arguments.out) / "rate.png",
              plot_curves("PSNR (dB) against rate", "bits per pixel", {exact, coarse}).image());
}

void run_rate(const RateArguments& arguments) {
  const std::vector<std::int64_t> latents = sizes_of(arguments.latents);
  if (std::ranges::none_of(*arguments.given, [](const auto& option) { return option.first == "images"; }))
    throw Error("--images is missing (see `tuff rate --help`)");
  check_out(arguments);
  for (const std::int64_t latent : latents) {
    train_one(arguments, latent);
    if (os::interrupted()) return;
  }
  std::vector<RatePoint> points;
  for (const std::int64_t latent : latents) points.push_back(measured(arguments, latent));
  write_report(arguments, points);
  fmt::print("numbers  bits per pixel     PSNR    SSIM\n");
  for (const auto& [latent, result] : points)
    fmt::print("{:>7}  {:>14.4f}  {:>7.2f}  {:.4f}\n", latent, result.bits_per_pixel, result.coarse.psnr,
               result.coarse.ssim);
}

}  // namespace

void add_rate_command(CLI::App& tuff) {
  CLI::App* command =
      tuff.add_subcommand("rate", "Train autoencoders of several sizes of their code: rate against quality");
  const auto arguments = std::make_shared<RateArguments>();
  command->add_option("--latents", arguments->latents, "numbers that stand for an image, of each network [4,8,16,32]")
      ->type_name("LIST");
  command->add_option("--bits", arguments->bits, "that each number takes, for the rate [8]")
      ->check(CLI::Range(1, 16))
      ->type_name("N");
  command->add_option("--out", arguments->out, "folder for rate.csv, rate.png and the runs latent_4, latent_8 ...")
      ->required()
      ->type_name("DIR");
  command->add_flag("--resume", arguments->resume, "go on with the runs that are there");
  add_train_options(*command, "autoencoder", arguments->given,
                    {"latent", "out", "resume", "config", "dump", "folds", "fold", "find-lr"});
  command->callback([arguments] { run_rate(*arguments); });
}

}  // namespace tuff
